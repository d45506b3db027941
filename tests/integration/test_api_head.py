"""HEAD answers what GET would, without a body, and costs nothing beyond the headers."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest
from tests.support.databases import Database
from tests.support.query_api import serving
from tests.support.stored import Stored, store
from tests.support.waiting import until_async

START = datetime(2026, 2, 1, tzinfo=UTC)
PATHS = (
    "/api/v1/health",
    "/api/v1/ready",
    "/api/v1/series",
    "/api/v1/raw-data?limit=2",
    "/api/v1/raw-data?stream=demo&format=csv",
    "/api/v1/processed-data?step=1h",
    "/api/v1/raw-data?limit=0",
    "/api/v1/streams",
    "/api/v1/streams/nobody",
    "/prices/average?start_date=2025-01-06",
    "/nowhere",
    "/openapi.json",
    "/docs",
    "/",
)


def names_and_values(answer: httpx.Response) -> dict[str, str]:
    """Its headers, but for how a streamed body is cut."""
    return {name: value for name, value in answer.headers.items() if name != "transfer-encoding"}


async def test_it_has_the_status_and_headers_of_get_and_no_body(database: Database, subtests: pytest.Subtests) -> None:
    await store(database.owner_dsn, [Stored("demo", "t", START + timedelta(seconds=n), 1.0) for n in range(5_000)])
    async with serving(database.api_dsn) as api:
        for path in PATHS:
            with subtests.test(path=path):
                get, head = await api.get(path), await api.head(path)
                assert head.status_code == get.status_code
                assert head.content == b""
                assert names_and_values(head) == names_and_values(get)
        known = {"If-None-Match": (await api.get("/api/v1/series")).headers["etag"]}
        assert (await api.head("/api/v1/series", headers=known)).status_code == 304
        refused = await api.head("/api/v1/events")
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


async def test_endless_and_long_answers_end_behind_their_headers(database: Database) -> None:
    await store(database.owner_dsn, [Stored("demo", "t", START + timedelta(seconds=n), 1.0) for n in range(20_000)])
    owner = await asyncpg.connect(database.owner_dsn)
    async with serving(database.api_dsn, live={"clients_max": 1}, rows_fetched=100, requests_max=1) as api:
        for path in ("/api/v1/live", "/api/v1/live", "/stream/demo", "/stream/demo", "/api/v1/raw-data?format=csv"):
            async with asyncio.timeout(5):
                answer = await api.head(path)
            assert (answer.status_code, answer.content) == (200, b"")

        async def idle() -> bool:
            active = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'tideline_api' AND state = 'active'"
            return not await owner.fetchval(active) and (await api.get("/api/v1/series")).status_code == 200

        await until_async(idle, 5, "nothing is read any more")
        async with api.stream("GET", "/api/v1/live") as live:
            assert live.status_code == 200
    await owner.close()


async def test_a_connection_is_kept_after_a_head(database: Database) -> None:
    async with serving(database.api_dsn) as api:
        reader, writer = await asyncio.open_connection(api.base_url.host, api.base_url.port)
        for path in ("/api/v1/raw-data?format=csv", "/api/v1/series", "/api/v1/health"):
            writer.write(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            async with asyncio.timeout(5):
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.close()
