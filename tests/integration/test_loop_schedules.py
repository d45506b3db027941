"""The processor's loop on a fake consumer and a real Postgres, under random schedules of faults.

Each schedule: up to three loops share four partitions; they are killed, rebalanced and made to fight over the same
partitions; statements fail, answers to COMMIT are lost, records are delivered twice. Then an independent recount.
"""

import asyncio
import json
import os
import random
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from aiokafka import TopicPartition
from services.processor.tests.makers import NOON
from tests.support import databases
from tests.support.databases import Database
from tests.support.fake_kafka import FakeConsumer, FakeLog
from tests.support.publisher import Record
from tests.support.recount import assert_exact
from tests.support.stack import Stack
from tests.support.tables import broken_invariants
from tests.support.waiting import until_async

from processor.consume import Loop
from processor.metrics import Metrics
from processor.pipeline import Pipeline
from processor.settings import BatchSettings, ProcessorSettings
from processor.write import prepare_connection

SCHEDULES = int(os.environ.get("TIDELINE_TEST_SCHEDULES", "300"))
FIRST = int(os.environ.get("TIDELINE_TEST_FIRST_SCHEDULE", "0"))
"""With one schedule: the one to run again."""
ENOUGH = 50
"""In so many schedules everything happens that can."""
SIDE_BY_SIDE = 4
PARTITIONS = [TopicPartition("readings", n) for n in range(4)]
SETTINGS = ProcessorSettings(batch=BatchSettings(records=40, wait_ms=5))
TABLES = (
    "raw_readings, raw_rows, windows, quarters, series_counts, row_counts,"
    " offsets, batches, gaps, removed, dead_letters"
)


class Killed(BaseException):
    """The process is gone; nothing may catch it."""


class Faults:
    """What may happen at each point of a transaction."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.on = True

    def reach(self, point: str) -> None:
        if self.on and self._rng.random() < 0.02:
            raise self._rng.choice([Killed(point), ConnectionResetError(point), OSError(point)])


class Member:
    """A processor copy: a loop, its consumer, its connections."""

    def __init__(self, log: FakeLog, dsn: str, faults: Faults, rng: random.Random, metrics: Metrics) -> None:
        self.consumer = FakeConsumer(log, rng)
        self.loop = Loop(SETTINGS, metrics, faults)  # type: ignore[arg-type]
        self._dsn, self._faults, self._rng, self._metrics = dsn, faults, rng, metrics
        self.work = asyncio.create_task(self._run())

    async def _run(self) -> None:
        pool = await asyncpg.create_pool(self._dsn, min_size=1, max_size=3, init=prepare_connection)
        try:
            pipeline = Pipeline(pool, "readings", SETTINGS, self._metrics, self._faults)  # type: ignore[arg-type]
            await self.loop.run(self.consumer, pool, pipeline)
        except Killed:
            pass
        finally:
            pool.terminate()

    async def own(self, partitions: list[TopicPartition]) -> None:
        """A rebalance, as this member sees it."""
        try:
            await self.loop.on_partitions_revoked(sorted(self.consumer.assignment()))
        except (Killed, OSError):
            self.work.cancel()
        for _ in range(self._rng.choice([0, 0, 3, 30])):  # the others have to join; until then the old ones are named
            await asyncio.sleep(0)
        self.consumer.assign(partitions)
        await self.loop.on_partitions_assigned(partitions)


def make_log(rng: random.Random) -> FakeLog:
    """Valid readings, repeats of them (here and in other partitions) and a few that must be refused."""
    made: list[bytes] = []
    parts: dict[TopicPartition, list[bytes]] = {partition: [] for partition in PARTITIONS}
    for n in range(rng.randint(100, 500)):
        at = NOON - timedelta(milliseconds=rng.randrange(1_200_000))
        value = rng.choice([rng.gauss(20, 5), rng.uniform(-1e15, 1e15), float(rng.randint(0, 9))])
        fields = {
            "id": str(UUID(int=rng.randrange(1 << 20) << 64 | n)),
            "stream": f"s{rng.randrange(2)}",
            "category": f"c{rng.randrange(3)}",
            "timestamp": at.isoformat().replace("+00:00", "Z"),
            "value": value,
        }
        text = json.dumps(fields).encode()
        if made and rng.random() < 0.1:
            text = rng.choice(made)
        elif rng.random() < 0.03:
            text = rng.choice(
                [b"{", json.dumps(fields | {"id": "x"}).encode(), json.dumps(fields | {"value": True}).encode()]
            )
        made.append(text)
        parts[rng.choice(PARTITIONS)].append(text)
    return FakeLog(parts)


async def run_schedule(database: Database, seed: int, metrics: Metrics) -> None:
    rng = random.Random(seed)
    log, faults = make_log(rng), Faults(rng)
    ever: list[Member] = []

    def make() -> Member:
        ever.append(Member(log, database.processor_dsn, faults, rng, metrics))
        return ever[-1]

    members = [make() for _ in range(rng.randint(1, 3))]
    connection = await asyncpg.connect(database.owner_dsn)
    left = rng.randint(5, 25)

    async def done() -> bool:
        nonlocal left
        assert await broken_invariants(connection) == []  # at every moment, not only at the end
        await assert_mirror_not_ahead(connection, members)
        faults.on = left > 0
        if rng.random() < 0.2 and left:
            left -= 1
            await disturb(members, rng, make)
        for n, member in enumerate(members):
            if member.work.done() and not left:
                members[n] = make()
                await rebalance(members, rng)
        taken = await connection.fetchval("SELECT coalesce(sum(next_offset), 0)::int8 FROM offsets")
        return bool(taken == len(log))

    try:
        await rebalance(members, rng)
        await until_async(done, 120, f"schedule {seed} ends", every_s=0.02)
        for member in members:
            member.loop.stop()
        await asyncio.wait([member.work for member in members], timeout=10)
        records = [
            Record(partition.partition, record.offset, None, record.value)
            for partition, part in log.records.items()
            for record in part
        ]
        await assert_exact(database.owner_dsn, records)
    finally:
        await end(ever)
        await connection.close()


async def end(members: list[Member]) -> None:
    """All that ever were: one that lives on writes its log into the next schedule. More than one cancellation may be
    needed, as Python 3.11's wait_for swallows one that comes together with its answer."""
    while alive := [member.work for member in members if not member.work.done()]:
        for work in alive:
            work.cancel()
        await asyncio.wait(alive, timeout=1)
    await asyncio.gather(*(member.work for member in members), return_exceptions=True)


