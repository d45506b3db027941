"""Volume publishing: records to Kafka in batches built per partition, acknowledged by every replica in sync."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder

from chassis.kafka import client_security
from contracts.checks import REPLAY_HEADER
from producer.bounded import in_time
from producer.errors import NotAcknowledged
from producer.settings import ProducerSettings

log = structlog.get_logger("publish")

KEYS_CACHED_MAX = 100_000
CONNECT_TIMEOUT_S = 10
STOP_TIMEOUT_S = 1.0


class Publisher:
    """An idempotent aiokafka producer, replaced by a new one once a batch was refused for good.

    aiokafka retries an outage for ever and holds one batch in flight and one waiting per partition: `publish` waits
    while Kafka is away, and memory stays flat.
    """

    def __init__(self, settings: ProducerSettings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()
        self._partitions: dict[str, KeyPartitions] = {}

    async def connected(self) -> AIOKafkaProducer:
        """The producer, connected first where there is none; raises KafkaError or TimeoutError while Kafka is away."""
        async with self._connecting:
            if self._producer is None:
                self._producer = await _connect(self._settings)
            return self._producer

    async def stop(self) -> None:
        """Let go of Kafka in bounded time; what was not acknowledged may or may not be there."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stop(producer)

    async def missing(self, topics: Iterable[str]) -> list[str]:
        """Those of the topics that Kafka does not have; raises KafkaError or TimeoutError while Kafka is away."""
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            metadata = await (await self.connected()).client.fetch_all_metadata()
        return [topic for topic in topics if not metadata.partitions_for_topic(topic)]

    async def publish(self, topic: str, records: Iterable[tuple[bytes, bytes]]) -> "Delivery":
        """Hand over records (key, value) in their order, batched per partition; waits while Kafka takes nothing.

        Raises NotAcknowledged when Kafka refuses: publish again what was not acknowledged.
        """
        async with self._producing() as producer:
            delivery = Delivery(self, producer, topic)
            partitions = self._partitions_of(topic, len(await producer.partitions_for(topic)))
            batches: dict[int, BatchBuilder] = {}
            for key, value in records:
                partition = partitions[key]
                batch = batches.get(partition)
                if batch is None:
                    batch = batches[partition] = producer.create_batch()
                if batch.append(key=key, value=value, timestamp=None) is None:
                    await delivery.send(partition, batch)
                    batches[partition] = producer.create_batch()
                    batches[partition].append(key=key, value=value, timestamp=None)
            for partition, batch in batches.items():
                await delivery.send(partition, batch)
        return delivery

    async def send_each(self, topic: str, records: Sequence[tuple[bytes, bytes]], sent: list[bool]) -> None:
        """Publish a few records; sets `sent[n]` once Kafka has acknowledged record n, and returns when it has all.

        They share batches with others that are sent at the same time. Raises NotAcknowledged when Kafka refuses; waits
        while it is away.
        """
        async with self._producing() as producer:
            partitions = self._partitions_of(topic, len(await producer.partitions_for(topic)))
            answers = []
            for n, (key, value) in enumerate(records):
                answer = await producer.send(topic, value, key, partition=partitions[key])
                answer.add_done_callback(lambda done, n=n: _note_sent(done, sent, n))
                answers.append(answer)
            await asyncio.gather(*answers)

    async def send_again(self, topic: str, partition: int, key: bytes | None, value: bytes, place: bytes) -> None:
        """Publish a replay of the dead letter at this place, to the partition it was in; returns when Kafka has it.

        Raises NotAcknowledged when Kafka refuses; waits while it is away.
        """
        async with self._producing() as producer:
            there = partition in await producer.partitions_for(topic)  # a topic made anew may have fewer
            headers = [(REPLAY_HEADER, place)]
            await producer.send_and_wait(topic, value, key, partition=partition if there else None, headers=headers)

    @asynccontextmanager
    async def _producing(self) -> AsyncIterator[AIOKafkaProducer]:
        """The producer to use inside; what goes wrong with Kafka there is NotAcknowledged."""
        producer = None
        try:
            producer = await self.connected()
            yield producer
        except (KafkaError, TimeoutError) as error:
            raise await self.refused(producer, error) from error

    async def refused(self, producer: AIOKafkaProducer | None, error: BaseException) -> NotAcknowledged:
        """Give up a producer whose sequence has a hole, so that the next call gets a new one; the error to raise."""
        if producer is not None and producer is self._producer:
            log.warning("kafka refused a batch, connecting anew", error=repr(error))
            await self.stop()
        return NotAcknowledged(f"not acknowledged by Kafka: {error!r}")

    def _partitions_of(self, topic: str, count: int) -> "KeyPartitions":
        known = self._partitions.get(topic)
        if known is None or known.count != count or len(known) > KEYS_CACHED_MAX:
            known = self._partitions[topic] = KeyPartitions(count)
        return known


class KeyPartitions(dict[bytes, int]):
    """Key to partition, as every Kafka client has it (murmur2), worked out once a key: the hash is slow in Python."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        self._all = list(range(count))

    def __missing__(self, key: bytes) -> int:
        partition = self[key] = DefaultPartitioner()(key, self._all, self._all)
        return int(partition)


class Delivery:
    """Batches on their way to Kafka."""

    def __init__(self, publisher: Publisher, producer: AIOKafkaProducer, topic: str) -> None:
        self._publisher = publisher
        self._producer = producer
        self._topic = topic
        self._futures: list[asyncio.Future[Any]] = []

    async def send(self, partition: int, batch: BatchBuilder) -> None:
        """Queue a batch behind the one before it; waits for as long as Kafka is away."""
        while True:
            try:
                future = await self._producer.send_batch(batch, self._topic, partition=partition)
            except KafkaTimeoutError:
                continue  # still nothing taken; the batch was not queued
            future.add_done_callback(_look_at_error)
            self._futures.append(future)
            return

    def done(self) -> bool:
        """Whether Kafka has answered for every batch."""
        return all(future.done() for future in self._futures)

    async def acknowledged(self) -> None:
        """Wait until Kafka has all of it, for as long as Kafka is away; raises NotAcknowledged when it refuses."""
        answers = await asyncio.gather(*self._futures, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise await self._publisher.refused(self._producer, answer)


def _note_sent(answer: "asyncio.Future[Any]", sent: list[bool], n: int) -> None:
    sent[n] = not answer.cancelled() and answer.exception() is None


def _look_at_error(future: "asyncio.Future[Any]") -> None:
    """Keep asyncio from reporting the error of a batch that nobody waits for any more."""
    if not future.cancelled():
        future.exception()


async def _connect(settings: ProducerSettings) -> AIOKafkaProducer:
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap,
        client_id=settings.name,
        acks="all",
        enable_idempotence=True,
        compression_type=None if settings.publish.compression == "none" else settings.publish.compression,
        max_batch_size=settings.publish.batch_bytes,
        request_timeout_ms=settings.publish.request_timeout_ms,
        **client_security(settings.kafka),
    )
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await producer.start()
    except BaseException:
        await _stop(producer)
        raise
    return producer


async def _stop(producer: AIOKafkaProducer) -> None:
    """Stop it, which waits for ever while the broker is away; then at least close its connections."""
    if not await in_time(producer.stop(), STOP_TIMEOUT_S):
        await in_time(producer.client.close(), STOP_TIMEOUT_S)
