"""A partition whose log is not the one that was read before waits for the operator; the others go on."""

import asyncio
import json
import os
import subprocess
import sys

import asyncpg
import httpx
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.pipeline import processed, readings, taken
from tests.support.processes import ServiceProcess
from tests.support.publisher import publish
from tests.support.stack import ROOT, Stack
from tests.support.tables import broken_invariants
from tests.support.waiting import until

from contracts.topics import Topics
from local_stack.waiting import in_own_loop
from provision.topics import create_topics, read_specs


async def test_records_that_retention_deleted_unread_stop_the_partition_until_accepted(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    publish(stack.kafka_bootstrap, topics.readings, readings(100, seed=30), partition=0)
    before = start_service("processor").wait_ready()
    await taken(database, 100)
    before.terminate()
    publish(stack.kafka_bootstrap, topics.readings, readings(60, seed=31), partition=0)
    publish(stack.kafka_bootstrap, topics.readings, readings(50, seed=32), partition=1)
    delete_records(stack, topics, before=140)

    processor = start_service("processor")
    until(lambda: "offsets 100 to 140 were deleted" in reasons(processor), 20, "the processor says what is missing")
    await taken(database, 150)  # partition 1 goes on
    accepted = accept(stack, database, topics)
    assert f"{topics.readings}-0: goes on at offset 140, without 100 to 139" in accepted
    await taken(database, 170)
    until(lambda: reasons(processor) == "", 15, "the processor is ready")
    connection = await asyncpg.connect(database.owner_dsn)
    gaps = await connection.fetch("SELECT from_offset, to_offset, cause, accepted_at IS NOT NULL AS accepted FROM gaps")
    assert [tuple(gap) for gap in gaps] == [(100, 140, "retention", True)]
    assert await broken_invariants(connection) == []
    await connection.close()


async def test_records_that_retention_deletes_while_their_partition_is_held_stop_it_too(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    publish(stack.kafka_bootstrap, topics.readings, readings(100, seed=44), partition=0)
    processor = start_service("processor").wait_ready()
    await taken(database, 100)
    processor.pause()
    for seed, count in ((45, 1), (46, 59)):  # the first may answer what the processor had asked for before
        publish(stack.kafka_bootstrap, topics.readings, readings(count, seed), partition=0)
    delete_records(stack, topics, before=140)
    processor.resume()
    until(lambda: "to 140 were deleted" in reasons(processor), 20, "the processor says what is missing")
    connection = await asyncpg.connect(database.owner_dsn)
    gaps = await connection.fetch("SELECT from_offset, to_offset, cause FROM gaps")
    assert [tuple(gap) for gap in gaps] in ([(100, 140, "retention")], [(101, 140, "retention")])
    assert await connection.fetchval("SELECT sum(accepted + duplicate + rejected)::int FROM offsets") in (100, 101)
    await connection.close()


@pytest.mark.parametrize("again", [30, 200], ids=["shorter", "longer"])
async def test_a_recreated_topic_is_refused_until_accepted_as_a_new_generation(
    again: int, stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    publish(stack.kafka_bootstrap, topics.readings, readings(100, seed=33), partition=0)
    before = start_service("processor").wait_ready()
    await taken(database, 100)
    before.terminate()
    recreate(stack, topics)
    publish(stack.kafka_bootstrap, topics.readings, readings(again, seed=34), partition=0)

    processor = start_service("processor")
    until(lambda: "recreated or truncated" in reasons(processor), 20, "the processor says that the log is another")
    connection = await asyncpg.connect(database.owner_dsn)
    assert await connection.fetchval("SELECT sum(accepted + duplicate + rejected) FROM offsets") == 100
    assert f"{topics.readings}: generation 2 begins" in accept(stack, database, topics)
    await taken(database, 100 + again)
    until(lambda: reasons(processor) == "", 15, "the processor is ready")
    expected = len({*readings(100, seed=33), *readings(again, seed=34)})
    assert await connection.fetchval("SELECT count(*) FROM raw_readings") == expected
    assert await broken_invariants(connection) == []
    await connection.close()


async def test_partitions_whose_log_is_the_same_go_on_where_they_are_in_a_new_generation(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    """Their records have no ids: read again in another generation they would count again."""
    publish(stack.kafka_bootstrap, topics.readings, without_ids(100, seed=37), partition=0)
    before = start_service("processor").wait_ready()
    await taken(database, 100)
    before.terminate()
    recreate(stack, topics)
    publish(stack.kafka_bootstrap, topics.readings, without_ids(30, seed=38), partition=0)
    publish(stack.kafka_bootstrap, topics.readings, without_ids(20, seed=39), partition=1)
    processor = start_service("processor")
    until(lambda: "recreated or truncated" in reasons(processor), 20, "the processor says that the log is another")
    await taken(database, 120)  # partition 1 was empty before
    assert "generation 2 begins, at the start of the log in partitions 0\n" in accept(stack, database, topics)
    publish(stack.kafka_bootstrap, topics.readings, without_ids(5, seed=40), partition=1)  # to whoever held it before
    await taken(database, 155)
    connection = await asyncpg.connect(database.owner_dsn)
    assert await connection.fetchval("SELECT count(*) FROM raw_readings") == 155
    assert await broken_invariants(connection) == []
    standing = "SELECT generation, next_offset FROM offsets WHERE topic = $1 AND partition = 1 ORDER BY generation"
    assert [tuple(line) for line in await connection.fetch(standing, topics.readings)] == [(1, 20), (2, 25)]
    await connection.close()


def without_ids(count: int, seed: int) -> list[bytes]:
    """Readings that get id and time from their place."""
    made = [json.loads(value) for value in readings(count, seed)]
    return [json.dumps({name: fields[name] for name in ("stream", "category", "value")}).encode() for fields in made]


async def test_accept_finds_nothing_to_accept_where_all_is_well(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    publish(stack.kafka_bootstrap, topics.readings, readings(100, seed=35))
    start_service("processor").wait_ready()
    await taken(database, 100)
    assert "nothing more to accept" in accept(stack, database, topics)
    owner = await asyncpg.connect(database.owner_dsn)
    async with owner.transaction():  # somebody is in the middle of something and does not go on
        await owner.execute("SELECT FROM offsets FOR UPDATE")
        stuck = await asyncio.to_thread(run_accept, stack, database, topics)
    await owner.close()
    assert (stuck.returncode, stuck.stderr.count("\n")) == (2, 1)
    assert "run it again" in stuck.stderr
    publish(stack.kafka_bootstrap, topics.readings, readings(50, seed=36))
    await processed(stack, database, topics)


def reasons(processor: ServiceProcess) -> str:
    """Why it is not ready."""
    try:
        return " ".join(httpx.get(processor.url + "/ready", timeout=5, trust_env=False).json()["reasons"])
    except httpx.TransportError:
        return "does not answer yet"


def accept(stack: Stack, database: Database, topics: Topics) -> str:
    """What the operator's command prints."""
    done = run_accept(stack, database, topics)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_accept(stack: Stack, database: Database, topics: Topics) -> subprocess.CompletedProcess[str]:
    """The operator's command."""
    env = os.environ | {
        "TIDELINE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
        "TIDELINE_TOPIC_PREFIX": topics.prefix,
        "TIDELINE_POSTGRES_DSN": database.processor_dsn,
    }
    command = [sys.executable, "-m", "processor", "accept"]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


def delete_records(stack: Stack, topics: Topics, before: int) -> None:
    """As retention does, in partition 0."""
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    for future in admin.delete_records([TopicPartition(topics.readings, 0, before)]).values():
        future.result(10)


def recreate(stack: Stack, topics: Topics) -> None:
    """Delete the topic and create it again."""
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    for future in admin.delete_topics([topics.readings], operation_timeout=10).values():
        future.result(20)
    until(lambda: topics.readings not in admin.list_topics(timeout=5).topics, 10, "the topic is gone")
    specs = read_specs(ROOT / "infra/kafka/topics.toml", topics.prefix, 1)
    in_own_loop(create_topics(stack.kafka_bootstrap, specs))
