"""How far the processors are behind the ends of Kafka's logs: Postgres and Kafka are asked, the rest is arithmetic."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from asyncpg import Record

from chassis.problems import Problem
from contracts.topics import Topics
from query_api.database import Database
from query_api.formats import Line
from query_api.kafka import Kafka, Member, append_time

WINDOW = timedelta(seconds=30)
"""Over which rates are measured: by the append times of records, and by the commits in the ledger."""
KEPT_S = 1.0
"""An answer serves everyone who asks within this."""
LOOK_S = 5.0
FETCH_BYTES = 4_096
NOISE = 0.01
"""Share of what came in by which a backlog may differ and still be steady."""


@dataclass(frozen=True, slots=True)
class Log:
    """A partition in Kafka: its first offset, the one behind its last, the first of the last half minute, and when its
    first unread record was appended."""

    start: int
    end: int
    recent: int
    unread_since: datetime | None = None


class Lag:
    """Looks at most once a second, whoever asks."""

    def __init__(self, database: Database, kafka: Kafka, topics: Topics) -> None:
        self._database, self._kafka, self._topics = database, kafka, topics
        self._looking = asyncio.Lock()
        self._looked_at = float("-inf")
        self._found: list[Line] | Problem = []

    async def lines(self, now: datetime) -> list[Line]:
        """One line a partition. Raises Problem 503 while Kafka or Postgres is away."""
        async with self._looking:
            clock = asyncio.get_running_loop().time
            if clock() >= self._looked_at + KEPT_S:
                try:
                    self._found = await self._look(now)
                except Problem as problem:
                    self._found = problem
                self._looked_at = clock()
            if isinstance(self._found, Problem):
                raise self._found
            return self._found

    async def _look(self, now: datetime) -> list[Line]:
        names = [self._topics.readings, self._topics.rows]
        stored = await self._database.fetch("lag_progress", names, WINDOW)
        done = {TopicPartition(row["topic"], row["partition"]): row for row in stored}
        partitions = await self._kafka.partitions(names)
        owners = await self._kafka.owners(self._topics.processor_group)
        async with self._kafka.reader(LOOK_S, FETCH_BYTES) as consumer:
            logs = await _logs(consumer, partitions, {p: row["next_offset"] for p, row in done.items()}, now)
        return [_line(p, logs[p], done.get(p), owners.get(p), now) for p in partitions]


async def _logs(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], read: Mapping[TopicPartition, int], now: datetime
) -> dict[TopicPartition, Log]:
    starts, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    since = dict.fromkeys(partitions, round((now - WINDOW).timestamp() * 1_000))
    recent = await consumer.offsets_for_times(since)
    logs = {}
    for partition in partitions:
        start, end = starts[partition], ends[partition]
        first_unread = max(start, read.get(partition, start))
        appended = await append_time(consumer, partition, first_unread) if first_unread < end else None
        found = recent[partition]
        logs[partition] = Log(start, end, end if found is None else min(found.offset, end), appended)
    return logs


def _line(
    partition: TopicPartition, log: Log, done: Record | None, owner: Member | None, now: datetime
) -> dict[str, Any]:
    read = done["next_offset"] if done else None
    came, went = log.end - log.recent, done["records"] if done else 0
    behind = max(0, log.end - max(log.start, read or 0))
    waited = max(0.0, (now - log.unread_since).total_seconds()) if log.unread_since else None
    return (
        {"topic": partition.topic, "partition": partition.partition, "log_start": log.start, "log_end": log.end}
        | {"next_offset": read, "records_behind": behind, "seconds_behind": 0.0 if behind == 0 else waited}
        | rates(behind, came, went)
        | {"member": owner.id if owner else None, "member_host": owner.host if owner else None}
        | {"trouble": _trouble(log, read)}
    )


def rates(behind: int, came: int, went: int) -> dict[str, Any]:
    """Records a second in and out over the window, what that makes of the backlog, and when it will be gone."""
    seconds = WINDOW.total_seconds()
    grown, noise = came - went, max(1.0, NOISE * came)
    trend = "steady" if behind == 0 or abs(grown) <= noise else "growing" if grown > 0 else "falling"
    drain_s = 0.0 if behind == 0 else behind / -grown * seconds if grown < 0 else None
    return {"in_per_s": came / seconds, "out_per_s": went / seconds, "trend": trend, "drain_s": drain_s}


def total(lines: Sequence[Line]) -> dict[str, Any]:
    """All partitions as one: the oldest unread record counts, and the partition that takes longest."""
    seconds, behind = WINDOW.total_seconds(), sum(line["records_behind"] for line in lines)
    came, went = (round(seconds * sum(line[name] for line in lines)) for name in ("in_per_s", "out_per_s"))
    waits = [line["seconds_behind"] for line in lines]
    drains = [line["drain_s"] for line in lines]
    return (
        {"records_behind": behind, "seconds_behind": max((wait for wait in waits if wait is not None), default=None)}
        | rates(behind, came, went)
        | {"drain_s": None if None in drains else max(drains, default=0.0)}
    )


def _trouble(log: Log, read: int | None) -> str | None:
    if read is not None and log.start > read:
        return f"offsets {read} to {log.start - 1} were deleted before they were read: `python -m processor accept`"
    if read is not None and log.end < read:
        return "the log ends before what was read: recreated or truncated; `python -m processor accept`"
    return None
