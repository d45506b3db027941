"""One processor on real Kafka and real Postgres: in, exact, kept over restarts."""

import json
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from contracts.topics import Topics
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.publisher import publish, read_all
from tests.support.recount import assert_exact
from tests.support.stack import Stack
from tests.support.waiting import until_async


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
        query = "SELECT coalesce(sum(accepted + duplicate + rejected), 0) = $1 FROM offsets"
        await until_async(lambda: connection.fetchval(query, count), within_s, f"{count} records are taken")
    finally:
        await connection.close()


async def test_everything_published_is_counted_exactly_once(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    values = [*readings(20_000, seed=1), b"not json", b'{"stream":"x"}', *readings(500, seed=2)]
    publish(stack.kafka_bootstrap, topics.readings, values)
    processor = start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    await taken(database, len(values))
    found = await assert_exact(database.owner_dsn, read_all(stack.kafka_bootstrap, topics.readings))
    assert found.refused == 2
    assert processor.terminate() == 0
