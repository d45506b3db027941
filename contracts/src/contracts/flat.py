"""A row's data walked through once: its numbers in order, its shape, and how many texts are in it. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

INT64 = range(-(2**63), 2**63)

Shape = tuple[object, ...]
"""Equal for two rows exactly when they have the same keys in the same order, with numbers at the same places."""


class Flat(NamedTuple):
    """What one walk tells of a row's data."""

    shape: Shape
    numbers: list[float | None]
    """Numbers, true and false, and nulls, in the order of the row; none of those in lists."""
    texts: int
    """How many keys and texts there are, those in lists included."""


class _Odd(Exception):  # noqa: N818 - ends a walk
    """Too deep, or an integer beyond 64 bits."""


def flatten(data: Mapping[str, Any], max_depth: int) -> Flat | None:
    """The data laid flat; None where it is nested too deep or holds an integer beyond 64 bits."""
    marks: list[object] = []
    numbers: list[float | None] = []
    try:
        texts = _walk(data, max_depth, marks, numbers)
    except _Odd:
        return None
    return Flat(tuple(marks), numbers, texts)


def _walk(data: Mapping[str, Any], levels: int, marks: list[object], numbers: list[float | None]) -> int:
    """How many texts are inside. The shape's marks: the keys, then for each part that is no number how many numbers
    came before it, and for an object its own marks."""
    marks.append(tuple(data))
    texts = len(data)
    for value in data.values():
        kind = type(value)
        if kind is float or kind is bool or value is None:
            numbers.append(value)
        elif kind is dict:
            if levels <= 1:
                raise _Odd
            marks.append(len(numbers))
            texts += _walk(value, levels - 1, marks, numbers)
        elif kind is int:
            if value not in INT64:
                raise _Odd
            numbers.append(value)
        else:
            marks.append(len(numbers))
            texts += 1 if kind is str else _texts_in(value, levels - 1)
    return texts


def _texts_in(values: list[Any], levels: int) -> int:
    """How many keys and texts are in a list."""
    if levels < 1:
        raise _Odd
    texts = 0
    for value in values:
        kind = type(value)
        if kind is str:
            texts += 1
        elif kind is list:
            texts += _texts_in(value, levels - 1)
        elif kind is dict:
            texts += len(value) + _texts_in(list(value.values()), levels - 1)
        elif kind is int and value not in INT64:
            raise _Odd
    return texts


def number_names(data: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The dotted names of the numbers that `flatten` finds, in its order."""
    for key, value in data.items():
        if isinstance(value, dict):
            yield from number_names(value, f"{prefix}{key}.")
        elif value is None or isinstance(value, (float, int)):
            yield prefix + key
