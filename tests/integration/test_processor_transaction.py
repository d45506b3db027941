"""The processor's transaction on a real Postgres: who may move a partition, in which order locks are taken, and what
the ledger says of offsets that nobody got."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import asyncpg
import numpy as np
import pytest
from aiokafka import TopicPartition
from services.processor.tests.makers import NOON, FakeRecord, later, wire
from tests.support.databases import Database
from tests.support.fake_kafka import FakeConsumer, FakeLog
from tests.support.tables import broken_invariants
from tests.support.waiting import until_async

from processor import offsets, write
from processor.aggregate import windows_of
from processor.columns import microseconds
from processor.consume import Loop
from processor.errors import Fenced
from processor.failpoints import Failpoint
from processor.metrics import Metrics
from processor.pipeline import Pipeline
from processor.plan import Batch, Claim, Gap, RowRecord, Samples, Windows
from processor.settings import ProcessorSettings
from processor.write import prepare_connection


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[asyncpg.Pool]:
    made = await asyncpg.create_pool(database.processor_dsn, min_size=1, max_size=3, init=prepare_connection)
    yield made
    made.terminate()


def pipeline(pool: asyncpg.Pool) -> Pipeline:
    return Pipeline(pool, "readings", ProcessorSettings(), Metrics(), Failpoint(""))


async def claimed(pool: asyncpg.Pool, partition: int = 0) -> Claim:
    async with pool.acquire() as connection:
        return await offsets.claim(connection, "readings", partition, 0)


def batch(claim: Claim, numbers: list[int], gaps: tuple[Gap, ...] = ()) -> Batch:
    """The readings that stand at these offsets."""
    records = [FakeRecord(n, wire(claim.partition * 1_000 + n, at=later(seconds=n))) for n in numbers]
    return Batch(claim, claim.next_offset, numbers[-1] + 1, records, gaps)


async def commit(pool: asyncpg.Pool, *batches: Batch) -> None:
    work = pipeline(pool)
    await work.commit(await work.prepare(batches))


async def holds(pool: asyncpg.Pool, *batches: Batch) -> bool:
    async with pool.acquire() as connection, connection.transaction():
        try:
            await offsets.hold(connection, batches)
        except Fenced:
            return False
        return True


async def test_a_partition_moves_only_for_who_claimed_it_last(pool: asyncpg.Pool) -> None:
    former = await claimed(pool)
    assert await holds(pool, batch(former, [0]))
    owner = await claimed(pool)
    assert not await holds(pool, batch(former, [0])), "another has claimed it since, though nothing has moved"
    assert await holds(pool, batch(owner, [0]))


async def test_a_partition_moves_only_from_where_it_stands(pool: asyncpg.Pool) -> None:
    claim = await claimed(pool)
    await commit(pool, batch(claim, [0, 1]))
    assert not await holds(pool, batch(claim, [0, 1]))
    assert not await holds(pool, batch(replace(claim, next_offset=3), [3]))
    assert await holds(pool, batch(replace(claim, next_offset=2), [2]))


async def test_one_partition_that_was_lost_fences_the_whole_transaction(pool: asyncpg.Pool) -> None:
    first, second = await claimed(pool, 0), await claimed(pool, 1)
    await claimed(pool, 1)
    with pytest.raises(Fenced, match="1 of 2"):
        await commit(pool, batch(first, [0]), batch(second, [0]))
    assert await pool.fetchval("SELECT sum(next_offset)::int FROM offsets") == 0
    assert await pool.fetchval("SELECT count(*) FROM raw_readings") == 0


async def test_a_batch_committed_twice_counts_once(pool: asyncpg.Pool, database: Database) -> None:
    """What a process does whose COMMIT went through though it never heard so."""
    claim = await claimed(pool)
    await commit(pool, batch(claim, [0, 1, 2]))
    with pytest.raises(Fenced):
        await commit(pool, batch(claim, [0, 1, 2]))
    assert await pool.fetchval("SELECT sum(count)::int FROM windows") == 3
    await assert_invariants(database)


async def test_a_commit_that_fails_is_an_error_and_nothing_is_stored(pool: asyncpg.Pool, database: Database) -> None:
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute("""
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE serialization_failure; END $$;
        CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON batches DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION fail();
    """)
    claim = await claimed(pool)
    with pytest.raises(asyncpg.SerializationError):
        await commit(pool, batch(claim, [0, 1]))
    assert await owner.fetchval("SELECT count(*) FROM raw_readings") == 0
    await owner.execute("DROP TRIGGER fail ON batches")
    await commit(pool, batch(claim, [0, 1]))
    await owner.close()
    await assert_invariants(database)


async def test_a_transaction_that_failed_moves_nothing_and_is_made_again(
    pool: asyncpg.Pool, database: Database
) -> None:
    """Another session holds the offsets for longer than the processor waits."""
    partition = TopicPartition("readings", 0)
    consumer = FakeConsumer(FakeLog({partition: []}), random.Random(1))
    consumer.assign([partition])
    metrics, settings = Metrics(), ProcessorSettings()
    loop = Loop(settings, metrics, Failpoint(""))
    working = asyncio.create_task(
        loop.run(consumer, pool, Pipeline(pool, "readings", settings, metrics, Failpoint("")))
    )
    await until_async(lambda: told(consumer, {partition: 0}), 10, "the partition was claimed, and Kafka told so")
    owner = await asyncpg.connect(database.owner_dsn)
    async with owner.transaction():
        await owner.execute("SELECT FROM offsets FOR UPDATE")
        consumer.log.records[partition] += [FakeRecord(n, wire(n, at=later(seconds=n))) for n in range(5)]
        await until_async(lambda: failed(metrics), 15, "the processor gave up waiting")
        assert consumer.committed == {partition: 0}
    await until_async(lambda: told(consumer, {partition: 5}), 15, "it was made again")
    assert await owner.fetchval("SELECT sum(count)::int FROM windows") == 5
    loop.stop()
    await working
    await owner.close()


async def told(consumer: FakeConsumer, offsets: dict[TopicPartition, int]) -> bool:
    return consumer.committed == offsets


async def failed(metrics: Metrics) -> bool:
    return bool(metrics.registry.get_sample_value("tideline_processor_retries_total"))


async def test_the_memory_of_readings_is_a_hint_and_never_an_authority(pool: asyncpg.Pool, database: Database) -> None:
    """It may know readings that Postgres does not have: it may be an older copy of itself."""
    work, taken = pipeline(pool), batch(await claimed(pool), [0, 1, 2])
    work._recent.remember((await work.prepare([taken])).readings)
    plan = await work.prepare([taken])
    assert plan.suspects.all()
    await work.commit(plan)
    assert await pool.fetchval("SELECT count(*) FROM raw_readings") == 3
    await assert_invariants(database)


async def test_windows_that_are_sent_in_pieces_are_written_once_each(pool: asyncpg.Pool, database: Database) -> None:
    count = write.AGGREGATES_SENT + 1
    records = [FakeRecord(n, wire(n, at=later(minutes=-n))) for n in range(count)]
    await commit(pool, Batch(await claimed(pool), 0, count, records))
    assert await pool.fetchval("SELECT (count(*), sum(count), max(count)) FROM windows") == (count, count, 1)
    await assert_invariants(database)


async def test_a_claim_ends_with_the_server_that_gave_it(pool: asyncpg.Pool) -> None:
    """Postgres may come back as an older copy of itself."""
    claim = await claimed(pool)
    assert claim.server is not None
    assert not await holds(pool, batch(replace(claim, server=claim.server - timedelta(seconds=1)), [0]))


async def test_the_ledger_covers_offsets_that_nobody_got(pool: asyncpg.Pool, database: Database) -> None:
    claim = await claimed(pool)
    await commit(pool, batch(claim, [1, 2, 5], gaps=(Gap(0, 1), Gap(3, 5))))
    line = await pool.fetchrow("SELECT first_offset, next_offset, accepted FROM batches")
    assert tuple(line) == (0, 6, 3)
    await assert_invariants(database)


async def test_times_of_rows_are_exact_in_all_centuries(pool: asyncpg.Pool) -> None:
    times = [-9_800_000_000_000_001, 9_100_000_000_000_001]  # 1659 and 2258
    rows = [RowRecord("s", at, UUID(int=n), n, "{}") for n, at in enumerate(times)]
    async with pool.acquire() as connection:
        await write.ensure_partitions(connection, times)
        await write.insert_rows(connection, rows[:1])
        assert (await write.insert_rows(connection, rows)).tolist() == [False, True]
        stored = await connection.fetch("SELECT timestamp FROM raw_rows ORDER BY row")
    assert [microseconds(line["timestamp"]) for line in stored] == times


async def test_a_month_whose_table_somebody_detached_is_an_error_and_not_tried_without_end(
    pool: asyncpg.Pool, database: Database
) -> None:
    await commit(pool, batch(await claimed(pool), [0]))
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute("ALTER TABLE raw_readings DETACH PARTITION raw_readings_202603")
    with pytest.raises(asyncpg.CheckViolationError, match="no partition"):
        await commit(pool, batch(await claimed(pool), [1]))
    await owner.execute("ALTER TABLE raw_readings_202603 RENAME TO kept")
    await commit(pool, batch(await claimed(pool), [1]))
    await owner.close()


@pytest.mark.parametrize("table", ["windows", "quarters"])
async def test_windows_are_locked_in_the_order_of_their_key_whatever_order_they_come_in(
    table: str, pool: asyncpg.Pool, database: Database
) -> None:
    """Else two writers that meet in the same windows wait for each other."""
    upsert = write.upsert_windows if table == "windows" else write.upsert_quarters
    both = windows_of(samples([1, 2]))
    backwards = turned(both)
    async with pool.acquire() as connection, connection.transaction():
        await upsert(connection, both)
    owner, writer = await asyncpg.connect(database.owner_dsn), await asyncpg.connect(database.processor_dsn)
    await prepare_connection(writer)
    async with owner.transaction():
        await owner.execute(f"SELECT FROM {table} WHERE series_id = 1 FOR UPDATE")
        async with writer.transaction():
            writing = asyncio.create_task(upsert(writer, backwards))
            await until_async(lambda: waits(pool, writer), 5, "the writer waits for the first window")
            assert await pool.fetchval(f"SELECT count(*) FROM (SELECT FROM {table} FOR UPDATE SKIP LOCKED) free") == 1
            await owner.execute("SELECT pg_cancel_backend($1)", writer.get_server_pid())
            with pytest.raises(asyncpg.QueryCanceledError):
                await writing
    await owner.close()
    writer.terminate()


def samples(series: list[int]) -> Samples:
    """One number for each of these series at noon."""
    count, noon_us = len(series), int(NOON.timestamp()) * 1_000_000
    at = np.full(count, noon_us, np.int64)
    return Samples(np.array(series, np.int32), at, np.ones(count), np.zeros(count, np.int32))


def turned(windows: Windows) -> Windows:
    """The same, last first."""
    columns = {name: getattr(windows, name) for name in Windows.__slots__}
    return Windows(
        **{name: tuple(part[::-1] for part in c) if name == "sums" else c[::-1] for name, c in columns.items()}
    )


async def waits(pool: asyncpg.Pool, connection: asyncpg.Connection) -> bool:
    found = await pool.fetchval("SELECT pg_blocking_pids($1)", connection.get_server_pid())
    return bool(found)


async def assert_invariants(database: Database) -> None:
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        assert await broken_invariants(connection) == []
    finally:
        await connection.close()
