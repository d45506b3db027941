"""Daily averages and prices equal what plain Python computes with the zone's own clocks."""

import math
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.support.databases import Database
from tests.support.query_api import every_line, serving
from tests.support.stored import Stored, store

ZONES_AND_DAYS = [
    ("UTC", date(2026, 2, 27)),
    ("Europe/Berlin", date(2026, 3, 27)),
    ("Europe/Berlin", date(2025, 10, 24)),
    ("America/New_York", date(2025, 11, 1)),
    ("Asia/Kathmandu", date(2026, 1, 30)),
    ("Australia/Lord_Howe", date(2025, 10, 3)),
    ("Australia/Lord_Howe", date(2026, 4, 3)),
    ("Pacific/Apia", date(2011, 12, 28)),
    ("Pacific/Chatham", date(2025, 9, 26)),
    ("America/St_Johns", date(2010, 11, 5)),
    ("Africa/Casablanca", date(2026, 2, 14)),
    ("Asia/Beirut", date(2025, 10, 24)),
]


def readings(first: date, seed: int = 3) -> list[Stored]:
    """Six days around the first, thinner on one of them."""
    rng = random.Random(seed)
    start = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=1)
    found = []
    for _ in range(4_000):
        at = start + timedelta(seconds=rng.randrange(6 * 86_400))
        if at.day % 3 and rng.random() < 0.7:
            continue
        found.append(Stored("demo", rng.choice(["a", "b"]), at, rng.randrange(-1000, 1000) / 8))
    return list({r.id: r for r in found}.values())


