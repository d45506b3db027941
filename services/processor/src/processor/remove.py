"""Deletes the data of deleted streams, in bounded steps, each booked in the transaction that carries it out.

The processor stays the only writer of data. A stream's removal begins once every partition has been processed up to
where its log ended when the deletion was seen, so that no record of it is still on its way.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import asyncpg
import structlog
from aiokafka import TopicPartition

from processor.plan import Connection
from processor.sql import statement

log = structlog.get_logger("processor")

LOOK_EVERY_S = 1.0
SAMPLES_A_STEP = 10_000
ROWS_A_STEP = 2_000
MINUTE = timedelta(minutes=1)
BY_KEY = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
"""Finds what a step takes by its keys: the planner would read the readings of all streams at each step."""


class LogEnds(Protocol):
    """What the remover needs of a consumer."""

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]: ...  # noqa: D102
    def partitions_for_topic(self, topic: str) -> set[int] | None: ...  # noqa: D102


class Remover:
    """Looks for deleted streams and removes their data; any number of copies may do so at once."""

    def __init__(self, pool: asyncpg.Pool, consumer: LogEnds, topics: Sequence[str]) -> None:
        self._pool = pool
        self._consumer = consumer
        self._topics = topics
        self._ends: dict[str, Mapping[TopicPartition, int]] = {}

    async def look(self) -> None:
        """Remove what may go now."""
        streams = [row["id"] for row in await self._pool.fetch(statement("streams_to_remove"))]
        self._ends = {stream: ends for stream, ends in self._ends.items() if stream in streams}  # others remove too
        for stream in streams:
            if await self._is_processed(stream):
                await self._remove(stream)

    async def _is_processed(self, stream: str) -> bool:
        """Whether all that was in Kafka when the deletion was first seen has been processed."""
        if stream not in self._ends:
            known = {topic: self._consumer.partitions_for_topic(topic) for topic in self._topics}
            if not all(known.values()):
                return False
            partitions = [TopicPartition(topic, number) for topic, numbers in known.items() for number in numbers or ()]
            self._ends[stream] = await asyncio.wait_for(self._consumer.end_offsets(partitions), 10)
        stored = await self._pool.fetch(statement("stored_offsets"), list(self._topics))
        reached = {TopicPartition(row["topic"], row["partition"]): row["next_offset"] for row in stored}
        return all(reached.get(partition, 0) >= end for partition, end in self._ends[stream].items())

    async def _remove(self, stream: str) -> None:
        log.info("removing the data of a deleted stream", stream=stream)
        while await self._step(stream):
            pass
        await self._pool.execute(statement("removal_done"), stream)
        del self._ends[stream]
        log.info("the data of a deleted stream is gone", stream=stream)

    async def _step(self, stream: str) -> bool:
        """One bounded transaction; false when nothing is left."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('tideline.remove'), hashtext($1))", stream)
            await connection.execute(BY_KEY)
            return await _remove_windows(connection, stream) or await _remove_rows(connection, stream)


async def _remove_windows(connection: Connection, stream: str) -> bool:
    """Windows with their readings and their part of the quarters."""
    gone = await connection.fetch(statement("remove_windows"), stream, SAMPLES_A_STEP)
    if not gone:
        return False
    keys = [row["series_id"] for row in gone], [row["minute"] for row in gone]
    start, end = min(keys[1]), max(keys[1]) + MINUTE
    readings = await connection.execute(statement("remove_readings"), *keys)
    await connection.execute(statement("remove_quarters"), *keys)
    await connection.execute(statement("rebuild_quarters"), *keys)
    counts = [row["count"] for row in gone]
    await connection.execute(statement("count_removed"), keys[0], counts)
    await _book(connection, stream, "windows", start, end, len(gone), sum(counts))
    await _book(connection, stream, "raw_readings", start, end, int(readings.split()[1]), 0)
    return True


async def _remove_rows(connection: Connection, stream: str) -> bool:
    gone = [row["timestamp"] for row in await connection.fetch(statement("remove_rows"), stream, ROWS_A_STEP)]
    if gone:
        await _book(connection, stream, "raw_rows", min(gone), max(gone) + timedelta(microseconds=1), len(gone), 0)
    return bool(gone)


async def _book(
    connection: Connection, stream: str, table: str, start: datetime, end: datetime, rows: int, samples: int
) -> None:
    await connection.execute(statement("book_removed"), stream, table, start, end, rows, samples)
