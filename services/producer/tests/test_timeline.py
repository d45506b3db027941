from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from producer.simulate.timeline import SECOND, Timeline

START = datetime(2025, 1, 1, tzinfo=UTC)


def us(time: datetime) -> int:
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def test_event_time_is_run_start_plus_position_over_rate() -> None:
    timeline = Timeline(us(START), rate=0.5)
    assert timeline.at(np.array([0, 1, 5])).tolist() == [us(START), us(START) + 2 * SECOND, us(START) + 10 * SECOND]


def test_seven_days_of_the_demo_are_302_400_positions() -> None:
    timeline = Timeline(us(START), rate=0.5)
    assert timeline.due(us(START + timedelta(days=7)) - 1) == 302_400


def test_nothing_is_due_before_the_start_and_one_at_the_start() -> None:
    timeline = Timeline(us(START), rate=3)
    assert (timeline.due(us(START) - 1), timeline.due(us(START))) == (0, 1)


@given(
    rate=st.floats(0.001, 1_000_000),
    passed_us=st.integers(0, 10**13),
    business_days=st.booleans(),
    shift_us=st.integers(0, 7 * 86_400 * SECOND),
)
def test_due_counts_exactly_the_positions_whose_time_has_come(
    rate: float, passed_us: int, business_days: bool, shift_us: int
) -> None:
    timeline = Timeline(us(START) + shift_us, rate, business_days)
    now = us(START) + shift_us + passed_us
    due = timeline.due(now)
    assert timeline.time_of(due) > now
    assert due == 0 or timeline.time_of(due - 1) <= now


def test_business_days_leave_out_saturdays_and_sundays() -> None:
    # One position an hour from Wednesday 1 January 2025: the calendar of January 2025, counted with datetime alone.
    hours = [START + timedelta(hours=n) for n in range(31 * 24)]
    expected = [us(hour) for hour in hours if hour.weekday() < 5]
    timeline = Timeline(us(START), rate=1 / 3600, business_days=True)
    assert timeline.at(np.arange(len(expected))).tolist() == expected
    assert len(expected) == 23 * 24
