"""The last whole minute, from the clock that is given."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query_api.streams import last_minute


@pytest.mark.parametrize(
    ("now", "start"),
    [
        (datetime(2026, 1, 2, 10, 11, 10, tzinfo=UTC), datetime(2026, 1, 2, 10, 10, tzinfo=UTC)),
        (datetime(2026, 1, 2, 10, 11, 0, tzinfo=UTC), datetime(2026, 1, 2, 10, 10, tzinfo=UTC)),
        (datetime(2026, 1, 2, 10, 10, 59, 999_999, tzinfo=UTC), datetime(2026, 1, 2, 10, 9, tzinfo=UTC)),
        (datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC), datetime(2025, 12, 31, 23, 59, tzinfo=UTC)),
        (
            datetime(2026, 1, 2, 16, 26, 10, tzinfo=timezone(timedelta(hours=5, minutes=45))),
            datetime(2026, 1, 2, 10, 40, tzinfo=UTC),
        ),
    ],
)
def test_the_minute_before_the_one_that_is_under_way(now: datetime, start: datetime) -> None:
    assert last_minute(now) == (start, start + timedelta(minutes=1))


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_it_is_over_and_was_less_than_two_minutes_ago(now: datetime) -> None:
    start, end = last_minute(now)
    assert end <= now < start + timedelta(minutes=2)
    assert (start.second, start.microsecond, end - start) == (0, 0, timedelta(minutes=1))
