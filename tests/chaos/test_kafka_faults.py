"""What may happen to a topic while processors read it: it grows, is read again, forgets its group, is damaged."""

import os
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewPartitions
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.odd_batch import publish_batches, timed
from tests.support.pipeline import processed, readings, taken
from tests.support.processes import ServiceProcess
from tests.support.publisher import publish
from tests.support.query_api import serving
from tests.support.stack import ROOT, EmbeddedServer, Stack
from tests.support.streams import execute
from tests.support.tables import broken_invariants
from tests.support.waiting import until

from contracts.times import APPEND_MS_MAX
from contracts.topics import Topics
from provision.topics import create_topics, read_specs


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
    named = {"bootstrap.servers": stack.kafka_bootstrap, "transactional.id": topics.prefix + "outside"}
    producer = Producer(named)
    producer.init_transactions(20)
    for values, kept in ((readings(50, seed=54), True), (readings(30, seed=55), False), (readings(20, seed=56), True)):
        producer.begin_transaction()
        for value in values:
            producer.produce(topics.readings, value, partition=0)
        producer.flush(10)
        producer.commit_transaction(20) if kept else producer.abort_transaction(20)
    Producer(named).init_transactions(20)  # answered once the last marker is written
    publish(stack.kafka_bootstrap, topics.readings, readings(5, seed=57), partition=0)
    await taken(database, 75)
    connection = await asyncpg.connect(database.owner_dsn)
    gaps = await connection.fetch("SELECT from_offset, to_offset, cause FROM gaps ORDER BY from_offset")
    # 50 records and their marker, 30 that were taken back and their marker, 20 and their marker, 5 without any.
    assert [tuple(gap) for gap in gaps] == [(50, 82, "not_delivered"), (102, 103, "not_delivered")]
    assert await connection.fetchval("SELECT sum(next_offset)::int FROM offsets") == 108
    await connection.close()
    await processed(stack, database, topics)


TIMES = [
    (1, 0), (-(2**63), 0), (-(2**63), -5), (-62_135_596_800_001, 0), (-1, 0), (0, 0),
    (APPEND_MS_MAX - 1, 0), (APPEND_MS_MAX, 0), (253_402_300_800_000, 0), (2**63 - 1, 0), (2**63 - 1, 5),
]  # fmt: skip
"""Of a batch, and how much later its record is: whatever 64 bits hold, and beyond."""


async def test_any_time_that_a_publisher_gives_a_record_stops_no_partition(
    stack: Stack, database: Database, start_service: StartService
) -> None:
    """Topics with CreateTime, as somebody else may have made them; the last record taken is an odd one each time."""
    topics = Topics(f"t{secrets.token_hex(4)}.")
    anything = {
        "message.timestamp.type": "CreateTime",
        "message.timestamp.after.max.ms": str(2**63 - 1),
        "retention.ms": "-1",
    }
    specs = read_specs(ROOT / "infra/kafka/topics.toml", topics.prefix, 1)
    await create_topics(stack.kafka_bootstrap, [replace(spec, config=spec.config | anything) for spec in specs])
    bare = {
        topics.readings: b'{"stream":"x","category":"c","value":1}',
        topics.rows: b'{"stream":"y","row":0,"data":{}}',
    }
    for topic, value in bare.items():
        own = b'{"id":"%s","timestamp":"2026-01-01T00:00:00Z",' % str(uuid4()).encode() + value[1:]
        odd = [timed(at, each, later) for at, later in TIMES for each in (own, bare[topic])]
        await publish_batches(stack.kafka_bootstrap, topic, odd)
    taken_odd = 2 * 2 * len(TIMES)
    before = start_service("processor", TIDELINE_TOPIC_PREFIX=topics.prefix).wait_ready()
    await taken(database, taken_odd)
    before.terminate()
    publish(stack.kafka_bootstrap, topics.readings, readings(100, seed=61), partition=0)
    after = start_service("processor", TIDELINE_TOPIC_PREFIX=topics.prefix).wait_ready()
    await taken(database, taken_odd + 100)
    assert refused(after) == 0
    connection = await asyncpg.connect(database.owner_dsn)
    letters = await connection.fetch('SELECT topic, "offset", reason FROM dead_letters')
    good = [2 * TIMES.index((at, 0)) for at in (1, APPEND_MS_MAX - 1)]
    wanted = {(topic, n): "bad_timestamp" for topic in bare for n in range(2 * len(TIMES))}
    wanted |= {(topic, good[0]): "in_the_future" for topic in bare} | {(topic, good[1]): "too_old" for topic in bare}
    for topic in bare:  # without a time of their own they have that of Kafka, where it is one
        del wanted[topic, good[0] + 1], wanted[topic, good[1] + 1]
    assert {(line["topic"], line["offset"]): line["reason"] for line in letters} == wanted
    assert await broken_invariants(connection) == []
    await connection.close()
    kafka = {"kafka_bootstrap": stack.kafka_bootstrap, "topic_prefix": topics.prefix}
    async with serving(database.api_dsn, now=datetime.now(UTC), more=kafka) as api:
        audit = await api.get("/api/v1/audit", params={"deep": "true", "from": "1970-01-01T00:00:00Z"})
        assert (audit.status_code, audit.json()["result"]) == (200, "PASS"), audit.text
        assert len((await api.get("/api/v1/dead-letters", params={"limit": 100})).json()) == len(wanted)
        after.kill()
        await publish_batches(stack.kafka_bootstrap, topics.rows, [timed(2**63 - 1, b"{}")])
        lag = await api.get("/api/v1/lag")
        assert next(line["records_behind"] for line in lag.json() if line["topic"] == topics.rows) == 1


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
