"""Bounds of local days, hours and steps, against the zone's own clocks."""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query_api.buckets import Day, Grid, local_days, points, step_for, step_grid, whole

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/St_Johns",
    "Pacific/Chatham",
    "Africa/Casablanca",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "America/Havana",
    "Asia/Tehran",
    "Africa/Monrovia",
]


MINUTE = timedelta(minutes=1)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def bucket_of(grid: Grid, instant: datetime) -> datetime | None:
    """What Postgres does with a grid: where the instant's bucket begins."""
    if not grid.bounds[0] <= instant < grid.bounds[-1]:
        return None
    if grid.step is not None:
        [first] = grid.starts
        assert first is not None
        return instant - (instant - first) % grid.step
    return grid.starts[bisect_right(grid.bounds, instant) - 1]


def starts_of(grid: Grid) -> list[datetime]:
    """Where its buckets begin, found minute by minute."""
    minutes = (grid.bounds[-1] - grid.bounds[0]) // MINUTE
    return list(dict.fromkeys(filter(None, (bucket_of(grid, grid.bounds[0] + n * MINUTE) for n in range(minutes)))))


@pytest.mark.parametrize("name", ZONES)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_minute_belongs_to_the_day_that_the_zones_clocks_show(name: str, data: st.DataObject) -> None:
    zone = ZoneInfo(name)
    first = data.draw(st.dates(date(1960, 1, 1), date(2035, 1, 1)))
    days = local_days(zone, first, first + timedelta(days=data.draw(st.integers(0, 40))))
    around = (days.grid.bounds[0] - timedelta(days=2), days.grid.bounds[-1] + timedelta(days=2))
    instant = data.draw(st.datetimes(*(bound.replace(tzinfo=None) for bound in around)))
    minute = instant.replace(second=0, microsecond=0, tzinfo=UTC)
    shown = minute.astimezone(zone).date()
    start = bucket_of(days.grid, minute)
    dates = {day.date for day in days.days.values()}
    assert (None if start is None else days.days[start].date) == (shown if shown in dates else None)


@pytest.mark.parametrize(
    ("name", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),
        ("Asia/Beirut", date(2026, 10, 24), 25),
        ("Asia/Kathmandu", date(2026, 3, 29), 24),
    ],
)
def test_a_day_has_its_real_length(name: str, day: date, hours: float) -> None:
    days = local_days(ZoneInfo(name), day, day)
    [(start, only)] = days.days.items()
    assert only == Day(day, int(hours * 60), start + timedelta(hours=hours))


def test_a_day_of_odd_seconds_has_as_many_minutes_as_can_have_data() -> None:
    """Moscow's clocks went forward by 62 seconds: 23:58:58 hours in which 1,439 minutes begin."""
    [(start, day)] = local_days(ZoneInfo("Europe/Moscow"), date(1916, 7, 3), date(1916, 7, 3)).days.items()
    first = start.replace(second=0) + MINUTE * (start.second > 0)
    assert day.minutes == sum(first + n * MINUTE < day.end for n in range(1_500)) == 1_439


def test_a_day_that_a_zone_skipped_is_not_there() -> None:
    days = local_days(ZoneInfo("Pacific/Apia"), date(2011, 12, 29), date(2011, 12, 31))
    lengths = {day.date: day.minutes for day in days.days.values()}
    assert lengths == {date(2011, 12, 29): 1440, date(2011, 12, 31): 1440}
    assert days.grid.bounds == [at(2011, 12, 29, 10), at(2011, 12, 30, 10), at(2011, 12, 31, 10)]
    assert local_days(ZoneInfo("Pacific/Apia"), date(2011, 12, 30), date(2011, 12, 30)).days == {}


def test_kathmandu_begins_a_quarter_past_the_hour() -> None:
    assert local_days(ZoneInfo("Asia/Kathmandu"), date(2026, 1, 2), date(2026, 1, 2)).grid.bounds == [
        at(2026, 1, 1, 18, 15),
        at(2026, 1, 2, 18, 15),
    ]


def test_a_day_that_the_clocks_return_to_has_two_pieces() -> None:
    """St John's set its clocks back at one minute past midnight: the day that was over went on."""
    days = local_days(ZoneInfo("America/St_Johns"), date(2010, 11, 6), date(2010, 11, 7))
    [one, other] = days.days
    assert days.grid.starts == [one, other, one, other]
    assert [day.minutes for day in days.days.values()] == [24 * 60 + 59, 24 * 60 + 1]
    only = local_days(ZoneInfo("America/St_Johns"), date(2010, 11, 7), date(2010, 11, 7))
    assert only.grid.starts == [other, None, other]
    assert only.days == {other: days.days[other]}


