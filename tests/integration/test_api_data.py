"""What the query API answers about stored rows equals what plain Python computes from them."""

import csv
import io
import json
import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.databases import Database
from tests.support.query_api import NOW, every_line, serving
from tests.support.stored import Stored, store

START = datetime(2026, 2, 1, 10, 7, 13, tzinfo=UTC)


def readings(seed: int = 7, number: int = 3_000) -> list[Stored]:
    """Readings of three streams over five days, with gaps, equal times and awkward values."""
    rng = random.Random(seed)
    pairs = [("demo", "temperature"), ("demo", "humidity"), ("lab-3", "temperature"), ("lab-3", 'Ω, "quoted"')]
    found = []
    for _ in range(number):
        at = START + timedelta(seconds=rng.randrange(0, 5 * 86_400, 7), microseconds=rng.choice([0, 0, 123_456]))
        value = rng.choice([0.1, 1e-3, -273.15, 1e15, 21.5, 3.0]) * rng.randrange(1, 9)
        found.append(Stored(*rng.choice(pairs), at, value))
    return list({r.id: r for r in found}.values())


def grouped(rows: Iterable[Stored], key: Callable[[Stored], Any]) -> dict[Any, list[Stored]]:
    groups = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def time_of(text: str) -> datetime:
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


def assert_line(line: dict[str, Any], members: list[Stored]) -> None:
    """The line is the aggregate of these readings."""
    values = [r.value for r in members]
    assert line["count"] == len(values)
    assert line["sum"] == pytest.approx(math.fsum(values), rel=1e-15)
    assert line["avg_value"] == pytest.approx(math.fsum(values) / len(values), rel=1e-15)
    assert (line["min"], line["max"]) == (min(values), max(values))
    assert time_of(line["last_timestamp"]) == max(r.timestamp for r in members)


async def test_series_are_listed_with_their_first_last_and_count(database: Database) -> None:
    rows = readings()
    await store(database.owner_dsn, rows)
    async with serving(database.api_dsn) as api:
        lines, pages = await every_line(api, "/api/v1/series", limit=3)
    assert pages == 2
    wanted = grouped(rows, lambda r: (r.stream, r.category))
    assert [(line["stream"], line["category"]) for line in lines] == sorted(wanted)
    for line in lines:
        times = [r.timestamp for r in wanted[line["stream"], line["category"]]]
        assert (time_of(line["first"]), time_of(line["last"]), line["count"]) == (min(times), max(times), len(times))


@pytest.mark.parametrize("limit", [1, 7, 500, 10_000])
async def test_raw_readings_come_newest_first_and_once_whatever_the_page(database: Database, limit: int) -> None:
    rows = readings(number=60 if limit == 1 else 2_000)
    await store(database.owner_dsn, rows)
    async with serving(database.api_dsn) as api:
        lines, pages = await every_line(api, "/api/v1/raw-data", limit=limit)
    assert {line["id"] for line in lines} == {str(r.id) for r in rows}
    assert len(lines) == len(rows)
    assert pages == math.ceil(len(rows) / limit)
    times = [time_of(line["timestamp"]) for line in lines]
    assert times == sorted(times, reverse=True)
    by_id = {str(r.id): r for r in rows}
    for line in lines:
        row = by_id[line["id"]]
        got = (line["stream"], line["category"], time_of(line["timestamp"]), line["value"])
        assert got == (row.stream, row.category, row.timestamp, row.value)


async def test_readings_of_one_instant_are_paged_too_even_at_the_very_start(database: Database) -> None:
    rows = [Stored("demo", category, START, float(n)) for n in range(4) for category in ("a", "b", "c")]
    await store(database.owner_dsn, rows)
    async with serving(database.api_dsn) as api:
        lines, pages = await every_line(api, "/api/v1/raw-data", start=START.isoformat(), limit=1)
    assert pages == len(lines) == len(rows)
    assert {line["id"] for line in lines} == {str(r.id) for r in rows}


async def test_raw_readings_of_a_range_are_half_open(database: Database) -> None:
    rows = [Stored("demo", "t", START + timedelta(seconds=n), float(n)) for n in range(10)]
    await store(database.owner_dsn, rows)
    start, end = (START + timedelta(seconds=n) for n in (3, 7))
    async with serving(database.api_dsn) as api:
        for parameters in (
            {"start": start.isoformat(), "end": end.isoformat()},
            {"from": start.timestamp(), "to": int(end.timestamp() * 1000)},
            {"start": f"now-{int((NOW - start).total_seconds())}s", "to": end.isoformat()},
        ):
            answer = await api.get("/api/v1/raw-data", params=parameters)
            assert [line["value"] for line in answer.json()] == [6, 5, 4, 3]
            assert (time_of(answer.headers["Tideline-Start"]), time_of(answer.headers["Tideline-End"])) == (start, end)


