"""How much the loop takes for one transaction."""

from collections.abc import Mapping, Sequence

import pytest
from aiokafka import TopicPartition
from services.processor.tests.makers import FakeRecord

from processor.fetch import Fetcher
from processor.settings import ProcessorSettings


class Endless:
    """A consumer that always has more: so many records of so many bytes each time."""

    def __init__(self, topic: str, count: int, size: int) -> None:
        self._partition, self._records = TopicPartition(topic, 0), [FakeRecord(n, bytes(size)) for n in range(count)]

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int, max_records: int
    ) -> Mapping[TopicPartition, Sequence[FakeRecord]]:
        return {self._partition: self._records[:max_records]}


@pytest.mark.parametrize(
    ("topic", "size", "taken"),
    [
        ("readings", 150, 20_000),
        ("rows", 150, 1_000),
        ("rows", 79_000, 56),
        ("rows", 1_000_000, 8),
        ("readings", 1_000_000, 8),
    ],
)
async def test_a_transaction_is_full_by_readings_by_rows_or_by_bytes(topic: str, size: int, taken: int) -> None:
    settings = ProcessorSettings(kafka_bootstrap="127.0.0.1:9", postgres_dsn="postgresql://127.0.0.1:9/none")
    fetched = await Fetcher(settings).fetch(Endless(topic, 8, size))
    assert sum(map(len, fetched.values())) == taken
