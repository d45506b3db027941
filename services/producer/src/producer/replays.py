"""Dead letters sent again: booked in Postgres first, then published from there, however often this process is killed.

The processor takes a replay only where it finds it booked, by its place and the sha256 of its value, and takes each
dead letter once: what is published twice is counted once.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import asyncpg
import structlog
from pydantic import Field

from producer.errors import Unknown
from producer.publish import Publisher
from producer.sql import statement

log = structlog.get_logger("replays")

SENT_AT_ONCE = 50
"""A value may have a megabyte."""
BOOKED_AT_ONCE = 100
"""Each is read whole for its sha256: a thousand large ones would be more than one statement may take."""

Number = Annotated[int, Field(ge=0, lt=2**31)]
Topic = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
Place = tuple[Number | None, Topic, Number, Annotated[int, Field(ge=0, lt=2**63)]]
"""(generation, topic, partition, offset) of a dead letter; without a generation it is the topic's present one."""


async def request_replays(pool: asyncpg.Pool, places: Sequence[Place], edited: bytes | None) -> list[asyncpg.Record]:
    """Book that these are published again; what became of each wish. Raises Unknown when there is none of them."""
    return await _request(pool, "request_replays", places, edited)


async def request_discards(pool: asyncpg.Pool, places: Sequence[Place], note: str) -> list[asyncpg.Record]:
    """Book that these are set aside; the processor does it. Raises Unknown when there is none of them."""
    return await _request(pool, "request_discards", places, note)


async def _request(
    pool: asyncpg.Pool, wish: str, places: Sequence[Place], how: bytes | str | None
) -> list[asyncpg.Record]:
    found: list[asyncpg.Record] = []
    for start in range(0, len(places), BOOKED_AT_ONCE):
        columns = map(list, zip(*places[start : start + BOOKED_AT_ONCE], strict=True))
        found += await pool.fetch(statement(wish), *columns, how)
    if all(letter["outcome"] == "unknown" for letter in found):
        raise Unknown("there is no such dead letter: GET /api/v1/dead-letters lists all of them")
    return found


class Replays:
    """Publishes what is booked and not sent yet; any number of copies may do so at once."""

    def __init__(self, pool: asyncpg.Pool, publisher: Publisher, lease_s: float) -> None:
        self._pool = pool
        self._publisher = publisher
        self._lease_s = lease_s

    async def send(self) -> None:
        """Publish all of them. Raises what Kafka or Postgres raise: the rest waits for the next time."""
        while claimed := await self._pool.fetch(statement("claim_replays"), self._lease_s, SENT_AT_ONCE):
            await self._publish(claimed)

    async def _publish(self, claimed: Sequence[asyncpg.Record]) -> None:
        async with asyncio.timeout(self._lease_s):
            sending = (self._publisher.send_again(*_record(request)) for request in claimed)
            answers = await asyncio.gather(*sending, return_exceptions=True)
        sent = [request["id"] for request, answer in zip(claimed, answers, strict=True) if answer is None]
        await self._pool.execute(statement("replays_sent"), sent, claimed[0]["claimed_until"])
        log.info("dead letters sent again", count=len(sent))
        for answer in answers:
            if answer is not None:
                raise answer


def _record(request: asyncpg.Record) -> tuple[str, int, bytes | None, bytes, bytes]:
    """Topic, partition, key, value and the place that stands in the header. Of no value it is one of no bytes."""
    place = "/".join(str(request[name]) for name in ("generation", "topic", "partition", "offset"))
    return request["topic"], request["partition"], request["key"], request["value"] or b"", place.encode()
