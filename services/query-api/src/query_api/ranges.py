"""Times as callers write them, turned into instants and half-open ranges. Pure: the clock is an argument."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from query_api.errors import BadParameter

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
RFC_3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,6})\d{0,20})?([Zz]|[+ -]\d{2}:\d{2})", re.ASCII
)
EPOCH = re.compile(r"-?\d{1,14}(\.\d{1,9})?", re.ASCII)
RELATIVE = re.compile(r"now(?:([+ -])(\d{1,10})([smhdw]))?", re.ASCII)
UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
MILLISECONDS_FROM = 100_000_000_000  # as seconds this is the year 5138, as milliseconds 1973

FORMS = "write RFC 3339 (2026-01-02T03:04:05Z), a date, epoch seconds or milliseconds, or now-1h"
BOUNDS = "must lie between the years 1900 and 2199"


@dataclass(frozen=True, slots=True)
class Range:
    """Half-open: start <= t < end. None: as far as anything is kept."""

    start: datetime | None
    end: datetime | None


EVERYTHING = Range(None, None)


def parse_instant(parameter: str, text: str, now: datetime) -> datetime:
    """The instant that `text` names, in UTC, cut to microseconds; a date is midnight UTC.

    Raises BadParameter for anything else and for times outside EARLIEST and LATEST.
    """
    try:
        instant = _date(text) or _rfc_3339(text) or _epoch(text) or _relative(text, now)
    except (ValueError, OverflowError):
        raise BadParameter(parameter, f"is no such time; {FORMS}, which {BOUNDS}") from None
    if instant is None:
        raise BadParameter(parameter, f"is not a time; {FORMS}")
    if not EARLIEST <= instant <= LATEST:
        raise BadParameter(parameter, BOUNDS)
    return instant


def _date(text: str) -> datetime | None:
    if not DATE.fullmatch(text):
        return None
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _rfc_3339(text: str) -> datetime | None:
    match = RFC_3339.fullmatch(text)
    if match is None:
        return None
    day, time, fraction, offset = match.groups()
    offset = offset.replace(" ", "+").upper()  # a plus that was not escaped in a URL arrives as a space
    return datetime.fromisoformat(f"{day}T{time}.{(fraction or '0').ljust(6, '0')}{offset}").astimezone(UTC)


def _epoch(text: str) -> datetime | None:
    match = EPOCH.fullmatch(text)
    if match is None:
        return None
    whole, _, fraction = text.partition(".")
    milliseconds = abs(int(whole)) >= MILLISECONDS_FROM
    microseconds = int(whole) * 1_000_000 + int(f"{fraction:0<6.6}") * (-1 if text.startswith("-") else 1)
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds // (1000 if milliseconds else 1))


def _relative(text: str, now: datetime) -> datetime | None:
    match = RELATIVE.fullmatch(text)
    if match is None:
        return None
    sign, number, unit = match.groups()
    seconds = int(number or 0) * UNIT_SECONDS[unit or "s"]
    return now + timedelta(seconds=-seconds if sign == "-" else seconds)


def parse_range(start: str | None, end: str | None, since: str | None, until: str | None, now: datetime) -> Range:
    """The range of `start` and `end`, or of their other names `from` and `to`. Raises BadParameter."""
    for one, other, names in ((start, since, ("start", "from")), (end, until, ("end", "to"))):
        if one is not None and other is not None:
            raise BadParameter(names[1], f"says the same as {names[0]}: give one of them")
    first, last = (
        ("start", start) if since is None else ("from", since),
        ("end", end) if until is None else ("to", until),
    )
    instants = [None if text is None else parse_instant(name, text, now) for name, text in (first, last)]
    if instants[0] is not None and instants[1] is not None and instants[0] > instants[1]:
        raise BadParameter(first[0], f"must not be later than {last[0]}")
    return Range(instants[0], instants[1])


def parse_dates(start_date: str, end_date: str) -> tuple[date, date]:
    """Two ISO dates in order, both included. Raises BadParameter."""
    first, last = (_calendar_date(name, text) for name, text in (("start_date", start_date), ("end_date", end_date)))
    if first > last:
        raise BadParameter("start_date", "must not be later than end_date")
    return first, last


def _calendar_date(parameter: str, text: str) -> date:
    try:
        found = _date(text)
    except ValueError:
        found = None
    if found is None:
        raise BadParameter(parameter, "is not a date; write YYYY-MM-DD")
    if not EARLIEST < found < LATEST - timedelta(days=2):
        raise BadParameter(parameter, BOUNDS)
    return found.date()


def kept(asked: Range, first: datetime | None, last: datetime | None) -> Range:
    """`asked` with open ends closed at what is kept: the minute of `first`, and the end of the minute of `last`.

    With nothing kept an open end stays open; never backwards.
    """
    start = asked.start if asked.start is not None else first and first.replace(second=0, microsecond=0)
    end = asked.end if asked.end is not None else last and last.replace(second=0, microsecond=0) + MINUTE
    if start is not None and end is not None and start > end:
        start, end = (end, end) if asked.start is None else (start, start)
    return Range(start, end)


def whole_minutes(exact: Range) -> Range:
    """The windows that start inside `exact`: both ends moved up to a whole minute, so that neighbours never overlap."""
    return Range(_minute_up(exact.start), _minute_up(exact.end))


def _minute_up(instant: datetime | None) -> datetime | None:
    if instant is None:
        return None
    floor = instant.replace(second=0, microsecond=0)
    return floor if floor == instant else floor + MINUTE


def written(instant: datetime) -> str:
    """RFC 3339 in UTC with Z, as everywhere in an answer."""
    return instant.isoformat().replace("+00:00", "Z")
