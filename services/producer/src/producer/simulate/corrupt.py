"""Readings spoiled on purpose, each way once refused by the processor with a reason code of its own."""

import re
from collections.abc import Callable

WAYS: tuple[Callable[[bytes], bytes], ...] = (
    lambda value: value[: len(value) // 2],
    lambda _: b"",
    lambda value: re.sub(rb'"value":[^,}]+', b'"value":"broken"', value),
    lambda value: re.sub(rb'"value":[^,}]+', b'"value":1e999', value),
    lambda value: re.sub(rb'"id":"[^"]*"', b'"id":"broken"', value),
    lambda value: re.sub(rb'"timestamp":"[^"]*"', b'"timestamp":"yesterday"', value),
    lambda value: value.replace(b'"category":"', b'"category":"\xff', 1),
    lambda value: b"[" + value + b"]",
)
"""Cut off, empty, text for a number, an infinite number, no id, no time, no UTF-8, a list for an object."""


def corrupt(value: bytes, choice: float) -> bytes:
    """The value spoiled in the way that a number in [0, 1) chooses."""
    return WAYS[int(choice * len(WAYS))](value)