def minutes_of_day(zone: ZoneInfo, day: date) -> int:
    """Counted one by one."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=2)
    minutes = (start + timedelta(minutes=n) for n in range(5 * 1440))
    return sum(1 for minute in minutes if minute.astimezone(zone).date() == day)


@pytest.mark.parametrize(("name", "first"), ZONES_AND_DAYS)
async def test_a_day_is_what_the_zones_clocks_show(database: Database, name: str, first: date) -> None:
    rows, zone, last = readings(first), ZoneInfo(name), first + timedelta(days=3)
    await store(database.owner_dsn, rows)
    wanted = defaultdict(list)
    for row in rows:
        day = row.timestamp.astimezone(zone).date()
        if first <= day <= last:
            wanted[row.category, day.isoformat()].append(row)
    parameters = {"start_date": first.isoformat(), "end_date": last.isoformat(), "tz": name}
    async with serving(database.api_dsn, now=datetime(2026, 6, 1, tzinfo=UTC)) as api:
        lines, _ = await every_line(api, "/api/v1/daily-averages", **parameters, limit=3)
    assert [(line["category"], line["date"]) for line in lines] == sorted(wanted)
    for line in lines:
        members = wanted[line["category"], line["date"]]
        values = [r.value for r in members]
        present = len({r.timestamp.replace(second=0, microsecond=0) for r in members})
        expected = minutes_of_day(zone, date.fromisoformat(line["date"]))
        assert line == {
            "date": line["date"],
            "stream": "demo",
            "category": line["category"],
            "avg_value": pytest.approx(math.fsum(values) / len(values), rel=1e-15),
            "min": min(values),
            "max": max(values),
            "count": len(values),
            "minutes_expected": expected,
            "minutes_present": present,
            "coverage": present / expected,
            "complete": True,
        }


async def test_the_dateline_day_that_apia_skipped_is_no_line_and_loses_no_reading(database: Database) -> None:
    rows = readings(date(2011, 12, 28))
    await store(database.owner_dsn, rows)
    parameters = {"start_date": "2011-12-29", "end_date": "2011-12-31", "tz": "Pacific/Apia", "category": "a"}
    async with serving(database.api_dsn) as api:
        lines, _ = await every_line(api, "/api/v1/daily-averages", **parameters)
        parameters |= {"start_date": "2011-12-30", "end_date": "2011-12-30"}
        skipped, _ = await every_line(api, "/api/v1/daily-averages", **parameters)
    assert [line["date"] for line in lines] == ["2011-12-29", "2011-12-31"]
    between = [r for r in rows if r.category == "a" and datetime(2011, 12, 29, 10, tzinfo=UTC) <= r.timestamp]
    between = [r for r in between if r.timestamp < datetime(2011, 12, 31, 10, tzinfo=UTC)]
    assert sum(line["count"] for line in lines) == len(between)
    assert skipped == []


async def test_a_day_is_complete_when_it_is_over_in_its_zone(database: Database) -> None:
    noons = [Stored("demo", "t", datetime(2026, 3, day, 6, tzinfo=UTC), 1.0) for day in (1, 2)]
    await store(database.owner_dsn, noons)
    complete: dict[Any, list[bool]] = {}
    for now in (datetime(2026, 3, 2, 10, 59, 59, tzinfo=UTC), datetime(2026, 3, 2, 11, tzinfo=UTC)):
        async with serving(database.api_dsn, now=now) as api:
            for tz in ("UTC", "Pacific/Auckland"):
                parameters = {"start_date": "2026-03-01", "end_date": "2026-03-02", "tz": tz}
                lines, _ = await every_line(api, "/api/v1/daily-averages", **parameters)
                complete[now.hour, tz] = [line["complete"] for line in lines]
    assert complete == {
        (10, "UTC"): [True, False],
        (10, "Pacific/Auckland"): [True, False],
        (11, "UTC"): [True, False],
        (11, "Pacific/Auckland"): [True, True],
    }


async def test_steps_of_a_day_and_an_hour_follow_the_zone(database: Database) -> None:
    rows, zone = readings(date(2026, 3, 28)), ZoneInfo("Asia/Kathmandu")
    await store(database.owner_dsn, rows)
    async with serving(database.api_dsn) as api:
        for step, length in (("1d", "%Y-%m-%d"), ("1h", "%Y-%m-%d %H")):
            lines, _ = await every_line(api, "/api/v1/processed-data", step=step, tz=zone.key)
            wanted = defaultdict(int)
            for row in rows:
                wanted[row.category, row.timestamp.astimezone(zone).strftime(length)] += 1
            got = {}
            for line in lines:
                start = datetime.fromisoformat(line["window_start"]).astimezone(zone)
                assert (start.minute, start.second) == (0, 0)
                got[line["category"], start.strftime(length)] = line["count"]
            assert got == wanted


async def test_prices_are_averaged_over_all_categories_or_one(database: Database) -> None:
    ticks = []
    rng = random.Random(11)
    for day in (3, 6, 7):
        for n in range(200):
            at = datetime(2025, 1, day, 8, tzinfo=UTC) + timedelta(seconds=60 * n)
            ticks.append(Stored("prices", ["EURUSD", "GBPUSD"][n % 3 == 0], at, round(rng.uniform(1, 1.3), 5)))
    other = [Stored("demo", "EURUSD", datetime(2025, 1, 6, 8, tzinfo=UTC), 900.0)]
    await store(database.owner_dsn, ticks + other)

    def average(day: int, *categories: str) -> dict[str, Any]:
        values = [t.value for t in ticks if t.timestamp.day == day and t.category in categories]
        wanted = pytest.approx(math.fsum(values) / len(values), rel=1e-15)
        return {"date": f"2025-01-{day:02}", "average_price": wanted, "count": len(values)}

    async with serving(database.api_dsn) as api:
        dates = {"start_date": "2025-01-04", "end_date": "2025-01-07"}
        both = await api.get("/prices/average", params=dates)
        one = await api.get("/prices/average", params=dates | {"category": "GBPUSD"})
        none = await api.get("/prices/average", params=dates | {"category": "JPYUSD"})
        text = await api.get("/prices/average", params=dates | {"format": "csv"})
    assert both.json() == [average(day, "EURUSD", "GBPUSD") for day in (6, 7)]
    assert one.json() == [average(day, "GBPUSD") for day in (6, 7)]
    assert none.json() == []
    assert text.text.splitlines()[0] == "date,average_price,count"
