"""The data of a deleted stream goes, in booked steps; no other stream's does, and nothing brings it back."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
from aiokafka import TopicPartition
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.pipeline import readings, taken
from tests.support.publisher import publish, read_all
from tests.support.recount import RAW, WINDOWS, recount
from tests.support.stack import Stack
from tests.support.stored import Stored, fill_one_series, store
from tests.support.tables import broken_invariants
from tests.support.waiting import until_async

from contracts.topics import Topics
from processor.remove import Remover

DELETED = (
    "INSERT INTO streams (id, kind, desired, state, delete_data) VALUES ($1, 'simulation', 'deleted', 'stopped', true)"
)


def rows(stream: str, count: int) -> list[bytes]:
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    return [
        json.dumps(
            {
                "id": str(UUID(int=n)),
                "stream": stream,
                "row": n,
                "timestamp": (at + timedelta(seconds=n)).isoformat(),
                "data": {"a": n, "ok": True, "note": "x"},
            }
        ).encode()
        for n in range(count)
    ]


async def test_a_deleted_stream_loses_its_data_and_no_other_does(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    first, dataset = readings(15_000, seed=40), rows("molding", 3_000)
    publish(stack.kafka_bootstrap, topics.readings, first)
    publish(stack.kafka_bootstrap, topics.rows, dataset)
    publish(stack.kafka_bootstrap, topics.rows, rows("other", 500))
    processor = start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    await taken(database, len(first) + 3_500)
    connection = await asyncpg.connect(database.owner_dsn)
    await connection.executemany(DELETED, [("lab-1",), ("molding",)])

    async def gone() -> bool:
        assert await broken_invariants(connection) == []  # at every step
        left = "SELECT count(*) FROM streams WHERE delete_data"
        return bool(await connection.fetchval(left) == 0)

    later = [value for value in readings(2_000, seed=41) if b"lab-1" not in value]
    await asyncio.gather(
        until_async(gone, 30, "the data is gone"),
        asyncio.to_thread(publish, stack.kafka_bootstrap, topics.readings, later),
    )
    await taken(database, len(first) + len(later) + 3_500)
    await assert_left(stack, database, topics, connection)
    booked = await connection.fetchrow("SELECT sum(rows) FILTER (WHERE table_name = 'raw_rows') FROM removed")
    assert booked[0] == 3_000

    processor.kill()  # what Kafka still holds does not bring it back
    start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    publish(stack.kafka_bootstrap, topics.readings, readings(10, seed=42, streams=1))
    await taken(database, len(first) + len(later) + 3_510)
    await assert_left(stack, database, topics, connection)
    await connection.close()


async def test_a_removal_that_is_killed_goes_on_with_the_next_processor(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    values = readings(20_000, seed=43)
    publish(stack.kafka_bootstrap, topics.readings, values)
    processor = start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    await taken(database, len(values))
    connection = await asyncpg.connect(database.owner_dsn)
    await connection.execute(DELETED, "lab-2")
    await until_async(
        lambda: connection.fetchval("SELECT count(*) > 0 FROM removed"), 20, "a step is done", every_s=0.005
    )
    processor.kill()
    assert await broken_invariants(connection) == []
    start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    await until_async(lambda: connection.fetchval("SELECT bool_and(NOT delete_data) FROM streams"), 30, "it is gone")
    assert await broken_invariants(connection) == []
    assert not await connection.fetchval(f"SELECT count(*) FROM ({RAW}) r WHERE stream = 'lab-2'")
    await connection.close()


READ_WHOLE = """
SELECT sum(seq_tup_read)::bigint FROM pg_stat_user_tables WHERE relname ~ '^(raw_readings_|windows$|quarters$)'
"""


class NoLogs:
    """A Kafka with nothing to wait for."""

    async def end_offsets(self, _partitions: object) -> dict[TopicPartition, int]:
        return {}

    def partitions_for_topic(self, _topic: str) -> set[int]:
        return set()


async def test_a_removal_reads_what_goes_and_not_what_stays(database: Database) -> None:
    await fill_one_series(database.owner_dsn, 100_000)
    at = datetime(2026, 2, 1, tzinfo=UTC)
    await store(database.owner_dsn, [Stored("lab-1", "t", at + timedelta(seconds=n), n) for n in range(300)])
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute(DELETED, "lab-1")
    before = await owner.fetchval(READ_WHOLE)
    async with asyncpg.create_pool(database.processor_dsn, min_size=1, max_size=1) as pool:
        await Remover(pool, NoLogs(), []).look()
        await pool.execute("SELECT pg_stat_force_next_flush()")
        assert await pool.fetchval(READ_WHOLE) == before
    left = "SELECT stream, count(*) FROM raw_readings r JOIN series s ON s.id = r.series_id GROUP BY stream"
    assert [tuple(row) for row in await owner.fetch(left)] == [("demo", 100_001)]
    assert await owner.fetchval("SELECT sum(rows) FROM removed WHERE table_name = 'raw_readings'") == 300
    await owner.close()


async def assert_left(stack: Stack, database: Database, topics: Topics, connection: asyncpg.Connection) -> None:
    """Everything but the deleted streams equals the recount; of them nothing is left."""
    wanted = recount(await asyncio.to_thread(read_all, stack.kafka_bootstrap, topics.readings))
    raw = {(s, c, at, UUID(int=i.int)): value for s, c, at, i, value in await connection.fetch(RAW)}
    assert raw == {event: value for event, value in wanted.events.items() if event[0] != "lab-1"}
    windows = await connection.fetch(WINDOWS)
    got = {((line["stream"], line["category"]), line["at"]): (line["count"], line["sum"]) for line in windows}
    expected = {key: window.line()[:2] for key, window in wanted.minutes.items() if key[0][0] != "lab-1"}
    assert {key: line for key, line in got.items() if key[0][0] != "other"} == expected
    assert {key[0] for key in got if key[0][0] == "other"} == {("other", "a"), ("other", "ok")}
    assert await connection.fetchval("SELECT count(*) FROM raw_rows") == 500
    assert await connection.fetchval("SELECT sum(count) FROM quarters") == await connection.fetchval(
        "SELECT sum(count) FROM windows"
    )
    assert await broken_invariants(connection) == []