async def test_raw_readings_can_be_chosen_by_stream_and_categories(database: Database) -> None:
    rows = readings(number=400)
    await store(database.owner_dsn, rows)
    async with serving(database.api_dsn) as api:
        lines, _ = await every_line(api, "/api/v1/raw-data", stream="demo", category=["humidity", "none"])
        assert {line["id"] for line in lines} == {str(r.id) for r in rows if r[:2] == ("demo", "humidity")}
        assert (await api.get("/api/v1/raw-data", params={"stream": "nobody"})).json() == []


async def test_without_a_step_there_is_one_line_per_series(database: Database) -> None:
    rows = readings()
    await store(database.owner_dsn, rows)
    async with serving(database.api_dsn) as api:
        lines, _ = await every_line(api, "/api/v1/processed-data", limit=3)
    wanted = grouped(rows, lambda r: (r.stream, r.category))
    assert [(line["stream"], line["category"]) for line in lines] == sorted(wanted)
    for line in lines:
        assert_line(line, wanted[line["stream"], line["category"]])


async def test_a_range_takes_the_windows_that_start_inside_it(database: Database) -> None:
    rows = readings()
    await store(database.owner_dsn, rows)
    start, end = START + timedelta(hours=7, seconds=20), START + timedelta(hours=60, minutes=17)
    inside = [r for r in rows if start <= r.timestamp.replace(second=0, microsecond=0) < end]
    async with serving(database.api_dsn) as api:
        lines, _ = await every_line(api, "/api/v1/processed-data", start=start.isoformat(), end=end.isoformat())
    wanted = grouped(inside, lambda r: (r.stream, r.category))
    assert [(line["stream"], line["category"]) for line in lines] == sorted(wanted)
    for line in lines:
        assert_line(line, wanted[line["stream"], line["category"]])


async def test_neighbouring_ranges_share_no_window_and_leave_none_out(database: Database) -> None:
    begin = START.replace(second=0)
    await store(database.owner_dsn, [Stored("demo", "t", begin + timedelta(minutes=n), 1.0) for n in range(60)])
    async with serving(database.api_dsn) as api:
        for first, last in ((0, 17), (17, 30), (30, 31), (31, 47), (47, 60)):
            ends = (begin + timedelta(minutes=n) for n in (first, last))
            between = dict(zip(("start", "end"), (end.isoformat() for end in ends), strict=True))
            (line,), _ = await every_line(api, "/api/v1/processed-data", **between)
            assert line["count"] == last - first


@pytest.mark.parametrize(("step", "minutes"), [("1m", 1), ("5m", 5), ("15m", 15), ("1h", 60), ("1d", 1440)])
async def test_a_step_gives_one_line_per_series_and_bucket(database: Database, step: str, minutes: int) -> None:
    rows = readings()
    await store(database.owner_dsn, rows)
    async with serving(database.api_dsn) as api:
        lines, pages = await every_line(api, "/api/v1/processed-data", step=step, limit=200)
        unpaged, _ = await every_line(api, "/api/v1/processed-data", step=step)
    assert lines == unpaged

    def bucket(row: Stored) -> tuple[str, str, datetime]:
        length = timedelta(minutes=minutes)
        return row.stream, row.category, row.timestamp - (row.timestamp - datetime(1970, 1, 1, tzinfo=UTC)) % length

    wanted = grouped(rows, bucket)
    keys = [(line["stream"], line["category"], time_of(line["window_start"])) for line in lines]
    assert keys == sorted(wanted)
    assert pages == math.ceil(len(wanted) / 200)
    for key, line in zip(keys, lines, strict=True):
        assert_line(line, wanted[key])


async def test_an_automatic_step_aims_at_a_thousand_points(database: Database) -> None:
    await store(database.owner_dsn, readings())
    chosen = {}
    async with serving(database.api_dsn) as api:
        for days in (0.5, 3, 10, 40, 1000):
            start = START - timedelta(days=days)
            parameters = {"step": "auto", "start": start.isoformat(), "end": START.isoformat()}
            answer = await api.get("/api/v1/processed-data", params=parameters)
            chosen[days] = answer.headers["Tideline-Step"]
    assert chosen == {0.5: "1m", 3: "5m", 10: "15m", 40: "1h", 1000: "1d"}


