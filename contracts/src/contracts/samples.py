"""The numbers that a dataset row contributes to series."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from contracts.checks import valid_category, valid_value
from contracts.events import Row

SAMPLES_MAX = 512
"""Most samples of one row."""


class Samples(NamedTuple):
    """(category, value) in the order of the row, and how many fields could not be a sample."""

    values: list[tuple[str, float]]
    skipped: int


def samples(row: Row) -> Samples:
    """Every number, and true and false as 1 and 0, under its name; nested names joined with dots.

    Skipped and counted: text, lists, |value| > 1e15, names that are no category, a name that was there already, and all
    beyond the 512th. A null is a field without a value: neither sample nor skipped.
    """
    found: dict[str, float] = {}
    skipped = 0
    for name, value in _fields(row.data, ""):
        if value is None:
            continue
        if not _is_sample(name, value) or name in found or len(found) == SAMPLES_MAX:
            skipped += 1
        else:
            found[name] = float(value)
    return Samples(list(found.items()), skipped)


def _fields(data: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _fields(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _is_sample(name: str, value: object) -> bool:
    return isinstance(value, int | float) and valid_value(value) and valid_category(name)
