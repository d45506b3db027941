"""An upgrade keeps what is there: migrations one by one from the first usable schema, data written before each."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from tests.support.databases import Database, database_at
from tests.support.stack import ROOT, Stack
from tests.support.tables import broken_invariants

from provision.schema import run_dbmate

MIGRATIONS = sorted((ROOT / "infra" / "postgres" / "migrations").glob("*.sql"))
RELEASED = 3
"""With tables, functions and roles, the schema could first be used."""
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SUM_UNIT = 2**62

WRITE = """
WITH reading AS (
    INSERT INTO raw_readings VALUES ($1, $2, gen_random_uuid(), $3)
), row AS (
    INSERT INTO raw_rows (stream, timestamp, id, row, data) VALUES ('s', $2, gen_random_uuid(), $4, '{"b": 1, "a": 2}')
), batch AS (
    INSERT INTO batches
        (generation, topic, partition, pass, first_offset, next_offset, accepted, duplicate, rejected, samples)
    VALUES (1, 'readings', 0, 1, 2 * $4, 2 * $4 + 2, 1, 0, 1, 1), (1, 'rows', 0, 1, $4, $4 + 1, 1, 0, 0, 0)
), letter AS (
    INSERT INTO dead_letters (generation, topic, partition, "offset", reason, detail, append_time)
    VALUES (1, 'readings', 0, 2 * $4 + 1, 'empty', 'nothing', $2)
), minute AS (
    INSERT INTO windows VALUES ($1, $2, 1, $5, $3, $3, $2, $3, $2, $3)
)
INSERT INTO quarters VALUES ($1, $2, 1, $5, $3, $3, $2, $3, $2, $3, 1)
"""
"""What the processor of that time wrote for a reading, a refused record and a row; each on a quarter of its own."""


@pytest.fixture
async def upgraded(stack: Stack, tmp_path: Path) -> AsyncIterator[Database]:
    """A database that has lived through every version, with two records and a row written under each."""
    database = database_at(stack, "upgraded")
    folder = tmp_path / "migrations"
    folder.mkdir()
    for file in MIGRATIONS[:RELEASED]:
        shutil.copy(file, folder)
    await run_dbmate(database.owner_dsn, folder, wait_s=20)
    owner = await asyncpg.connect(database.owner_dsn)
    try:
        await begin(owner)
        for version, file in enumerate(MIGRATIONS[RELEASED:]):
            await write(owner, version)
            shutil.copy(file, folder)
            assert await run_dbmate(database.owner_dsn, folder, wait_s=20) == [file.name]
        yield database
    finally:
        await owner.close()
        maintenance = await asyncpg.connect(stack.postgres_dsn.rpartition("/")[0] + "/postgres")
        await maintenance.execute("DROP DATABASE upgraded WITH (FORCE)")
        await maintenance.close()


async def begin(owner: asyncpg.Connection) -> None:
    await owner.execute("INSERT INTO series (stream, category) VALUES ('s', 'c')")
    await owner.execute(
        "INSERT INTO streams (id, kind, desired, state) VALUES ('s', 'simulation', 'running', 'running')"
    )
    await owner.execute("""
        INSERT INTO offsets (topic, partition, start_offset, next_offset)
        VALUES ('readings', 0, 0, 0), ('rows', 0, 0, 0)
    """)
    await owner.execute("SELECT ensure_raw_partitions(ARRAY[$1::timestamptz])", START)


async def write(owner: asyncpg.Connection, version: int) -> None:
    """The effects of one batch. Counts that later versions keep are written where there is a place for them."""
    at, value = START + timedelta(minutes=15 * version), 1.5 + version
    async with owner.transaction():
        await owner.execute(WRITE, 1, at, value, version, int(value * SUM_UNIT))
        if await owner.fetchval("SELECT to_regclass('row_counts') IS NOT NULL"):
            await owner.execute("INSERT INTO row_counts VALUES ('s', 1)")
            await owner.execute("UPDATE series_counts SET count = count + 1")
        await owner.execute(
            "UPDATE offsets SET next_offset = next_offset + 2, accepted = accepted + 1, rejected = rejected + 1"
            " WHERE topic = 'readings'"
        )
        await owner.execute(
            "UPDATE offsets SET next_offset = next_offset + 1, accepted = accepted + 1 WHERE topic = 'rows'"
        )


async def test_data_written_under_each_version_is_whole_in_the_newest(upgraded: Database) -> None:
    versions = len(MIGRATIONS) - RELEASED
    connection = await asyncpg.connect(upgraded.owner_dsn)
    try:
        assert await connection.fetchval("SELECT array_agg(value ORDER BY timestamp) FROM raw_readings") == [
            1.5 + n for n in range(versions)
        ]
        assert await connection.fetchval("SELECT sum(sum) FROM window_values") == sum(1.5 + n for n in range(versions))
        assert await connection.fetchval("SELECT count FROM series_counts") == versions
        assert await connection.fetchval("SELECT sum(rows)::int FROM row_counts WHERE stream = 's'") == versions
        assert await connection.fetchval("SELECT count(*) FROM dead_letters WHERE reason = 'empty'") == versions
        assert await connection.fetchval("SELECT state FROM streams WHERE id = 's'") == "running"
        assert await broken_invariants(connection) == []
    finally:
        await connection.close()
