"""The numbers that a dataset row contributes to series."""

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
    skipped = _collect(row.data, "", found)
    return Samples(list(found.items()), skipped)


def _collect(data: dict[str, Any], prefix: str, found: dict[str, float]) -> int:
    """Add the samples of one object to `found`; the number of fields that are none."""
    skipped = 0
    for key, value in data.items():
        if isinstance(value, dict):
            skipped += _collect(value, f"{prefix}{key}.", found)
        elif value is not None:
            name = prefix + key
            if len(found) < SAMPLES_MAX and name not in found and _is_sample(name, value):
                found[name] = float(value)
            else:
                skipped += 1
    return skipped


def _is_sample(name: str, value: object) -> bool:
    return isinstance(value, int | float) and valid_value(value) and valid_category(name)
