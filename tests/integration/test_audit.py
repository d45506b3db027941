"""The audit passes on what processors wrote, and names exactly what somebody changed since."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.pipeline import readings, taken
from tests.support.publisher import publish
from tests.support.query_api import serving
from tests.support.stack import Stack

from contracts.topics import Topics

CHECKS = {
    "read",
    "counters",
    "batches",
    "ranges",
    "raw_counts",
    "removed",
    "dead_letters",
    "samples",
    "windows",
    "quarters",
}


def rows(stream: str, count: int) -> list[bytes]:
    """Dataset rows of the last hour, with numbers in several places."""
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    return [
        json.dumps(
            {
                "id": str(UUID(int=n)),
                "stream": stream,
                "row": n,
                "timestamp": (at + timedelta(seconds=n)).isoformat(),
                "data": {"a": n / 7, "ok": n % 2 == 0, "deep": {"b": -n * 1e9}, "note": "x"},
            }
        ).encode()
        for n in range(count)
    ]


async def audited(api: httpx.AsyncClient, **asked: str) -> dict[str, Any]:
    answer = await api.get("/api/v1/audit", params=asked)
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


@asynccontextmanager
async def auditing(database: Database, **more: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(database.api_dsn, now=datetime.now(UTC), more=more) as api:
        yield api


@pytest.fixture
async def written(stack: Stack, database: Database, topics: Topics, start_service: StartService) -> Database:
    """A database that a processor filled: readings, rows, dead letters, a deleted stream."""
    values = [*readings(3_000, seed=100), b"not json", *readings(500, seed=101, streams=4), b"{}"]
    publish(stack.kafka_bootstrap, topics.readings, values)
    publish(stack.kafka_bootstrap, topics.rows, rows("molding", 400))
    mixed = json.loads(readings(1, seed=102)[0]) | {"stream": "molding", "category": "a"}
    publish(stack.kafka_bootstrap, topics.readings, [json.dumps(mixed).encode()])
    processor = start_service("processor", TIDELINE_BATCH__RECORDS="500").wait_ready()
    await taken(database, len(values) + 401)
    processor.kill()
    return database


async def test_what_processors_wrote_passes(written: Database) -> None:
    async with auditing(written) as api:
        report = await audited(api)
        assert report["findings"] == []
        assert report["result"] == "PASS"
        assert {check["name"]: check["result"] for check in report["checks"]} == dict.fromkeys(CHECKS, "PASS")
