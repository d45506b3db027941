"""A query API inside the test's own process, on a real socket, with a clock of the test's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx

from chassis.server import Server, listen
from query_api.database import Database
from query_api.main import build_app
from query_api.settings import QueryApiSettings
from tests.support.waiting import until_async

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


NOWHERE = "http://127.0.0.1:9"
"""Where no producer is."""


def settings_for(dsn: str, limits: dict[str, Any], **others: Any) -> QueryApiSettings:
    """Settings as from a file: this database, these limits, and what else is named."""
    return QueryApiSettings.model_validate({"postgres_dsn": dsn, "limits": limits} | others)


@asynccontextmanager
async def serving(
    dsn: str,
    now: datetime = NOW,
    connected: bool = True,
    live: dict[str, Any] | None = None,
    producer_url: str = NOWHERE,
    producer: dict[str, Any] | None = None,
    more: dict[str, Any] | None = None,
    database_type: type[Database] = Database,
    **limits: Any,
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running query API on this database; ends when the service has ended."""
    settings = settings_for(
        dsn, limits, live=live or {}, producer_url=producer_url, producer=producer or {}, **(more or {})
    )
    stopping, database = asyncio.Event(), database_type(settings)
    server = Server(build_app(settings, database, stopping, lambda: now), stopping)
    sock = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    running = [asyncio.create_task(database.connect()), asyncio.create_task(server.serve(sockets=[sock]))]
    try:
        async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
            if connected:
                await until_async(lambda: _ready(client), what="the query API is ready")
            yield client
    finally:
        server.stop()
        running[0].cancel()
        await asyncio.wait(running, timeout=10)
        await database.close()


async def _ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/api/v1/ready")).status_code == 200


async def every_line(client: httpx.AsyncClient, path: str, **parameters: Any) -> tuple[list[dict[str, Any]], int]:
    """All lines of a JSON list by following its links, and the number of pages."""
    answer = await client.get(path, params=parameters)
    lines, pages = answer.raise_for_status().json(), 1
    while "next" in answer.links:
        answer = await client.get(answer.links["next"]["url"])
        lines += answer.raise_for_status().json()
        pages += 1
    return lines, pages