def test_hours_follow_the_zones_clocks_and_a_repeated_hour_is_two() -> None:
    berlin = step_grid("1h", ZoneInfo("Europe/Berlin"), at(2026, 10, 24, 23), at(2026, 10, 25, 3))
    assert berlin.starts == [at(2026, 10, 24, 23), at(2026, 10, 25, 0), at(2026, 10, 25, 1), at(2026, 10, 25, 2)]
    kathmandu = step_grid("1h", ZoneInfo("Asia/Kathmandu"), at(2026, 1, 1, 0), at(2026, 1, 1, 2))
    assert starts_of(kathmandu) == [at(2025, 12, 31, 23, 15), at(2026, 1, 1, 0, 15), at(2026, 1, 1, 1, 15)]
    assert kathmandu == Grid([at(2026, 1, 1), at(2026, 1, 1, 2)], [at(2025, 12, 31, 23, 15)], timedelta(hours=1))


def test_an_hour_that_the_clocks_cut_ends_there() -> None:
    lord_howe = step_grid("1h", ZoneInfo("Australia/Lord_Howe"), at(2026, 10, 3, 14, 30), at(2026, 10, 3, 17))
    assert lord_howe.starts == [at(2026, 10, 3, 14, 30), at(2026, 10, 3, 15, 30), at(2026, 10, 3, 16)]


@pytest.mark.parametrize("step", ["1m", "5m", "15m"])
def test_short_steps_are_the_same_in_every_zone(step: str) -> None:
    start, end = at(2026, 1, 1, 0, 7), at(2026, 1, 1, 1)
    assert step_grid(step, ZoneInfo("Asia/Kathmandu"), start, end) == step_grid(step, ZoneInfo("UTC"), start, end)


def minutes_of(start: datetime, end: datetime) -> list[datetime]:
    return [start + n * MINUTE for n in range((end - start) // MINUTE)]


def clock(instant: datetime, step: str, zone: ZoneInfo) -> tuple[object, ...]:
    """What the clock of a bucket shows: it is the same all through it, and another one in every other."""
    if step in ("1m", "5m", "15m"):
        return (int(instant.timestamp()) // (60 * int(step[:-1])),)
    local = instant.astimezone(zone)
    return (local.date(),) if step == "1d" else (local.date(), local.hour, local.utcoffset())


@pytest.mark.parametrize("step", ["1m", "5m", "15m", "1h", "1d"])
@pytest.mark.parametrize("name", ZONES)
def test_the_buckets_of_a_step_cover_the_range_once(step: str, name: str) -> None:
    start, end = at(2026, 3, 27, 22, 7), at(2026, 3, 30, 3, 1)
    grid = step_grid(step, ZoneInfo(name), start, end)
    assert grid.bounds[0] == start
    assert grid.bounds[-1] == end
    assert grid.bounds == sorted(set(grid.bounds))
    assert len(grid.starts) == len(grid.bounds) - 1
    starts = starts_of(grid)
    assert starts == sorted(starts)
    assert starts[0] <= start
    assert len(starts) <= grid.size() <= len(starts) + 2
    shown = {bucket_of(grid, instant): clock(instant, step, ZoneInfo(name)) for instant in minutes_of(start, end)}
    for instant in minutes_of(start, end):
        assert clock(instant, step, ZoneInfo(name)) == shown[bucket_of(grid, instant)]
    assert len(set(shown.values())) == len(shown)


def test_quarters_serve_what_lies_on_quarter_hours() -> None:
    grid = step_grid("1h", ZoneInfo("Asia/Kathmandu"), at(2026, 1, 1, 0, 7), at(2026, 1, 2, 0, 52))
    assert grid.quarters() == (at(2026, 1, 1, 0, 15), at(2026, 1, 2, 0, 45))
    whole_day = step_grid("1d", ZoneInfo("UTC"), at(2026, 1, 1), at(2026, 1, 3))
    assert whole_day.quarters() == (at(2026, 1, 1), at(2026, 1, 3))


def test_nothing_is_read_from_quarters_that_would_cut_one() -> None:
    for grid in (
        step_grid("5m", ZoneInfo("UTC"), at(2026, 1, 1), at(2026, 1, 2)),
        local_days(ZoneInfo("America/St_Johns"), date(2010, 11, 6), date(2010, 11, 7)).grid,
        whole(at(2026, 1, 1, 0, 1), at(2026, 1, 1, 0, 14)),
    ):
        start, end = grid.quarters()
        assert start == end == grid.bounds[0]


def test_points_are_counted_without_making_them() -> None:
    assert points("1m", at(1900, 1, 1), at(2200, 1, 1)) > 150_000_000
    assert points("1h", at(2026, 1, 1), at(2026, 1, 1, 1)) == 1
    assert points("1h", at(2026, 1, 1), at(2026, 1, 1, 1, 1)) == 2


def test_the_finest_step_that_fits() -> None:
    assert step_for(at(2026, 1, 1), at(2026, 1, 1, 16), 1_000) == "1m"
    assert step_for(at(2026, 1, 1), at(2026, 1, 2), 1_000) == "5m"
    assert step_for(at(2026, 1, 1), at(2026, 2, 10), 1_000) == "1h"
    assert step_for(at(1900, 1, 1), at(2200, 1, 1), 11_000) is None