async def assert_mirror_not_ahead(connection: asyncpg.Connection, members: list[Member]) -> None:
    """What Kafka is told was stored before."""
    told = [dict(member.consumer.committed) for member in members]
    stored = {
        TopicPartition("readings", line["partition"]): line["next_offset"]
        for line in await connection.fetch("SELECT partition, next_offset FROM offsets")
    }
    for offsets in told:
        assert all(offset <= stored.get(partition, 0) for partition, offset in offsets.items())


async def disturb(members: list[Member], rng: random.Random, make: Callable[[], Member]) -> None:
    """A member is replaced, or partitions move."""
    for n, member in enumerate(members):
        if member.work.done() or rng.random() < 0.1:
            member.work.cancel()
            members[n] = make()
    await rebalance(members, rng)


async def rebalance(members: list[Member], rng: random.Random) -> None:
    """Every partition gets an owner; now and then two, as when a paused process wakes up."""
    owned: list[list[TopicPartition]] = [[] for _ in members]
    for partition in PARTITIONS:
        for owner in rng.sample(range(len(members)), 2 if len(members) > 1 and rng.random() < 0.1 else 1):
            owned[owner].append(partition)
    for member, partitions in zip(members, owned, strict=True):
        await member.own(partitions)


@pytest.mark.timeout(1_800 + 3 * SCHEDULES)
async def test_every_schedule_ends_exact(stack: Stack, migrated_template: str) -> None:
    metrics = Metrics()
    seeds = iter(range(FIRST, FIRST + SCHEDULES))

    async def work() -> None:
        with ExitStack() as opened:
            # In a thread: to drop a database, Postgres waits for all its sessions, which this thread serves.
            database = await asyncio.to_thread(opened.enter_context, databases.copy_of(stack, migrated_template))
            connection = await asyncpg.connect(database.owner_dsn)
            for seed in seeds:
                await run_schedule(database, seed, metrics)
                await connection.execute(f"TRUNCATE {TABLES}")
            await connection.close()
            await asyncio.to_thread(opened.close)

    await asyncio.gather(*(work() for _ in range(SIDE_BY_SIDE)))
    if SCHEDULES >= ENOUGH:
        count = metrics.registry.get_sample_value
        assert count("tideline_processor_fenced_total"), "no schedule fenced anybody: they are too tame"
        assert count("tideline_processor_retries_total"), "no schedule made a transaction fail"
