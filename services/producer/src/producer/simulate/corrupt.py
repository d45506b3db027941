"""Events spoiled on purpose, each way once refused by the processor with a reason code of its own."""

import re
from collections.abc import Callable

Way = Callable[[bytes], bytes]

WAYS: tuple[Way, ...] = (
    lambda value: value[: len(value) // 2],
    lambda _: b"",
    lambda value: re.sub(rb'"id":"[^"]*"', b'"id":"broken"', value),
    lambda value: re.sub(rb'"timestamp":"[^"]*"', b'"timestamp":"yesterday"', value),
    lambda value: b"[" + value + b"]",
)
"""Cut off, empty, no id, no time, a list for an object."""
WAYS_OF_READINGS: tuple[Way, ...] = (
    *WAYS,
    lambda value: re.sub(rb'"value":[^,}]+', b'"value":"broken"', value),
    lambda value: re.sub(rb'"value":[^,}]+', b'"value":1e999', value),
    lambda value: value.replace(b'"category":"', b'"category":"\xff', 1),
)
"""And: text for a number, an infinite number, no UTF-8."""


def corrupt(value: bytes, choice: float) -> bytes:
    """The event spoiled in the way that a number in [0, 1) chooses."""
    ways = WAYS_OF_READINGS if b'"value":' in value else WAYS
    return ways[int(choice * len(ways))](value)
