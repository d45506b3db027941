"""RFC 3339 times to aware datetimes and back, and the times at which Kafka took records."""

import re
from datetime import UTC, datetime, timedelta

from contracts.events import Limits
from contracts.reasons import Reason, Refused

APPEND_MS_MAX = (2**31 - 1) * 60_000
"""The minute is in the year 6053, the last that 32 bits hold."""

TIME_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = _EPOCH + timedelta(milliseconds=APPEND_MS_MAX)
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.]([0-9]+))?"
    r"(?P<zone>[Zz]|(?P<sign>[+-])(?P<hours>[0-9]{2}):(?P<minutes>[0-9]{2}))?"
)


def parse_time(text: str) -> datetime:
    """The time in UTC, cut (not rounded) to microseconds; refuses what is not RFC 3339 with a zone."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise Refused(Reason.BAD_TIMESTAMP, "`timestamp` must be RFC 3339, as 2026-01-02T03:04:05.678Z")
    if match["zone"] is None:
        raise Refused(Reason.NAIVE_TIMESTAMP, "`timestamp` has no zone: add Z or an offset as +02:00")
    try:
        return _local_time(match) - _offset(match)
    except ValueError as error:
        raise Refused(Reason.BAD_TIMESTAMP, f"`timestamp` names no real time: {error}") from None
    except OverflowError:
        raise Refused(Reason.BAD_TIMESTAMP, "`timestamp` must be in the years 1 to 9999, also in UTC") from None


def append_ms(written: int) -> int:
    """When the broker took a record, in milliseconds since 1970, by what is written in it.

    On a topic with `CreateTime` its publisher writes that, any 64 bits: what is before 1970 or after 6053 becomes the
    first or last of it, which `check_append_time` refuses. What has more bits is cut to 64, as most clients do.
    """
    return min(max((written + 2**63) % 2**64 - 2**63, 0), APPEND_MS_MAX)


def append_time(written: int) -> datetime:
    """The same as a time."""
    return _EPOCH + timedelta(milliseconds=append_ms(written))


def check_append_time(time: datetime) -> None:
    """Refuse to judge an event by a time that Kafka does not really have."""
    if not _EPOCH < time < _LAST:
        raise Refused(
            Reason.BAD_TIMESTAMP,
            "the record's own time in Kafka is none: set message.timestamp.type=LogAppendTime for the topic",
        )


def check_time(time: datetime, append_time: datetime, limits: Limits) -> None:
    """Refuse a time too far from when the broker took the record."""
    if append_time - time > timedelta(days=limits.max_age_days):
        raise Refused(Reason.TOO_OLD, f"`timestamp` is more than {limits.max_age_days} days before the record arrived")
    if time - append_time > timedelta(seconds=limits.max_ahead_s):
        raise Refused(
            Reason.IN_THE_FUTURE,
            f"`timestamp` is more than {limits.max_ahead_s} s after the record arrived: check the clock",
        )


def check_kept(time: datetime, limits: Limits) -> None:
    """Refuse a time from which raw data is not kept any more."""
    if limits.kept_from is not None and time < limits.kept_from:
        raise Refused(
            Reason.TOO_LATE,
            f"its time is before {limits.kept_from:%Y-%m-%d}, from when on raw data is kept to compare it with",
        )


def format_time(time: datetime) -> str:
    """RFC 3339 with six decimals and Z; raises ValueError for a time without a zone."""
    if time.tzinfo is None:
        raise ValueError("a time without a zone cannot be published: give it one")
    return time.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def _local_time(match: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = map(int, match.group(1, 2, 3, 4, 5, 6))
    microsecond = int((match[7] or "")[:6].ljust(6, "0"))
    return datetime(year, month, day, hour, minute, second, microsecond, UTC)


def _offset(match: re.Match[str]) -> timedelta:
    if match["sign"] is None:
        return timedelta()
    hours, minutes = int(match["hours"]), int(match["minutes"])
    if hours > 23 or minutes > 59:
        raise ValueError("the offset must be from -23:59 to +23:59")
    return timedelta(hours=hours, minutes=minutes) * (-1 if match["sign"] == "-" else 1)
