"""The processor's own way to aiokafka's records leads to them in the client that is installed."""

from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as Place
from aiokafka.structs import ConsumerRecord
from tests.support.publisher import publish, read_all
from tests.support.stack import Stack
from tests.support.waiting import until_async

from contracts.topics import Topics
from processor.bare import deliver_bare


async def test_what_a_consumer_has_fetched_is_delivered_bare(stack: Stack, topics: Topics) -> None:
    publish(stack.kafka_bootstrap, topics.readings, [b"one", None, b"three"], partition=0, headers=[("trace", b"\xff")])
    consumer = AIOKafkaConsumer(bootstrap_servers=stack.kafka_bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        place = Place(topics.readings, 0)
        consumer.assign([place])
        consumer.seek(place, 0)
        records: list[Any] = []

        async def all_there() -> bool:
            records.extend((await consumer.getmany(timeout_ms=200, max_records=1)).get(place, []))
            deliver_bare(consumer)
            return len(records) == 3

        await until_async(all_there, 20, "three records are there", every_s=0)
    finally:
        await consumer.stop()
    assert [isinstance(record, ConsumerRecord) for record in records] == [True, False, False]
    assert [(r.offset, r.timestamp, r.value, tuple(r.headers)) for r in records] == [
        (r.offset, r.append_ms, r.value, r.headers) for r in read_all(stack.kafka_bootstrap, topics.readings)
    ]
