"""However little a batch is in Kafka, no more of it is in memory than there is room for."""

import asyncio

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from services.processor.tests.makers import FakeRecord
from services.processor.tests.test_bare import PLACE
from tests.support.odd_batch import GZIP, LZ4, ZSTD, bomb

from chassis.odd_headers import read_leniently
from processor.fetch import Fetcher
from processor.settings import ProcessorSettings


def fetched(log: bytes, start: int = 0) -> PartitionRecords:
    records = fetcher.MemoryRecords(log)
    assert records.has_next(), "aiokafka asks when it has come"
    return PartitionRecords(PLACE, records, [], start, None, None, True, READ_COMMITTED)


@pytest.mark.parametrize("leniently", [False, True])
@pytest.mark.parametrize("codec", [GZIP, LZ4, ZSTD])
async def test_a_batch_too_large_to_inflate_is_passed_over(codec: int, leniently: bool) -> None:
    read_leniently(leniently)
    records = fetched(bomb(40, codec) + bomb(1, codec, offset=1))
    assert list(records) == []
    assert records.next_fetch_offset == 1, "the rest comes when others had their turn"
    await asyncio.sleep(0)
    assert [(record.offset, len(record.value)) for record in fetched(bomb(1, codec, offset=1), 1)] == [(1, 1_048_576)]


async def test_what_is_more_than_there_is_room_for_is_fetched_again() -> None:
    read_leniently(False)
    large, small = [bomb(10, ZSTD, offset) for offset in range(3)], bomb(1, ZSTD)
    first, other = fetched(b"".join(large)), fetched(small)
    assert [record.offset for record in first] == [0, 1]
    assert (first.next_fetch_offset, list(other), other.next_fetch_offset) == (2, [], 0)
    await asyncio.sleep(0)
    again = fetched(large[2], start=2), fetched(small)
    assert [[record.offset for record in records] for records in again] == [[2], [0]]


async def test_a_transaction_takes_no_more_for_what_is_no_value_either() -> None:
    """Keys and headers are in memory too."""

    class Keys:
        asked = 0

        async def getmany(
            self, *_: object, timeout_ms: int, max_records: int
        ) -> dict[TopicPartition, list[FakeRecord]]:
            assert len(list(fetched(bomb(10, ZSTD)))) == 1
            self.asked += 1
            return {PLACE: [FakeRecord(self.asked, b"")]}

    consumer = Keys()
    settings = ProcessorSettings(kafka_bootstrap="127.0.0.1:9", postgres_dsn="postgresql://127.0.0.1:9/none")
    await Fetcher(settings).fetch(consumer)
    assert consumer.asked == 2
