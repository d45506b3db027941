"""`/`, `/tasks`, `/agg/{batch_id}` and the list of streams, over rows as processors and producers leave them."""

import random
from datetime import UTC, datetime, timedelta
from statistics import fmean
from typing import Any

import httpx
import pytest
from tests.support.databases import Database
from tests.support.query_api import every_line, serving
from tests.support.stored import Stored, StoredRow, store, store_rows
from tests.support.streams import add_simulation, execute

NOW = datetime(2026, 3, 1, 10, 11, 10, tzinfo=UTC)
MINUTE = datetime(2026, 3, 1, 10, 10, tzinfo=UTC)


def readings(stream: str) -> list[Stored]:
    """Four minutes of three categories, the whole and the first and last instants of each minute among them."""
    rng = random.Random(11)
    instants = [MINUTE + timedelta(minutes=m, microseconds=u) for m in (-2, -1, 0, 1) for u in (0, 1, 59_999_999)]
    instants += [MINUTE + timedelta(seconds=rng.uniform(-120, 119)) for _ in range(200)]
    return [
        Stored(stream, category, at, rng.randint(-1_000, 1_000) / 8) for at in instants for category in ("a", "b", "c")
    ]


async def change(database: Database, stream: str, **columns: Any) -> None:
    names = ", ".join(f"{name} = ${n}" for n, name in enumerate(columns, start=2))
    await execute(database.owner_dsn, f"UPDATE streams SET {names} WHERE id = $1", stream, *columns.values())


async def test_the_last_whole_minute_of_all_categories_equals_a_recount(database: Database) -> None:
    stored = readings("lab")
    await store(database.owner_dsn, [*stored, *readings("another")])
    async with serving(database.api_dsn, now=NOW) as api:
        found = (await api.get("/agg/lab")).raise_for_status().json()
    values = [r.value for r in stored if MINUTE <= r.timestamp < MINUTE + timedelta(minutes=1)]
    assert len(values) > 100
    assert found == {
        "batch_id": "lab",
        "start": "2026-03-01T10:10:00Z",
        "end": "2026-03-01T10:11:00Z",
        "average": fmean(values),
        "sum": sum(values),
        "count": len(values),
    }


@pytest.mark.parametrize("second", [0, 59])
async def test_a_minute_ends_before_the_one_under_way(second: int, database: Database) -> None:
    await store(database.owner_dsn, [Stored("lab", "a", MINUTE, 1.5)])
    async with serving(database.api_dsn, now=MINUTE + timedelta(seconds=second)) as api:
        assert (await api.get("/agg/lab")).json()["count"] == 0
    async with serving(database.api_dsn, now=MINUTE + timedelta(minutes=1, seconds=second)) as api:
        assert (await api.get("/agg/lab")).json()["count"] == 1


async def test_an_empty_minute_has_no_average(database: Database) -> None:
    await add_simulation(database.producer_dsn, "fresh", NOW, profile="random-int")
    await store(database.owner_dsn, [Stored("quiet", "a", MINUTE - timedelta(days=1), 1.5)])
    async with serving(database.api_dsn, now=NOW) as api:
        for stream in ("fresh", "quiet"):
            found = (await api.get(f"/agg/{stream}")).raise_for_status().json()
            assert (found["average"], found["sum"], found["count"]) == (None, 0, 0)
        await change(database, "fresh", state="stopped", desired="deleted")
        for unknown in ("fresh", "never"):
            assert_problem(await api.get(f"/agg/{unknown}"), 404, "/api/v1/streams")


@pytest.mark.parametrize("bad", ["a%20b", ".a", "-a", "_a", "%00", "a" * 65, "%E2%82%AC", "a%0A", "a%ED%A0%80", "a'--"])
async def test_a_bad_id_is_422_and_names_the_rule(bad: str, database: Database) -> None:
    routes = [("GET", "/agg/{}"), ("GET", "/api/v1/streams/{}"), ("DELETE", "/api/v1/streams/{}")]
    routes += [("POST", "/api/v1/streams/{}/stop"), *((method, "/stream/{}") for method in ("GET", "POST", "DELETE"))]
    async with serving(database.api_dsn) as api:
        for method, path in routes:
            answer = await api.request(method, path.format(bad))
            assert_problem(answer, 422, "1 to 64 letters, digits, dots, underscores and hyphens")


