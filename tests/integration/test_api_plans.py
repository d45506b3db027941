"""With a million windows no question of the API makes Postgres read a large table from end to end, and averages of days
are read from quarters alone, whatever is behind these."""

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from tests.support import databases
from tests.support.plans import nodes, plan_of, scanned
from tests.support.query_api import NOW, serving, settings_for
from tests.support.stored import ROW_COUNTS, SERIES_COUNTS, Stored, store
from tests.support.waiting import until_async

from query_api.database import Database, session

WINDOWS = """
INSERT INTO windows SELECT series.id, minute, 1, 0, 0, 0, minute, 0, minute, 0
FROM series, generate_series('2026-02-01Z'::timestamptz, '2026-02-28 18:39Z'::timestamptz, '1 minute') AS minute
"""
QUARTERS = """
INSERT INTO quarters
SELECT series_id, date_bin('15 min', minute, '2000-01-01Z'), count(*), 0, 0, 0, min(minute), 0, max(minute), 0, 32767
FROM windows GROUP BY 1, 2
"""
RAW = """
INSERT INTO raw_readings SELECT series_id, minute, md5(minute::text)::uuid, 0 FROM windows WHERE minute >= '2026-02-26Z'
"""
ROWS = """
INSERT INTO raw_rows
SELECT 'demo-' || n % 5, '2026-02-01Z'::timestamptz + n * interval '1 second', md5(n::text)::uuid, n, '{"c4": 1}'
FROM generate_series(1, 50000) n
"""
BATCHES = """
INSERT INTO batches
SELECT 1, 'readings', p, 1, n, n + 1, 1, 0, 0, 1 FROM generate_series(0, 5) p, generate_series(0, 20000) n
"""
OFFSETS = """
INSERT INTO offsets (topic, partition, start_offset, next_offset)
SELECT 'readings', p, 0, 20001 FROM generate_series(0, 5) p
"""
STREAMS = """
INSERT INTO streams (id, kind, desired, state)
SELECT 'demo-' || n, CASE n WHEN 4 THEN 'dataset' ELSE 'simulation' END, 'running', 'running'
FROM generate_series(1, 4) n
"""
DAYS = (
    "/api/v1/daily-averages?start_date=2026-02-01&end_date=2026-02-28&tz=Australia/Lord_Howe",
    "/api/v1/daily-averages?start_date=2026-02-01&end_date=2026-02-28&stream=demo-1&tz=Asia/Kathmandu",
    "/prices/average?start_date=2026-02-01&end_date=2026-02-28",
)
QUESTIONS = (
    "/",
    "/tasks",
    "/agg/demo-1",
    "/api/v1/streams",
    "/api/v1/streams/demo-1",
    "/api/v1/series",
    "/api/v1/raw-data",
    "/api/v1/raw-data?stream=demo-1&category=c1&start=2026-02-27",
    "/api/v1/raw-data?stream=demo-4",
    "/api/v1/raw-rows",
    "/api/v1/raw-rows?stream=demo-1&fields=a,b",
    "/api/v1/processed-data",
    "/api/v1/processed-data?start=2026-02-05T00:07:00Z&end=2026-02-20T11:11:00Z",
    "/api/v1/processed-data?step=1m&start=2026-02-22",
    "/api/v1/processed-data?step=15m&stream=demo-1",
    "/api/v1/processed-data?step=1d&tz=Asia/Kathmandu",
    *DAYS,
)


STATEMENTS = {Path(file.name).stem for file in (files("query_api") / "sql").iterdir() if file.name.endswith(".sql")}
PROOF = ("lag", "audit", "dead", "ledger")
"""Statements about what Kafka holds beside Postgres have tests of their own."""


async def fill(dsn: str) -> None:
    owner = await asyncpg.connect(dsn)
    await owner.execute("SELECT ensure_raw_partitions('{2026-01-01Z,2026-02-01Z,2026-03-01Z}')")
    pairs = [(f"demo-{n % 5}" if n else "prices", f"c{n}") for n in range(25)]
    await owner.execute("SELECT series_ids($1, $2, 1000)", *map(list, zip(*pairs, strict=True)))
    for filling in (WINDOWS, QUARTERS, SERIES_COUNTS, RAW, ROWS, ROW_COUNTS, STREAMS, BATCHES, OFFSETS):
        await owner.execute(filling)
    assert await owner.fetchval("SELECT count(*) FROM windows") == 1_000_000
    await owner.execute("ANALYZE")
    await owner.close()


class Recording(Database):
    """Remembers what it was asked."""

    asked: list[tuple[str, tuple[Any, ...]]]

    async def fetch(self, name: str, *values: Any) -> list[asyncpg.Record]:
        self.asked.append((name, values))
        return await super().fetch(name, *values)


async def poll_once(api: httpx.AsyncClient, path: str, name: str, since: str = "") -> None:
    """Stay connected until this statement was asked, going on behind an event."""

    async def is_asked() -> bool:
        return name in {asked for asked, _ in Recording.asked}

    async with api.stream("GET", path, headers={"Last-Event-ID": since}) as answer:
        assert answer.status_code == 200
        await until_async(is_asked, 5, "it looked for news", every_s=0.01)


async def test_no_question_scans_a_large_table(database: databases.Database) -> None:
    await fill(database.owner_dsn)
    Recording.asked = []
    async with serving(database.api_dsn, now=NOW, database_type=Recording) as api:
        for question in QUESTIONS:
            answer = await api.get(question)
            assert answer.status_code == 200, (question, answer.text)
            assert answer.json(), question
        assert (await api.get("/api/v1/raw-rows?stream=demo-1&end=2020-01-01")).json() == []
        await poll_once(api, "/api/v1/live", "changes")
        await poll_once(api, "/stream/demo-1", "values_beyond")
        await poll_once(api, "/stream/demo-1", "series_of_stream", since="2026-02-01T00:00:00Z")
    reader = await asyncpg.connect(database.api_dsn, server_settings=session(settings_for(database.api_dsn, {})))
    plans = {(name, str(values)): await plan_of(reader, name, values) for name, values in Recording.asked}
    filled = "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= 10000"
    large = {row["relname"] for row in await reader.fetch(filled)}
    await reader.close()
    assert {"windows", "quarters", "batches", "raw_readings_202602", "raw_rows_202602"} <= large
    asked = {name for name, _ in plans}
    assert {name for name in STATEMENTS - asked if not name.startswith(PROOF)} == set()
    for (name, values), plan in plans.items():
        assert not set(scanned(plan, "Seq Scan")) & large, (name, values[:500])


async def test_averages_of_days_read_nothing_but_quarters(database: databases.Database) -> None:
    """Then they cost the same with a thousand readings a day or ten million."""
    at = datetime(2026, 2, 5, 12, tzinfo=UTC)
    await store(database.owner_dsn, [Stored(stream, "c", at, 1.0) for stream in ("demo-1", "prices")])
    Recording.asked = []
    async with serving(database.api_dsn, now=NOW, database_type=Recording) as api:
        for question in DAYS:
            assert (await api.get(question)).json(), question
    reader = await asyncpg.connect(database.api_dsn, server_settings=session(settings_for(database.api_dsn, {})))
    plans = [await plan_of(reader, name, values) for name, values in Recording.asked if name != "alive"]
    await reader.close()
    assert len(plans) >= len(DAYS)
    for plan in plans:
        assert {node["Relation Name"] for node in nodes(plan) if "Relation Name" in node} <= {"quarters", "series"}
