"""What Kafka has, in portions, up to the size of a transaction."""

import asyncio
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Protocol

from aiokafka import TopicPartition

from chassis.odd_headers import read_leniently
from chassis.record_batches import INFLATED_BYTES_MAX, inflated_bytes
from contracts.topics import Topics
from processor.bare import deliver_bare
from processor.plan import PORTION, Record
from processor.settings import ProcessorSettings
from processor.turns import others

LENIENT_S = 10.0
"""So long a parser is used that takes odd headers and several times the time."""
_VALUE = attrgetter("value")

Fetched = dict[TopicPartition, list[Record]]


class DeliveringConsumer(Protocol):
    """What is needed of a consumer here."""

    async def getmany(  # noqa: D102
        self, *partitions: TopicPartition, timeout_ms: int, max_records: int
    ) -> Mapping[TopicPartition, Sequence[Record]]: ...


class Fetcher:
    """Takes what a consumer has."""

    def __init__(self, settings: ProcessorSettings) -> None:
        self._batch = settings.batch
        self._rows_topic = Topics(settings.topic_prefix).rows
        self._lenient_until = 0.0
        read_leniently(False)  # before the client fetches anything

    async def fetch(self, consumer: DeliveringConsumer) -> Fetched:
        """What is there, up to the size of a batch; waits only for the first record."""
        fetched: Fetched = {}
        full, wait_ms = 0.0, self._batch.wait_ms
        enough = inflated_bytes() + INFLATED_BYTES_MAX  # keys and headers take memory too
        read_leniently(self._lenient)
        while round(full, 9) < 1 and inflated_bytes() < enough:
            most = max(1, min(PORTION, int((1 - full) * self._batch.records)))
            if self._batch.bare:
                deliver_bare(consumer)
            portion = await consumer.getmany(timeout_ms=wait_ms, max_records=most)
            if not portion:
                break
            for partition, records in portion.items():
                fetched.setdefault(partition, []).extend(records)
                full += self._share(partition, records)
            wait_ms = 0
            await others()
        return fetched

    def turn_lenient(self) -> bool:
        """For a while take headers whose names are not UTF-8; false where that is done already."""
        if self._lenient:
            return False
        self._lenient_until = asyncio.get_running_loop().time() + LENIENT_S
        return True

    @property
    def _lenient(self) -> bool:
        return asyncio.get_running_loop().time() < self._lenient_until

    def _share(self, partition: TopicPartition, records: Sequence[Record]) -> float:
        """How much of a batch they are, by their number or by their bytes."""
        most = self._batch.rows if partition.topic == self._rows_topic else self._batch.records
        return max(len(records) / most, sum(map(len, filter(None, map(_VALUE, records)))) / self._batch.bytes)
