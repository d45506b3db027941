"""`python -m processor accept`: the operator says that a refused partition shall go on with what Kafka has now."""

from collections.abc import Sequence

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from chassis.database import open_pool
from chassis.errors import StartError
from chassis.kafka import client_security
from chassis.odd_headers import read_leniently
from contracts.topics import Topics
from processor import offsets
from processor.errors import PartitionRefused
from processor.partitions import Partitions
from processor.plan import Claim, Connection
from processor.settings import ProcessorSettings
from processor.sql import statement

READ_TIMEOUT_MS = 10_000
FAILURES = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, KafkaError)


async def accept(settings: ProcessorSettings) -> int:
    """Look at every partition and accept what has happened to it, saying so; the exit code.

    Records that retention deleted unread are left out and stay booked in `gaps`. Where partitions were recreated or
    truncated the topic begins a new generation: these are read from their logs' start, their records count as new ones.
    """
    topics = Topics(settings.topic_prefix)
    read_leniently(True)
    try:
        pool = await open_pool(settings, "accept")
        consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.kafka_bootstrap, enable_auto_commit=False, **client_security(settings.kafka)
        )
        await consumer.start()
    except FAILURES as error:
        raise StartError(f"cannot reach Postgres or Kafka: {error}; start them first") from None
    try:
        async with pool.acquire() as connection:
            for topic in (topics.readings, topics.rows):
                await _accept_topic(connection, consumer, topic, await _partitions(settings, topic))
    except FAILURES as error:
        raise StartError(f"broken off, what was said is done ({type(error).__name__}: {error}): run it again") from None
    finally:
        await consumer.stop()
        await pool.close()
    return 0


async def _accept_topic(
    connection: Connection, consumer: AIOKafkaConsumer, topic: str, partitions: Sequence[TopicPartition]
) -> None:
    starts = await consumer.beginning_offsets(partitions)
    recreated = []
    for partition in partitions:
        start = starts[partition]
        async with connection.transaction():
            claim = await offsets.claim(connection, topic, partition.partition, start)
            if start > claim.next_offset:
                await connection.execute(statement("accept_loss"), claim.generation, topic, partition.partition, start)
                lost = f"{claim.next_offset} to {start - 1}"
                print(f"{topic}-{partition.partition}: goes on at offset {start}, without {lost}")
                continue
        if not await _is_the_same(consumer, partition, claim, start):
            recreated.append(partition)
    if recreated:
        generation = await _begin_generation(connection, recreated, [starts[p] for p in recreated])
        numbers = ", ".join(str(partition.partition) for partition in recreated)
        print(f"{topic}: generation {generation} begins, at the start of the log in partitions {numbers}")
    else:
        print(f"{topic}: nothing more to accept")


async def _is_the_same(consumer: AIOKafkaConsumer, partition: TopicPartition, claim: Claim, start: int) -> bool:
    """Whether the log is the one that was read before, told by the record taken last."""
    look = Partitions()
    end = (await consumer.end_offsets([partition]))[partition]  # after the claim, up to which processors went on
    try:
        where = look.hold(partition, claim, start, end)
        if not look.held[partition].unverified:
            return True
        consumer.assign([partition])
        consumer.seek(partition, where)
        records = (await consumer.getmany(timeout_ms=READ_TIMEOUT_MS, max_records=1)).get(partition)
        if not records:
            raise StartError(f"{partition.topic}-{partition.partition}: offset {where} could not be read, try again")
        look.take(partition, records)
    except PartitionRefused:
        return False
    return True


async def _begin_generation(connection: Connection, partitions: Sequence[TopicPartition], starts: Sequence[int]) -> int:
    numbers = [partition.partition for partition in partitions]
    return int(await connection.fetchval(statement("begin_generation"), partitions[0].topic, numbers, list(starts)))


async def _partitions(settings: ProcessorSettings, topic: str) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap, **client_security(settings.kafka))
    await admin.start()
    try:
        (found,) = await admin.describe_topics([topic])
    finally:
        await admin.close()
    if not found["partitions"]:
        raise StartError(f"Kafka has no topic {topic}: run `python -m provision topics`")
    return [TopicPartition(topic, number) for number in sorted(part["partition"] for part in found["partitions"])]
