"""Changes of streams' states to the compacted topic `streams`: each at least once, in order, by one copy at a time."""

import asyncio
from datetime import datetime

import asyncpg
import orjson
from aiokafka.errors import KafkaError
from asyncpg.pool import PoolConnectionProxy
from faststream.exceptions import IncorrectState
from faststream.kafka import KafkaBroker

from chassis.kafka import broker_security
from contracts.codec import encode_stream_state, stream_state_key
from contracts.events import RunState, StreamKind, StreamState
from contracts.topics import Topics
from producer.bounded import in_time
from producer.settings import ProducerSettings
from producer.sql import statement

TIMEOUT_S = 4
"""Shorter than the time after which Postgres ends a transaction that does nothing."""
PORTION_S = 2
"""After which a transaction takes no further change: cut off at the limit, it would begin anew again and again."""


def control_broker(settings: ProducerSettings) -> KafkaBroker:
    """The broker for control-sized messages; `broker.publisher` objects make the AsyncAPI document."""
    return KafkaBroker(
        settings.kafka_bootstrap.split(","),
        client_id=f"{settings.name}-control",
        acks="all",
        enable_idempotence=True,
        allow_auto_create_topics=False,
        logger=None,
        security=broker_security(settings.kafka),
    )


class Announcer:
    """Publishes what the table notes as unannounced."""

    def __init__(self, pool: asyncpg.Pool, broker: KafkaBroker, topics: Topics) -> None:
        self._pool = pool
        self._broker = broker
        self._publisher = broker.publisher(topics.streams, title="streams", description="Changes of streams' states.")

    async def announce(self) -> None:
        """Publish the changes that are noted, as many as there is time for; the next call goes on from there."""
        try:
            async with asyncio.timeout(TIMEOUT_S), self._pool.acquire() as connection, connection.transaction():
                if await connection.fetchval(statement("hold_announcing")):
                    await self._announce_noted(connection)
        except (KafkaError, IncorrectState):  # the second where an earlier attempt to connect anew failed
            await self._connect_anew()
            raise

    async def _announce_noted(self, connection: PoolConnectionProxy) -> None:
        clock = asyncio.get_running_loop().time
        until = clock() + PORTION_S
        told: dict[str, int] = {}
        for row in await connection.fetch(statement("unannounced_changes")):
            changes = orjson.loads(row["unannounced"])
            for change in changes:
                await self._publish(row["id"], row["kind"], change)
                told[row["id"]] = change["change"]
                if clock() > until:
                    break
            if row["desired"] == "deleted" and change == changes[-1] and change["state"] != "stopping":
                await self._publisher.publish(None, key=stream_state_key(row["id"]))
            if clock() > until:
                break
        if told:  # only now: until Kafka has answered, nobody waits for a stream
            await connection.execute(statement("forget_announced"), list(told), list(told.values()))

    async def _connect_anew(self) -> None:
        """After a refusal the producer's sequence has a hole: only a new one can go on."""
        await in_time(self._broker.stop(), TIMEOUT_S)
        async with asyncio.timeout(TIMEOUT_S):
            await self._broker.start()

    async def _publish(self, stream: str, kind: str, change: dict[str, str]) -> None:
        state = StreamState(
            stream=stream,
            kind=StreamKind(kind),
            state=RunState(change["state"]),
            run=int(change["run"]),
            at=datetime.fromisoformat(change["at"]),
            reason=change["reason"],
        )
        await self._publisher.publish(encode_stream_state(state), key=stream_state_key(stream))
