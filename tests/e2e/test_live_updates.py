"""Live updates of real processors: a client that comes and goes misses nothing and hears nothing twice."""

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import httpx
import pytest
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.live import Seen, live, stored, summed, take
from tests.support.publisher import publish
from tests.support.stack import Stack
from tests.support.waiting import until_async

from contracts.topics import Topics

START = datetime(2026, 11, 1, 10, tzinfo=UTC)


def records(rng: random.Random, number: int) -> list[bytes]:
    """Readings of eight series in half an hour, some of them late, some of them copies of one before."""
    values = [
        {
            "id": str(UUID(int=rng.getrandbits(128), version=4)),
            "stream": rng.choice(["demo", "lab"]),
            "category": rng.choice("abcd"),
            "timestamp": (START + timedelta(seconds=rng.randrange(1800))).isoformat(),
            "value": rng.randrange(1000) / 8,
        }
        for _ in range(number)
    ]
    return [json.dumps(value).encode() for value in [*values, *rng.sample(values, number // 10)]]


@pytest.mark.timeout(240)
async def test_two_hundred_disconnects_while_two_processors_write(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    for name in ("processor-1", "processor-2"):
        await asyncio.to_thread(start_service("processor", TIDELINE_NAME=name).wait_ready)
    service = await asyncio.to_thread(start_service("query-api", TIDELINE_LIVE__POLL_S="0.02").wait_ready)
    rng, done, published = random.Random(17), asyncio.Event(), 0

    async def publisher() -> None:
        nonlocal published
        own = random.Random(18)
        while not done.is_set():
            values = records(own, own.randrange(10, 40))
            keys = [b"%d" % own.randrange(100) for _ in values]
            await asyncio.to_thread(publish, stack.kafka_bootstrap, topics.readings, values, keys)
            published += len(values)

    owner = await asyncpg.connect(database.owner_dsn)
    seen: Seen = {}
    async with httpx.AsyncClient(base_url=service.url, trust_env=False) as api:
        async with live(api) as stream:
            last = (await anext(stream)).id
            publishing = asyncio.create_task(publisher())
            event = await anext(stream)
            take(seen, event)
            last = event.id
        for _ in range(200):
            async with live(api, last) as stream:
                for _ in range(rng.randrange(1, 4)):
                    event = await anext(stream)
                    assert event.name != "resync"
                    take(seen, event)
                    last = event.id
        done.set()
        await publishing
        taken = "SELECT sum(next_offset) FROM offsets"

        async def is_at_rest() -> bool:
            return await owner.fetchval(taken) == published

        await until_async(is_at_rest, 30, "the processors have taken everything")
        wanted = await stored(owner)
        async with live(api, last) as stream, asyncio.timeout(20):
            while summed(seen) != wanted:
                take(seen, await anext(stream))
    assert len(seen) > 100
    await owner.close()
