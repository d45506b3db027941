"""Which partitions this process holds, and how far each was read; the rules by which fetched records become batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

import numpy as np
from aiokafka import TopicPartition

from processor.errors import PartitionRefused
from processor.offsets import bookmark_of
from processor.plan import Batch, Claim, Gap, Record

_OFFSET = attrgetter("offset")


@dataclass(slots=True)
class Held:
    """A claimed partition. `fetched`: the next offset to take; `stored`: what Postgres has."""

    claim: Claim
    fetched: int
    stored: int
    unverified: bool
    hole: tuple[int, int] | None = None


@dataclass(slots=True)
class Refusal:
    """Why a partition is left alone, and when to look again (loop time)."""

    reason: str
    look_again_at: float


@dataclass(slots=True)
class Partitions:
    """Every assigned partition is in exactly one of the three."""

    fresh: set[TopicPartition] = field(default_factory=set)
    held: dict[TopicPartition, Held] = field(default_factory=dict)
    refused: dict[TopicPartition, Refusal] = field(default_factory=dict)

    def assigned(self, partitions: Sequence[TopicPartition]) -> None:
        """New partitions: to be claimed before anything is taken from them."""
        self.revoked(partitions)
        self.fresh.update(partitions)

    def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """Forget them, whatever they were."""
        for partition in partitions:
            self.fresh.discard(partition)
            self.held.pop(partition, None)
            self.refused.pop(partition, None)

    def awaits(self, partition: TopicPartition) -> bool:
        """Whether it is assigned and not held."""
        return partition in self.fresh or partition in self.refused

    def drop(self) -> None:
        """Forget every position: all partitions have to be claimed again."""
        self.fresh.update(self.held)
        self.held.clear()

    def hold(self, partition: TopicPartition, claim: Claim, log_start: int, log_end: int) -> int:
        """Hold a claimed partition; returns the offset to seek to.

        It is the one before `next_offset` where that record is still there: it must be the one that was taken last.
        Raises PartitionRefused when the log does not reach from there.
        """
        if log_start > claim.next_offset:
            raise PartitionRefused(
                f"offsets {claim.next_offset} to {log_start} were deleted before they were read"
                " (retention): `python -m processor accept` goes on without them"
            )
        if log_end < claim.next_offset:
            raise PartitionRefused(
                f"the log ends at offset {log_end}, before {claim.next_offset}, up to which it was read: the topic was"
                " recreated or truncated; `python -m processor accept` begins a new generation"
            )
        unverified = claim.bookmark is not None and log_start < claim.next_offset
        self.fresh.discard(partition)
        self.refused.pop(partition, None)
        self.held[partition] = Held(claim, claim.next_offset, claim.next_offset, unverified)
        return claim.next_offset - 1 if unverified else claim.next_offset

    def refuse(self, partition: TopicPartition, reason: str, look_again_at: float) -> None:
        """Leave a partition alone until then."""
        self.fresh.discard(partition)
        self.held.pop(partition, None)
        self.refused[partition] = Refusal(reason, look_again_at)

    def take(self, partition: TopicPartition, records: Sequence[Record]) -> Batch | int | None:
        """The batch that these records make.

        None: nothing to take (not held, or old records). An offset: records are missing before them, seek there and
        fetch again; the same hole seen twice is a gap. Raises PartitionRefused when the bookmark does not match.
        """
        held = self.held.get(partition)
        if held is None:
            return None
        if held.unverified:
            records = [record for record in records if record.offset >= held.fetched - 1]
            if records:
                _verify(held.claim, records[0])
                held.unverified = False
        records = _in_order(records, held.fetched)
        if not records:
            return None
        first, following = records[0].offset, records[-1].offset + 1
        if first > held.fetched and held.hole != (held.fetched, first):
            held.hole = (held.fetched, first)
            return held.fetched
        batch = Batch(held.claim, held.fetched, following, records, _gaps(held.fetched, records))
        held.fetched = following
        return batch

    def committed(self, batches: Sequence[Batch]) -> None:
        """Postgres has these batches."""
        for batch in batches:
            held = self.held.get(TopicPartition(batch.claim.topic, batch.claim.partition))
            if held is not None and held.claim.epoch == batch.claim.epoch:
                held.stored = batch.next_offset

    def still_hold(self, batches: Sequence[Batch]) -> bool:
        """Whether all of them are under claims that this process still believes in."""
        for batch in batches:
            held = self.held.get(TopicPartition(batch.claim.topic, batch.claim.partition))
            if held is None or held.claim.epoch != batch.claim.epoch:
                return False
        return True

    def stored(self) -> Mapping[TopicPartition, int]:
        """The stored offset of every held partition."""
        return {partition: held.stored for partition, held in self.held.items()}


def _verify(claim: Claim, record: Record) -> None:
    if record.offset != claim.next_offset - 1 or bookmark_of(record) != claim.bookmark:
        raise PartitionRefused(
            f"the record before offset {claim.next_offset} is not the one that was taken last: the topic was recreated"
            " or truncated; `python -m processor accept` begins a new generation"
        )


def _in_order(records: Sequence[Record], expected: int) -> list[Record]:
    """The records from this offset on, without any that were delivered before."""
    offsets = np.fromiter(map(_OFFSET, records), np.int64, len(records))
    if (offsets == np.arange(expected, expected + len(records))).all():  # nearly always: a third of the time
        return list(records)
    found = []
    for record in records:
        if record.offset >= expected:
            found.append(record)
            expected = record.offset + 1
    return found


def _gaps(expected: int, records: Sequence[Record]) -> tuple[Gap, ...]:
    """Offsets inside the batch that no record has: transaction markers, aborted or compacted records."""
    if records[-1].offset + 1 - expected == len(records):
        return ()
    gaps = []
    for record in records:
        if record.offset > expected:
            gaps.append(Gap(expected, record.offset))
        expected = record.offset + 1
    return tuple(gaps)
