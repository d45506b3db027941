"""What may happen to a topic while processors read it: it grows, is read again, forgets its group, is damaged."""

import os
from pathlib import Path

import asyncpg
import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewPartitions
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.pipeline import processed, readings, taken
from tests.support.processes import ServiceProcess
from tests.support.publisher import publish
from tests.support.stack import EmbeddedServer, Stack
from tests.support.streams import execute
from tests.support.tables import broken_invariants
from tests.support.waiting import until

from contracts.topics import Topics


async def counts(database: Database) -> tuple[int, int, int]:
    """accepted, duplicate, rejected of all offsets."""
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        assert await broken_invariants(connection) == []
        query = "SELECT sum(accepted)::int, sum(duplicate)::int, sum(rejected)::int FROM offsets"
        return tuple(await connection.fetchrow(query))
    finally:
        await connection.close()


async def test_new_partitions_are_taken_from_their_start(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    start_service("processor").wait_ready()
    publish(stack.kafka_bootstrap, topics.readings, readings(300, seed=50))
    await taken(database, 300)
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    for future in admin.create_partitions([NewPartitions(topics.readings, 12)]).values():
        future.result(10)
    publish_to_all(stack, topics, range(6, 12))
    await processed(stack, database, topics)
    connection = await asyncpg.connect(database.owner_dsn)
    starts = await connection.fetch("SELECT start_offset FROM offsets WHERE topic = $1", topics.readings)
    assert [line["start_offset"] for line in starts] == [0] * 12
    await connection.close()


def publish_to_all(stack: Stack, topics: Topics, partitions: range) -> None:
    """Once the broker has made the new partitions known."""

    def published() -> bool:
        try:
            for n in partitions:
                publish(stack.kafka_bootstrap, topics.readings, readings(20, seed=500 + n), partition=n)
        except KafkaException:
            return False
        return True

    until(published, 15, "the new partitions take records", every_s=0.5)


async def test_a_group_that_kafka_forgot_is_read_on_from_postgres(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    publish(stack.kafka_bootstrap, topics.readings, readings(300, seed=51))
    before = start_service("processor").wait_ready()
    await taken(database, 300)
    before.terminate()
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    for future in admin.delete_consumer_groups([topics.processor_group]).values():
        future.result(10)
    publish(stack.kafka_bootstrap, topics.readings, readings(100, seed=52))
    start_service("processor").wait_ready()
    found = await processed(stack, database, topics)
    accepted, duplicate, _ = await counts(database)
    assert accepted == len(found.events)
    assert accepted + duplicate == 400


async def test_a_topic_read_again_adds_nothing(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    publish(stack.kafka_bootstrap, topics.readings, [*readings(500, seed=53), b"not json", b"{}"])
    before = start_service("processor").wait_ready()
    await taken(database, 502)
    first = await counts(database)
    before.terminate()
    again = "start_offset = 0, next_offset = 0, pass = 2, accepted = 0, duplicate = 0, rejected = 0"
    await execute(database.owner_dsn, f"UPDATE offsets SET {again}, bookmark_time = NULL, bookmark_hash = NULL")
    start_service("processor").wait_ready()
    await taken(database, 502)
    assert await counts(database) == (0, 502, 0)
    assert first[0] + first[1] + first[2] == 502
    await processed(stack, database, topics)


async def test_what_a_transaction_took_back_is_a_gap_and_counts_for_nothing(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    start_service("processor").wait_ready()
    producer = Producer({"bootstrap.servers": stack.kafka_bootstrap, "transactional.id": topics.prefix + "outside"})
    producer.init_transactions(20)
    for values, kept in ((readings(50, seed=54), True), (readings(30, seed=55), False), (readings(20, seed=56), True)):
        producer.begin_transaction()
        for value in values:
            producer.produce(topics.readings, value, partition=0)
        producer.flush(10)
        producer.commit_transaction(20) if kept else producer.abort_transaction(20)
    publish(stack.kafka_bootstrap, topics.readings, readings(5, seed=57), partition=0)
    await taken(database, 75)
    connection = await asyncpg.connect(database.owner_dsn)
    gaps = await connection.fetch("SELECT from_offset, to_offset, cause FROM gaps ORDER BY from_offset")
    # 50 records and their marker, 30 that were taken back and their marker, 20 and their marker, 5 without any.
    assert [tuple(gap) for gap in gaps] == [(50, 82, "not_delivered"), (102, 103, "not_delivered")]
    assert await connection.fetchval("SELECT sum(next_offset)::int FROM offsets") == 108
    await connection.close()
    await processed(stack, database, topics)


async def test_a_damaged_batch_stops_its_partition_and_no_other(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    if not isinstance(stack.kafka, EmbeddedServer):
        pytest.skip("needs the files of a broker of our own")
    publish(stack.kafka_bootstrap, topics.readings, readings(50, seed=58), partition=0)
    (segment,) = (stack.kafka.folder / "1" / "data" / f"{topics.readings}-0").glob("*.log")
    flip_last_byte(segment)
    publish(stack.kafka_bootstrap, topics.readings, readings(200, seed=59), partition=1)
    processor = start_service("processor").wait_alive()
    until(lambda: refused(processor) == 1, 20, "the damaged partition is left alone")
    await taken(database, 200)
    assert processor.exit_code is None
    flip_last_byte(segment)
    processor.terminate()
    start_service("processor").wait_ready()
    await processed(stack, database, topics)


async def test_a_log_that_lost_its_end_is_left_alone_also_once_it_has_grown_again(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    if not isinstance(stack.kafka, EmbeddedServer):
        pytest.skip("needs the files of a broker of our own")
    publish(stack.kafka_bootstrap, topics.readings, readings(60, seed=62), partition=0)
    (segment,) = (stack.kafka.folder / "1" / "data" / f"{topics.readings}-0").glob("*.log")
    kept = segment.stat().st_size
    publish(stack.kafka_bootstrap, topics.readings, readings(40, seed=63), partition=0)
    before = start_service("processor").wait_ready()
    await taken(database, 100)
    before.terminate()
    stack.kafka.kill()
    os.truncate(segment, kept)
    stack.kafka.start()
    publish(stack.kafka_bootstrap, topics.readings, readings(30, seed=64), partition=1)
    after = start_service("processor").wait_alive()
    until(lambda: "the log ends at offset 60, before 100" in after.log, 30, "the short log is left alone")
    publish(stack.kafka_bootstrap, topics.readings, readings(70, seed=65), partition=0)
    until(lambda: "is not the one that was taken last" in after.log, 30, "the longer log is left alone")
    await taken(database, 130)
    assert (await counts(database))[0] <= 130


def flip_last_byte(segment: Path) -> None:
    with segment.open("r+b") as file:
        size = segment.stat().st_size
        file.seek(size - 1)
        (byte,) = file.read(1)
        file.seek(size - 1)
        file.write(bytes([byte ^ 0xFF]))


def refused(processor: ServiceProcess) -> int:
    """How many partitions it leaves alone."""
    return processor.log.count('"event": "partition refused"') + processor.log.count('"event":"partition refused"')


def test_a_topic_that_is_not_there_is_one_line_and_the_end(start_service: StartService) -> None:
    processor = start_service("processor", TIDELINE_TOPIC_PREFIX="nowhere.")
    assert processor.wait_ended(20) == 2
    assert "Kafka has no topic nowhere.readings, nowhere.rows: run `python -m provision topics`" in processor.log


async def test_a_record_larger_than_the_topic_takes_is_refused_to_its_publisher_and_harms_nobody(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    start_service("processor").wait_ready()
    options = {"bootstrap.servers": stack.kafka_bootstrap, "message.max.bytes": 9_000_000}
    producer, errors = Producer(options), []
    producer.produce(topics.readings, b"x" * 3_000_000, on_delivery=lambda error, _: errors.append(error.name()))
    until(lambda: producer.flush(0.5) == 0, 20, "the broker answers")
    assert errors == ["MSG_SIZE_TOO_LARGE"]
    publish(stack.kafka_bootstrap, topics.readings, readings(100, seed=60))
    await processed(stack, database, topics)