async def test_too_many_points_are_refused_with_the_step_to_use(database: Database) -> None:
    async with serving(database.api_dsn) as api:
        wide = {"step": "1m", "start": "2026-01-01", "end": "2026-01-10"}
        answer = await api.get("/api/v1/processed-data", params=wide)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["parameter"] == "step"
        assert "use 5m" in answer.json()["detail"]
        answer = await api.get(
            "/api/v1/processed-data", params={"step": "1d", "start": "1901-01-01", "end": "2199-12-31"}
        )
        assert answer.status_code == 422
        fits = {"step": "1m", "start": "2026-01-01", "end": "2026-01-08"}
        assert (await api.get("/api/v1/processed-data", params=fits)).json() == []


@pytest.mark.parametrize("path", ["/api/v1/raw-data", "/api/v1/processed-data?step=15m", "/api/v1/series"])
async def test_each_format_holds_the_same_lines_streamed_or_paged(database: Database, path: str) -> None:
    await store(database.owner_dsn, readings(number=700))
    async with serving(database.api_dsn, rows_fetched=50) as api:
        as_json, _ = await every_line(api, path, **({"limit": 10_000} | ({"step": "15m"} if "step" in path else {})))
        streamed = await api.get(path, headers={"Accept": "application/x-ndjson"})
        assert [json.loads(line) for line in streamed.text.splitlines()] == as_json
        assert "etag" not in streamed.headers
        assert "cache-control" not in streamed.headers
        as_csv = await api.get(path, headers={"Accept": "text/csv"})
        rows = list(csv.DictReader(io.StringIO(as_csv.text)))
        assert rows == [{name: str(value) for name, value in line.items()} for line in as_json]
        page = await api.get(path, params={"format": "csv", "limit": 2} | ({"step": "15m"} if "step" in path else {}))
        assert list(csv.DictReader(io.StringIO(page.text))) == rows[:2]
        assert page.headers["content-type"] == "text/csv; charset=utf-8"
        assert "next" in page.links


async def test_a_caller_who_has_the_answer_gets_304(database: Database) -> None:
    await store(database.owner_dsn, readings(number=300))
    async with serving(database.api_dsn) as api:
        first = await api.get("/api/v1/processed-data")
        assert first.headers["cache-control"] == "no-cache"
        tag = first.headers["etag"]
        assert not tag.startswith("W/")
        again = await api.get("/api/v1/processed-data", headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        plain = await api.get("/api/v1/processed-data", headers={"Accept-Encoding": "identity"})
        assert plain.headers["etag"] != tag
        other = await api.get("/api/v1/processed-data", params={"stream": "demo"}, headers={"If-None-Match": tag})
        assert other.status_code == 200


async def test_a_long_answer_travels_as_gzip_to_who_takes_it(database: Database) -> None:
    await store(database.owner_dsn, readings(number=300))
    async with serving(database.api_dsn) as api:
        packed = await api.get("/api/v1/raw-data")
        plain = await api.get("/api/v1/raw-data", headers={"Accept-Encoding": "identity"})
        refused = await api.get("/api/v1/raw-data", headers={"Accept-Encoding": "gzip;q=0, *;q=1"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    for whole in (plain, refused):
        assert "content-encoding" not in whole.headers
    assert (refused.content, refused.headers["etag"]) == (plain.content, plain.headers["etag"])


async def test_a_page_goes_on_with_the_range_of_the_first(database: Database) -> None:
    """`now-1h` of the second page is the first page's, and later readings do not come in between."""
    rows = [Stored("demo", "t", NOW - timedelta(minutes=n), float(n)) for n in range(90)]
    await store(database.owner_dsn, rows)
    async with serving(database.api_dsn) as api:
        first = await api.get("/api/v1/raw-data", params={"start": "now-1h", "limit": 40})
        after = [Stored("demo", "t2", NOW - timedelta(seconds=n), 1.0) for n in range(5)]
        await store(database.owner_dsn, after)
        link = first.links["next"]["url"]
    async with serving(database.api_dsn, now=NOW + timedelta(minutes=30)) as api:
        second = await api.get(link[link.index("/api") :])
    assert second.headers["Tideline-Start"] == first.headers["Tideline-Start"]
    assert [line["value"] for line in first.json() + second.json()] == [float(n) for n in range(61)]


async def test_a_cursor_of_another_question_is_refused(database: Database) -> None:
    await store(database.owner_dsn, readings(number=300))
    async with serving(database.api_dsn) as api:
        first = await api.get("/api/v1/raw-data", params={"limit": 4})
        answer = await api.get(f"{first.links['next']['url']}&stream=demo")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["parameter"] == "cursor"
