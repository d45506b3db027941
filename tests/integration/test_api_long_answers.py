"""Answers without a page limit: constant memory, never cut short unseen, and no reader holds a place for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest
from tests.support.databases import Database
from tests.support.processes import ServiceProcess
from tests.support.query_api import serving
from tests.support.stored import fill_one_series
from tests.support.waiting import until_async

MANY = 300_000


@pytest.mark.parametrize("form", ["ndjson", "csv"])
async def test_a_long_answer_takes_no_memory_that_grows_with_it(database: Database, tmp_path: Path, form: str) -> None:
    await fill_one_series(database.owner_dsn, MANY)
    service = ServiceProcess("query-api", {"TIDELINE_POSTGRES_DSN": database.api_dsn}, tmp_path)
    try:
        await asyncio.to_thread(service.wait_ready)
        process, lines, peak = psutil.Process(service.pid), 0, 0
        async with httpx.AsyncClient(base_url=service.url, trust_env=False, timeout=60) as api:
            await api.get("/api/v1/raw-data", params={"limit": 10_000})
            before = process.memory_info().rss
            async with api.stream("GET", "/api/v1/raw-data", params={"format": form}) as answer:
                async for chunk in answer.aiter_bytes(1 << 20):
                    lines += chunk.count(b"\n")
                    peak = max(peak, process.memory_info().rss)
        assert lines == MANY + 1 + (form == "csv")
        assert peak - before < 25_000_000
    finally:
        service.kill()


async def lines_read(api: httpx.AsyncClient, path: str, at_first: Callable[[], Awaitable[object]]) -> list[int]:
    """How many lines came in each piece until the connection broke; `at_first` is awaited after the first piece."""
    pieces: list[int] = []
    try:
        async with api.stream("GET", path, headers={"Accept-Encoding": "identity"}) as answer:
            assert answer.status_code == 200
            async for chunk in answer.aiter_raw():
                if not pieces:
                    await at_first()
                pieces.append(chunk.count(b"\n"))
    except httpx.RemoteProtocolError:
        return pieces
    raise AssertionError("the answer looks whole")


async def test_an_answer_that_cannot_be_finished_is_broken_off(database: Database) -> None:
    await fill_one_series(database.owner_dsn, 50_000)
    owner = await asyncpg.connect(database.owner_dsn)
    async with serving(database.api_dsn, rows_fetched=1_000, statement_ms=300) as api:
        async with owner.transaction():
            lock = partial(owner.execute, "LOCK TABLE raw_readings")
            assert 0 < sum(await lines_read(api, "/api/v1/raw-data?format=csv", lock)) < 50_000
        assert (await api.get("/api/v1/raw-data")).status_code == 200
    await owner.close()


async def test_a_reader_that_takes_nothing_loses_its_place(database: Database) -> None:
    await fill_one_series(database.owner_dsn, MANY)
    async with serving(database.api_dsn, requests_max=1, send_s=0.3) as api:
        reader, writer = await asyncio.open_connection(api.base_url.host, api.base_url.port, limit=1_000)
        writer.write(b"GET /api/v1/raw-data?format=ndjson HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        assert (await api.get("/api/v1/series")).status_code == 429

        async def has_a_place() -> bool:
            return (await api.get("/api/v1/series")).status_code == 200

        await until_async(has_a_place, within_s=5, what="the place is free")
        writer.close()


async def test_a_stop_breaks_long_answers_off_at_once(database: Database, tmp_path: Path) -> None:
    await fill_one_series(database.owner_dsn, MANY)
    env = {"TIDELINE_POSTGRES_DSN": database.api_dsn, "TIDELINE_LIMITS__ROWS_FETCHED": "100"}
    service = ServiceProcess("query-api", env, tmp_path)
    try:
        await asyncio.to_thread(service.wait_ready)
        async with httpx.AsyncClient(base_url=service.url, trust_env=False) as api:
            ends: list[asyncio.Task[int]] = []

            async def stop() -> None:
                ends.append(asyncio.create_task(asyncio.to_thread(service.terminate, 2)))

            assert sum(await lines_read(api, "/api/v1/raw-data?format=ndjson", stop)) < MANY
            assert await ends[0] == 0
    finally:
        service.kill()


async def test_neither_readers_that_take_nothing_nor_slow_queries_delay_a_stop(
    database: Database, tmp_path: Path
) -> None:
    await fill_one_series(database.owner_dsn, MANY)
    service = ServiceProcess("query-api", {"TIDELINE_POSTGRES_DSN": database.api_dsn}, tmp_path)
    owner = await asyncpg.connect(database.owner_dsn)
    writers = []
    try:
        await asyncio.to_thread(service.wait_ready)
        for path in ("/api/v1/raw-data?format=ndjson", "/api/v1/raw-data?format=csv", "/api/v1/live", "/stream/demo"):
            reader, writer = await asyncio.open_connection("127.0.0.1", service.port, limit=1_000)
            writers.append(writer)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        async with owner.transaction():
            await owner.execute("LOCK TABLE series")
            waiting, writer = await asyncio.open_connection("127.0.0.1", service.port)
            writers.append(writer)
            writer.write(b"GET /api/v1/series HTTP/1.1\r\nHost: localhost\r\n\r\n")
            waits = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"
            await until_async(lambda: owner.fetchval(waits), what="the query waits", every_s=0.01)
            assert await asyncio.to_thread(service.terminate, 2) == 0
        assert (await waiting.readline()).startswith(b"HTTP/1.1 503")
        assert "Traceback" not in service.log
    finally:
        service.kill()
        for writer in writers:
            writer.close()
        await owner.close()
