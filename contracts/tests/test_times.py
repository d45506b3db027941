"""Times in every form RFC 3339 knows, cut to microseconds, and their limits."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from contracts.events import Limits
from contracts.reasons import Reason, Refused
from contracts.times import check_time, format_time, parse_time

ARRIVED = datetime(2026, 1, 2, 3, 4, 6, 789000, UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, 0, UTC)),
        ("2026-01-02t03:04:05z", datetime(2026, 1, 2, 3, 4, 5, 0, UTC)),
        ("2026-01-02T03:04:05.1Z", datetime(2026, 1, 2, 3, 4, 5, 100000, UTC)),
        ("2026-01-02T03:04:05.000001Z", datetime(2026, 1, 2, 3, 4, 5, 1, UTC)),
        ("2026-01-02T03:04:05.9999999Z", datetime(2026, 1, 2, 3, 4, 5, 999999, UTC)),
        ("2026-01-02T03:04:05-00:00", datetime(2026, 1, 2, 3, 4, 5, 0, UTC)),
        ("2026-01-02T03:04:05+05:45", datetime(2026, 1, 1, 21, 19, 5, 0, UTC)),
        ("2026-01-02T03:04:05-08:00", datetime(2026, 1, 2, 11, 4, 5, 0, UTC)),
        ("2026-01-01T00:00:00+23:59", datetime(2025, 12, 31, 0, 1, 0, 0, UTC)),
        ("2024-02-29T12:00:00Z", datetime(2024, 2, 29, 12, 0, 0, 0, UTC)),
        ("9999-12-31T23:59:59.999999Z", datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, 0, 0, 0, 0, UTC)),
    ],
)
def test_a_time_is_read_in_utc_and_cut_not_rounded(text: str, time: datetime) -> None:
    assert parse_time(text) == time
    assert parse_time(text).tzinfo is UTC


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+00:01"])
def test_a_time_outside_the_calendar_in_utc_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_time(text)
    assert refused.value.reason == Reason.BAD_TIMESTAMP


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        (ARRIVED - timedelta(days=10), None),
        (ARRIVED - timedelta(days=10, microseconds=1), Reason.TOO_OLD),
        (ARRIVED + timedelta(seconds=60), None),
        (ARRIVED + timedelta(seconds=60, microseconds=1), Reason.IN_THE_FUTURE),
        (datetime(1, 1, 1, tzinfo=UTC), Reason.TOO_OLD),
        (datetime(9999, 12, 31, 23, 59, 59, 999999, UTC), Reason.IN_THE_FUTURE),
    ],
)
def test_the_limits_are_arguments_and_hold_to_the_microsecond(time: datetime, reason: Reason | None) -> None:
    limits = Limits(max_age_days=10, max_ahead_s=60)
    if reason is None:
        check_time(time, ARRIVED, limits)
        return
    with pytest.raises(Refused) as refused:
        check_time(time, ARRIVED, limits)
    assert refused.value.reason == reason


def test_a_time_is_written_with_six_decimals_and_z() -> None:
    assert format_time(datetime(2026, 1, 2, 3, 4, 5, 0, UTC)) == "2026-01-02T03:04:05.000000Z"
    assert format_time(datetime(26, 1, 2, 3, 4, 5, 7, UTC)) == "0026-01-02T03:04:05.000007Z"
    east = timezone(timedelta(hours=2))
    assert format_time(datetime(2026, 1, 2, 1, 4, 5, 0, east)) == "2026-01-01T23:04:05.000000Z"


def test_a_time_without_zone_is_not_written() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        format_time(datetime(2026, 1, 2, 3, 4, 5))  # noqa: DTZ001 - the naive time is the point
