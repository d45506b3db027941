"""When a row happened, told by one of its own fields. Pure."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.samples import value_at
from producer.datasets.errors import Rejected

FIELDS = ("timestamp", "time", "ts", "date", "datetime", "created_at")
"""Looked for in this order, in the row itself and then in the objects directly inside it."""
MILLISECONDS_FROM = 1e11
"""A number from here on counts milliseconds: as seconds it would lie beyond the year 5000, as milliseconds in 1973."""
_DOTTED = re.compile(r"^(\d\d)\.(\d\d)\.(\d{4})(?=$|[T ])")
"""Day, month, year: with dots nobody writes them in another order."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def event_time(data: Mapping[str, Any], field: str | None) -> datetime:
    """The time that the field holds, else the first of FIELDS that can be read as one, in UTC and microseconds.

    Epoch seconds or milliseconds, ISO 8601, or its date written 31.12.2025; without a zone it is UTC. Raises
    Rejected: `no_time`, `bad_time`.
    """
    if field is not None:
        value = value_at(data, field)
        if value is None:
            raise Rejected("no_time", "the row does not have the field that timestamp_field names")
        time = _time(value)
        if time is None:
            raise _unreadable()
        return time
    found = False
    for value in _candidates(data):
        found = True
        time = _time(value)
        if time is not None:
            return time
    if found:
        raise _unreadable()
    raise Rejected("no_time", f"the row has none of the fields {', '.join(FIELDS)}: name another by timestamp_field")


def _candidates(data: Mapping[str, Any]) -> Iterator[Any]:
    inner = (value for value in data.values() if isinstance(value, dict))
    for part in (data, *inner):
        for name in FIELDS:
            if part.get(name) is not None:
                yield part[name]


def _time(value: Any) -> datetime | None:
    if isinstance(value, str):
        return _from_text(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    seconds = value / 1000 if abs(value) >= MILLISECONDS_FROM else value
    try:
        return _EPOCH + timedelta(microseconds=round(seconds * 1_000_000))
    except (OverflowError, ValueError):
        return None


def _from_text(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(_DOTTED.sub(r"\3-\2-\1", text))
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _unreadable() -> Rejected:
    return Rejected(
        "bad_time", "the time of the row is neither epoch seconds or milliseconds nor ISO 8601 (2025-12-31T23:59:58)"
    )
