"""Changes of streams' states reach topic `streams`, however many wait and whatever happened to Kafka before."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
import pytest
from faststream.exceptions import IncorrectState
from faststream.kafka import KafkaBroker
from tests.chaos.conftest import through_kafka
from tests.support.databases import Database
from tests.support.proxy import Proxy
from tests.support.publisher import read_all
from tests.support.stack import Stack
from tests.support.streams import add_simulation, execute, row
from tests.support.waiting import until_async

from contracts.topics import Topics
from producer.announce import Announcer, control_broker
from producer.settings import ProducerSettings

START = datetime(2026, 3, 1, tzinfo=UTC)
WAITING = """
UPDATE streams SET unannounced = (
    SELECT jsonb_agg(jsonb_build_object(
        'change', n, 'state', 'running', 'run', n, 'reason', NULL, 'at', '2026-03-01T00:00Z'
    ))
    FROM generate_series(1, $1) n
)
"""


@asynccontextmanager
async def announcing(
    bootstrap: str, database: Database, topics: Topics
) -> AsyncIterator[tuple[Announcer, KafkaBroker]]:
    """An announcer of this database, and its broker, connected."""
    broker = control_broker(ProducerSettings.model_validate({"kafka_bootstrap": bootstrap}))
    pool = await asyncpg.create_pool(database.producer_dsn, min_size=1, max_size=1)
    announcer = Announcer(pool, broker, topics)
    await broker.start()
    try:
        yield announcer, broker
    finally:
        await broker.stop()
        pool.terminate()


def runs_told(stack: Stack, topics: Topics) -> list[int]:
    """The run of each announcement that Kafka has, in order."""
    return [json.loads(record.value or b"")["run"] for record in read_all(stack.kafka_bootstrap, topics.streams)]


async def test_a_connection_that_could_not_be_made_anew_is_made_the_next_time(
    stack: Stack, database: Database, topics: Topics
) -> None:
    await add_simulation(database.producer_dsn, "lab", START)
    async with announcing(stack.kafka_bootstrap, database, topics) as (announcer, broker):
        await broker.stop()  # what is left when Kafka refused a change, and then was away
        with pytest.raises(IncorrectState):
            await announcer.announce()
        await announcer.announce()
    assert runs_told(stack, topics) == [1]


async def test_more_changes_than_there_is_time_for_are_announced_bit_by_bit(
    stack: Stack, database: Database, topics: Topics, kafka_link: Proxy
) -> None:
    await add_simulation(database.producer_dsn, "lab", START)
    await execute(database.producer_dsn, WAITING, 50)
    async with announcing(through_kafka(kafka_link), database, topics) as (announcer, _):
        kafka_link.toxics.latency_s = 0.1
        await announcer.announce()
        left = len(json.loads((await row(database.producer_dsn, "lab"))["unannounced"]))
        assert 0 < left < 50
        kafka_link.heal()
        await announcer.announce()
    assert (await row(database.producer_dsn, "lab"))["unannounced"] == "[]"
    assert runs_told(stack, topics) == list(range(1, 51))


async def test_nobody_waits_for_a_stream_while_others_are_announced(
    stack: Stack, database: Database, topics: Topics, kafka_link: Proxy
) -> None:
    await add_simulation(database.producer_dsn, "lab", START)
    await execute(database.producer_dsn, WAITING, 50)
    await add_simulation(database.producer_dsn, "a", START)
    control = await asyncpg.connect(database.producer_dsn, server_settings={"lock_timeout": "1s"})
    async with announcing(through_kafka(kafka_link), database, topics) as (announcer, _):
        kafka_link.toxics.latency_s = 0.1
        announced = asyncio.create_task(announcer.announce())
        await until_async(lambda: told(stack, topics, 2), 10, "of two streams something is told")
        await control.execute("UPDATE streams SET desired = 'paused'")
        assert not announced.done()
        kafka_link.heal()
        await announced
    await control.close()
    assert json.loads((await row(database.producer_dsn, "a"))["unannounced"]) == []


async def told(stack: Stack, topics: Topics, count: int) -> bool:
    """Whether topic `streams` has so many records."""
    return len(await asyncio.to_thread(runs_told, stack, topics)) >= count
