"""Following the values of a stream over server-sent events."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from tests.support.databases import Database
from tests.support.live import Event, events
from tests.support.processes import ServiceProcess
from tests.support.query_api import serving
from tests.support.stored import StoredRow, store_rows
from tests.support.waiting import until, until_async

START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
QUICK = {"values_poll_s": 0.05}


class Writer:
    """Adds readings as a processor does, the newest of each series in `quarters`."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def add(self, stream: str, *readings: tuple[str, float, float]) -> None:
        """Readings of a stream: category, seconds after the start, value."""
        categories = [category for category, _, _ in readings]
        ids = await self._connection.fetchval("SELECT series_ids($1, $2, 100)", [stream] * len(readings), categories)
        times = [START + timedelta(seconds=seconds) for _, seconds, _ in readings]
        await self._connection.execute("SELECT ensure_raw_partitions($1)", times)
        async with self._connection.transaction():
            await self._connection.executemany(
                "INSERT INTO raw_readings VALUES ($1, $2, gen_random_uuid(), $3)",
                [(id_, at, value) for id_, at, (_, _, value) in zip(ids, times, readings, strict=True)],
            )
            await self._connection.executemany(
                """INSERT INTO quarters VALUES ($1, date_bin('15 minutes', $2, 'epoch'), 1, 0, 0, 0, $2, 0, $2, 0, 1)
                   ON CONFLICT (series_id, quarter)
                   DO UPDATE SET last_at = greatest(quarters.last_at, excluded.last_at)""",
                list(zip(ids, times, strict=True)),
            )


@pytest.fixture
async def writer(database: Database) -> AsyncIterator[Writer]:
    connection = await asyncpg.connect(database.owner_dsn)
    yield Writer(connection)
    await connection.close()


@asynccontextmanager
async def following(
    client: httpx.AsyncClient, stream: str, last_event_id: str | None = None
) -> AsyncIterator[AsyncIterator[Event]]:
    """The events of one connection, which has begun."""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    async with client.stream("GET", f"/stream/{stream}", headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-cache"
        yield events(answer)


async def some(stream: AsyncIterator[Event], count: int) -> list[Any]:
    async with asyncio.timeout(10):
        return [(await anext(stream)).data for _ in range(count)]


def value(category: str, seconds: float, number: float) -> dict[str, Any]:
    at = (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
    return {"timestamp": at, "category": category, "value": number}


async def test_values_are_told_from_now_on_each_once_and_of_no_other_stream(database: Database, writer: Writer) -> None:
    await writer.add("lab", ("a", 0, 1), ("b", 0, 2))
    await writer.add("other", ("a", 1, 3))
    async with serving(database.api_dsn, live=QUICK) as api, following(api, "lab") as told:
        await writer.add("lab", ("a", 2, 4))
        await writer.add("other", ("a", 3, 5))
        await writer.add("lab", ("a", 4, 6), ("c", 3, 7))
        assert await some(told, 3) == [value("a", 2, 4), value("c", 3, 7), value("a", 4, 6)]
        await writer.add("lab", ("b", 3.5, 8))
        assert await some(told, 1) == [value("b", 3.5, 8)], "categories do not hold each other back"


async def test_a_reader_that_comes_again_goes_on_behind_its_last_value(database: Database, writer: Writer) -> None:
    await writer.add("lab", *(("a", n, n) for n in range(10)))
    async with serving(database.api_dsn, live=QUICK) as api:
        async with following(api, "lab", value("a", 6, 6)["timestamp"]) as told:
            assert await some(told, 3) == [value("a", n, n) for n in (7, 8, 9)]
        async with following(api, "lab", "rubbish") as told:
            await writer.add("lab", ("a", 10, 10))
            assert await some(told, 1) == [value("a", 10, 10)]


async def test_of_more_than_a_look_tells_the_newest_come(database: Database, writer: Writer) -> None:
    await writer.add("lab", ("a", 0, 0))
    async with serving(database.api_dsn, live=QUICK | {"values_max": 20}) as api, following(api, "lab") as told:
        await writer.add("lab", *((category, n, n) for n in range(1, 101) for category in ("a", "b")))
        found = await some(told, 20)
        assert {line["value"] for line in found} == set(range(91, 101))
        await writer.add("lab", ("b", 101, 101))
        assert (await some(told, 1))[0]["value"] == 101, "what was left out does not come later"


async def test_the_numbers_of_rows_are_values_too(database: Database, writer: Writer) -> None:
    def rows(*numbers: int) -> list[StoredRow]:
        return [StoredRow("molding", n, START + timedelta(seconds=n), {"x": n, "note": "-"}) for n in numbers]

    await store_rows(database.owner_dsn, rows(0))
    await writer.add("molding", ("x", 0, 0))
    async with serving(database.api_dsn, live=QUICK) as api, following(api, "molding") as told:
        await store_rows(database.owner_dsn, rows(1, 2))
        assert await some(told, 2) == [value("x", 1, 1), value("x", 2, 2)]


async def test_there_are_so_many_followers_and_no_more_and_they_hold_nobody_up(
    database: Database, writer: Writer
) -> None:
    await writer.add("lab", ("a", 0, 1))
    live = QUICK | {"followers_max": 2}
    async with serving(database.api_dsn, live=live, requests_max=1) as api:
        async with following(api, "lab"):
            async with following(api, "lab"):
                refused = await api.get("/stream/lab")
                assert refused.status_code == 429
                assert int(refused.headers["retry-after"]) >= 1
                assert (await api.get("/agg/lab")).status_code == 200
            await until_async(lambda: joins(api), 10, "there is room again")
        assert (await api.get("/stream/unknown")).status_code == 404


async def joins(api: httpx.AsyncClient) -> bool:
    async with api.stream("GET", "/stream/lab") as answer:
        return answer.status_code == 200


async def test_a_quiet_stream_gives_signs_of_life(
    database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastapi.routing._PING_INTERVAL", 0.1)
    await writer.add("lab", ("a", 0, 1))
    async with serving(database.api_dsn) as api, api.stream("GET", "/stream/lab") as answer:
        async with asyncio.timeout(10):
            assert await anext(answer.aiter_lines()) == ": ping"


def test_a_stop_ends_every_follower_within_a_second(database: Database, tmp_path) -> None:
    service = ServiceProcess("query-api", {"TIDELINE_POSTGRES_DSN": database.api_dsn}, tmp_path).wait_ready()

    async def scenario() -> float:
        connection = await asyncpg.connect(database.owner_dsn)
        await Writer(connection).add("lab", ("a", 0, 1))
        await connection.close()
        async with httpx.AsyncClient(base_url=service.url, trust_env=False, timeout=30) as client:
            answers = [await client.send(client.build_request("GET", "/stream/lab"), stream=True) for _ in range(20)]
            assert {answer.status_code for answer in answers} == {200}
            service.ask_to_end()
            begun = time.monotonic()
            await asyncio.gather(*(answer.aread() for answer in answers))
            return time.monotonic() - begun

    try:
        assert asyncio.run(scenario()) < 1
        until(lambda: service.exit_code is not None, 3, "it ends")
        assert service.exit_code == 0
    finally:
        service.kill()
