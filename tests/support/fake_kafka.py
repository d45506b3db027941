"""A log in memory and consumers of it that a test moves about: for random schedules of the processor's loop."""

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence

from aiokafka import TopicPartition
from services.processor.tests.makers import FakeRecord


class FakeLog:
    """Partitions as lists; the offset is the position."""

    def __init__(self, values: Mapping[TopicPartition, Sequence[bytes]]) -> None:
        self.records = {
            partition: [FakeRecord(n, value) for n, value in enumerate(part)] for partition, part in values.items()
        }

    def __len__(self) -> int:
        return sum(map(len, self.records.values()))


class FakeConsumer:
    """Reads its assigned partitions in random portions, now and then again from an earlier place."""

    def __init__(self, log: FakeLog, rng: random.Random) -> None:
        self.log, self._rng = log, rng
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self.committed: dict[TopicPartition, int] = {}

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Own these and no others, from some place."""
        self._positions = dict.fromkeys(partitions, 0)
        self._paused.clear()

    def assignment(self) -> set[TopicPartition]:
        return set(self._positions)

    def pause(self, *partitions: TopicPartition) -> None:
        self._paused.update(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        self._paused.difference_update(partitions)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._positions[partition] = offset

    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        await asyncio.sleep(0)
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        await asyncio.sleep(0)
        return {partition: len(self.log.records[partition]) for partition in partitions}

    def highwater(self, partition: TopicPartition) -> int:
        assert partition in self._positions, "Partition is not assigned"  # as aiokafka says it
        return len(self.log.records[partition])

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        await asyncio.sleep(0)
        self.committed.update(offsets)

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int, max_records: int
    ) -> dict[TopicPartition, list[FakeRecord]]:
        await asyncio.sleep(0)
        fetched = {}
        for partition in self._positions.keys() - self._paused:
            position = self._positions[partition]
            if self._rng.random() < 0.05:  # delivered again
                position = self._rng.randrange(position + 1)
            portion = self.log.records[partition][position : position + self._rng.randint(1, max_records)]
            if portion:
                fetched[partition] = portion
                self._positions[partition] = portion[-1].offset + 1
        if not fetched:
            await asyncio.sleep(timeout_ms / 1_000)
        return fetched
