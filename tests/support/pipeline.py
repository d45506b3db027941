"""Feed a processor and look at what it made of it."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from contracts.topics import Topics
from tests.support.databases import Database
from tests.support.publisher import publish, read_all
from tests.support.recount import Recount, assert_exact
from tests.support.stack import Stack
from tests.support.tables import broken_invariants
from tests.support.waiting import until_async

TAKEN = "SELECT coalesce(sum(accepted + duplicate + rejected), 0)::int8 FROM offsets"


def readings(count: int, seed: int, streams: int = 3) -> list[bytes]:
    """Seeded readings of the last hours before now: in and out of order, some twice."""
    rng = random.Random(seed)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    made: list[bytes] = []
    for _ in range(count):
        if made and rng.random() < 0.03:
            made.append(rng.choice(made))
            continue
        at = start + timedelta(milliseconds=rng.randrange(3 * 3_600_000))
        made.append(
            json.dumps(
                {
                    "id": str(UUID(int=rng.getrandbits(128))),
                    "stream": f"lab-{rng.randrange(streams)}",
                    "category": rng.choice(["temperature", "pressure", "größe"]),
                    "timestamp": at.isoformat().replace("+00:00", "Z"),
                    "value": round(rng.gauss(20, 5), 3),
                }
            ).encode()
        )
    return made


async def taken(database: Database, count: int, within_s: float = 60) -> None:
    """Wait until so many records have gone through."""
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        query = f"SELECT ({TAKEN}) = $1"
        await until_async(lambda: connection.fetchval(query, count), within_s, f"{count} records are taken")
    finally:
        await connection.close()


async def processed(stack: Stack, database: Database, topics: Topics, within_s: float = 60) -> Recount:
    """Wait until all of topic `readings` has gone through, and recount it."""
    records = await asyncio.to_thread(read_all, stack.kafka_bootstrap, topics.readings)
    await taken(database, len(records), within_s)
    return await assert_exact(database.owner_dsn, records)


async def at_least(database: Database, count: int, within_s: float = 30) -> None:
    """Wait until the processors have taken so many records."""
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        await until_async(lambda: connection.fetchval(f"SELECT ({TAKEN}) >= $1", count), within_s, f"{count} taken")
    finally:
        await connection.close()


@asynccontextmanager
async def busy(stack: Stack, database: Database, topics: Topics, seed: int) -> AsyncIterator[None]:
    """Publish all the time, and check the invariants in one snapshot after another, while the block runs."""
    done = asyncio.Event()

    async def feed() -> None:
        rounds = 0
        while not done.is_set():
            values = readings(300, seed * 1_000 + rounds)
            await asyncio.to_thread(publish, stack.kafka_bootstrap, topics.readings, values)
            rounds += 1

    async def check() -> None:
        while not done.is_set():
            try:
                connection = await asyncpg.connect(database.owner_dsn)
            except (OSError, asyncpg.PostgresError):  # the test has killed it
                await asyncio.sleep(0.1)
                continue
            try:
                while not done.is_set():
                    assert await broken_invariants(connection) == []
                    await asyncio.sleep(0.1)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
                pass
            finally:
                connection.terminate()

    work = [asyncio.create_task(feed()), asyncio.create_task(check())]
    try:
        yield
    finally:
        done.set()
        await asyncio.gather(*work)
