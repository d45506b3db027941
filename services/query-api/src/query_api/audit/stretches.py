"""What of Kafka the deep audit reads again: of each partition the offsets that the ledger has and Kafka still holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from asyncpg import Record

from contracts.topics import Topics
from query_api.database import Snapshot
from query_api.kafka import Kafka, append_time

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Stretch:
    """Offsets of one partition: wanted from `wanted`, there from `first`, read so far up to `reached`, and up to `end`
    in all; `stored` is what Postgres has read."""

    generation: int
    topic: str
    partition: int
    pass_number: int
    begun: int
    """Where the ledger begins."""
    wanted: int
    first: int
    end: int
    stored: int
    reached: int = 0
    records: int = 0
    why: str | None = None
    expired: bool = False

    @property
    def place(self) -> tuple[int, str, int]:
        """Generation, topic and partition."""
        return self.generation, self.topic, self.partition

    def at(self, offset: int, following: int | None = None) -> dict[str, Any]:
        """The place of a finding: one record, or the offsets up to another."""
        names = {"generation": self.generation, "topic": self.topic, "partition": self.partition}
        return names | {"first_offset": offset, "next_offset": following or offset + 1}

    @property
    def done(self) -> bool:
        """Whether all was read that was there when the audit began."""
        return self.reached >= self.end and not self.expired

    @property
    def whole(self) -> bool:
        """Whether nothing of what the ledger has was left out."""
        return self.done and self.first == self.begun and self.end == self.stored

    def expire(self, log_start: int) -> None:
        """Kafka deleted what comes next while it was read."""
        self.why = f"offsets {self.reached} to {log_start - 1} were deleted by Kafka meanwhile"
        self.reached, self.expired = log_start, True

    def line(self) -> dict[str, Any]:
        """What the answer says of it."""
        parts = [self.why] if self.why else []
        if self.first > self.wanted:
            parts.append(f"offsets {self.wanted} to {self.first - 1} are older than what Kafka keeps")
        if self.reached < self.end:
            unread = f"offsets {self.reached} to {self.end - 1} were not reached in time"
            parts.append(f"{unread}: raise audit.deep_s of query-api, or ask for a later start")
        names = {"generation": self.generation, "topic": self.topic, "partition": self.partition}
        offsets = {"first_offset": self.first, "next_offset": self.reached, "records": self.records}
        return names | offsets | {"not_covered": "; ".join(parts) or None}


@dataclass(frozen=True, slots=True)
class Log:
    """A partition in Kafka: its first offset, the one behind its last, and the first that was appended late enough."""

    start: int
    end: int
    since: int | None


@dataclass(frozen=True, slots=True)
class Scope:
    """All stretches. Events before `compared_from` may be of records that Kafka has no longer."""

    stretches: Sequence[Stretch]
    compared_from: datetime | None


async def scope(
    snapshot: Snapshot, kafka: Kafka, consumer: AIOKafkaConsumer, topics: Topics, start: datetime, ahead: timedelta
) -> Scope:
    """What has to be read for the events since `start`: an event comes at most `ahead` before its time."""
    names = [topics.readings, topics.rows]
    lines = await snapshot.fetch("audit/kafka_stretches", names)
    present = await kafka.partitions(names)
    starts, ends = await consumer.beginning_offsets(present), await consumer.end_offsets(present)
    since = EPOCH + max(start - EPOCH - ahead, timedelta())  # Kafka knows no time before
    offsets = await consumer.offsets_for_times(dict.fromkeys(present, round(since.timestamp() * 1_000)))
    logs = {p: Log(starts[p], ends[p], offsets[p].offset if offsets[p] else None) for p in present}
    stretches, blind = [], list[datetime]()
    for line in lines:
        partition = TopicPartition(line["topic"], line["partition"])
        stretch = _stretch(line, logs.get(partition), since)
        stretches.append(stretch)
        if stretch.first > stretch.wanted or stretch.why:
            appended = await append_time(consumer, partition, stretch.first) if stretch.first < stretch.end else None
            blind += [at for at in (appended or line["bookmark_time"],) if at is not None]
    return Scope(stretches, max(blind) + ahead if blind else None)


def _stretch(line: Record, log: Log | None, since: datetime) -> Stretch:
    begun, stored = line["first_offset"], line["next_offset"]
    place = (line["generation"], line["topic"], line["partition"], line["pass"], begun)
    if log is None or not line["newest"]:
        why = "the topic was deleted since and made again" if log else "Kafka has no such partition"
        return Stretch(*place, wanted=begun, first=stored, end=stored, stored=stored, reached=stored, why=why)
    wanted = log.since
    if wanted is None:
        last = line["bookmark_time"]
        wanted = begun if log.start == log.end and last is not None and last >= since else stored
    elif wanted <= log.start:
        wanted = begun  # what stood before it is gone, and with it how old it was
    wanted = min(stored, max(begun, wanted))
    first = max(wanted, min(log.start, stored))
    return Stretch(*place, wanted, first, max(first, min(stored, log.end)), stored, reached=first)