async def test_rows_and_readings_kept_and_streams_that_count(database: Database) -> None:
    for stream, state in [("a", "pending"), ("b", "running"), ("c", "paused"), ("d", "stopping"), ("e", "stopped")]:
        await add_simulation(database.producer_dsn, stream, NOW, profile="random-int")
        await change(database, stream, state=state)
    await add_simulation(database.producer_dsn, "demo", NOW, profile="sensor")
    await change(database, "demo", built_in=True, state="running")
    at = [MINUTE + timedelta(minutes=20 * n) for n in range(30)]
    await store(database.owner_dsn, [Stored("b", category, time, 2.5) for time in at for category in ("x", "y")])
    rows = [StoredRow("c", n, time, {"v": 1, "w": 2}) for n, time in enumerate(at)]
    await store_rows(database.owner_dsn, rows)
    await store(database.owner_dsn, [Stored("c", field, time, 1) for time in at for field in ("v", "w")], raw=False)
    await book(database)
    async with serving(database.api_dsn) as api:
        tasks = (await api.get("/tasks")).raise_for_status().json()
        totals = await api.get("/", headers={"Accept": "application/json"})
    assert [(task["batch_id"], task["state"], task["row_count"]) for task in tasks] == [
        ("a", "pending", 0),
        ("b", "running", 60),
        ("c", "paused", 30),
        ("d", "stopping", 0),
    ]
    assert [set(task) for task in tasks] == [{"batch_id", "state", "started_at", "row_count"}] * 4
    assert totals.json() == {"row_count": 100 + 20 + 7 - 11 - 3, "task_count": 4}
    assert totals.headers["vary"] == "Accept"


async def book(database: Database) -> None:
    """100 accepted in the third pass of a partition and 20 before, 7 in another; 14 of them removed with 5 windows."""
    dsn = database.owner_dsn
    await execute(
        dsn,
        """INSERT INTO offsets (topic, partition, pass, start_offset, next_offset, accepted)
           VALUES ('readings', 0, 3, 0, 100, 100), ('rows', 1, 1, 0, 7, 7)""",
    )
    await execute(
        dsn,
        """INSERT INTO batches (generation, topic, partition, pass, first_offset, next_offset, accepted, duplicate,
                                rejected, samples)
           VALUES (1, 'readings', 0, 1, 0, 12, 12, 0, 0, 12), (1, 'readings', 0, 2, 0, 8, 8, 0, 0, 8),
                  (1, 'readings', 0, 3, 0, 100, 100, 0, 0, 100), (1, 'rows', 1, 1, 0, 7, 7, 0, 0, 14)""",
    )
    await execute(
        dsn,
        """INSERT INTO removed (stream, table_name, range_start, range_end, rows, samples)
           VALUES ('x', 'raw_readings', now(), now(), 11, 0), ('x', 'windows', now(), now(), 5, 11),
                  ('y', 'raw_rows', now(), now(), 3, 0), ('y', 'dead_letters', now(), now(), 2, 0)""",
    )


async def test_a_person_gets_a_page_and_a_program_numbers(database: Database) -> None:
    async with serving(database.api_dsn) as api:
        for accept in ("*/*", "application/json", ""):
            numbers = await api.get("/", headers={"Accept": accept})
            assert numbers.json() == {"row_count": 0, "task_count": 0}
            assert numbers.headers["vary"] == "Accept"
        page = await api.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["vary"].startswith("Accept")


async def test_every_stream_is_listed_once_with_what_only_outsiders_publish(database: Database) -> None:
    for stream in ("b", "d", "gone"):
        await add_simulation(database.producer_dsn, stream, NOW, profile="random-int", seed=3)
    await change(database, "gone", state="stopped", desired="deleted")
    await store(
        database.owner_dsn,
        [Stored(s, c, MINUTE, 1) for s in ("a", "b", "c", "gone", "e-1", "e.2") for c in ("x", "y", "z")],
    )
    async with serving(database.api_dsn) as api:
        whole, pages = await every_line(api, "/api/v1/streams")
        paged, more_pages = await every_line(api, "/api/v1/streams", limit=2)
        one = await api.get("/api/v1/streams/b")
        outside = (await api.get("/api/v1/streams/c")).json()
        for unknown in ("gone", "never"):
            assert_problem(await api.get(f"/api/v1/streams/{unknown}"), 404)
        csv = (await api.get("/api/v1/streams", params={"format": "csv"})).text.splitlines()
        again = await api.get("/api/v1/streams/b", headers={"If-None-Match": one.headers["etag"]})
    kinds = {line["id"]: line["kind"] for line in whole}
    assert len(kinds) == len(whole)
    assert kinds == {"a": "external", "b": "simulation", "c": "external", "d": "simulation"} | {
        "e-1": "external",
        "e.2": "external",
    }
    assert paged == whole
    assert (pages, more_pages) == (1, 3)
    assert one.json() in whole
    assert one.json()["spec"] == {"profile": "random-int", "seed": 3}
    assert outside in whole
    assert {line["row_count"] for line in whole} == {3, 0}
    assert (outside["row_count"], one.json()["row_count"]) == (3, 3)
    assert {name for name, value in outside.items() if value is not None} == {
        "id",
        "kind",
        "built_in",
        "spec",
        "progress",
        "row_count",
    }
    assert len(csv) == 1 + len(whole)
    assert again.status_code == 304


def assert_problem(answer: httpx.Response, status: int, *words: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    for word in words:
        assert word in answer.text


async def test_another_method_is_405_and_told_all_that_the_path_takes(database: Database) -> None:
    async with serving(database.api_dsn) as api:
        for path, methods in [
            ("/api/v1/streams", "GET, HEAD, POST"),
            ("/stream/lab", "DELETE, GET, HEAD, POST"),
            ("/", "GET, HEAD"),
        ]:
            answer = await api.put(path)
            assert_problem(answer, 405, methods)
            assert answer.headers["allow"] == methods
