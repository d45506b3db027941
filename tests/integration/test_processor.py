"""Processors on real Kafka and real Postgres: exact, whatever is killed, paused or restarted."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
from confluent_kafka import Consumer, TopicPartition
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.malformed import MALFORMED, STRANGE
from tests.support.odd_batch import ZSTD, bomb, publish_batches, publish_odd
from tests.support.pipeline import at_least, busy, processed, readings, taken
from tests.support.processes import ServiceProcess
from tests.support.publisher import publish
from tests.support.stack import Stack
from tests.support.tables import broken_invariants
from tests.support.waiting import until, until_async

from contracts.topics import Topics


async def test_everything_published_is_counted_exactly_once(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    values = [*readings(20_000, seed=1), b"not json", b'{"stream":"x"}', *readings(500, seed=2)]
    publish(stack.kafka_bootstrap, topics.readings, values)
    processor = start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    found = await processed(stack, database, topics)
    assert found.refused == 2
    assert processor.terminate() == 0


async def test_each_malformed_record_is_one_dead_letter_and_its_neighbours_are_counted(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    start_service("processor").wait_ready()
    wanted = {}
    for case in MALFORMED:
        topic = topics.readings if case.topic == "readings" else topics.rows
        (place,) = publish(stack.kafka_bootstrap, topic, [case.value], partition=0, headers=case.headers)
        wanted[topic, *place] = case.reason
    neighbours = readings(200, seed=3)
    publish(stack.kafka_bootstrap, topics.readings, neighbours, partition=0)
    for odd in STRANGE:
        publish(stack.kafka_bootstrap, topics.readings, [odd.value], partition=0, headers=odd.headers)
    await taken(database, len(MALFORMED) + len(neighbours) + len(STRANGE))
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        letters = await connection.fetch('SELECT topic, partition, "offset", reason, value FROM dead_letters')
        assert {(line["topic"], line["partition"], line["offset"]): line["reason"] for line in letters} == wanted
        assert {line["value"] for line in letters} == {case.value for case in MALFORMED}
        raw = await connection.fetch("SELECT stream, value FROM raw_readings r JOIN series s ON s.id = series_id")
        odd_ones = [line["value"] for line in raw if not line["stream"].startswith("lab-")]
        assert len(raw) - len(odd_ones) == len(set(neighbours))
        assert set(odd_ones) == {odd.number for odd in STRANGE}
    finally:
        await connection.close()


async def test_a_header_whose_name_is_no_text_stops_nothing(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    """aiokafka itself cannot get past such a record."""
    processor = start_service("processor").wait_ready()
    odd, *others = dict.fromkeys(readings(30, seed=7))
    publish(stack.kafka_bootstrap, topics.readings, others[:9], partition=0)
    await publish_odd(stack.kafka_bootstrap, topics.readings, b"gr\xf6\xdfe", odd)
    publish(stack.kafka_bootstrap, topics.readings, others[9:], partition=0)
    await taken(database, 1 + len(others))
    connection = await asyncpg.connect(database.owner_dsn)
    assert await connection.fetchval("SELECT count(*) FROM raw_readings") == 1 + len(others)
    await connection.close()
    until(lambda: not httpx.get(processor.url + "/ready").json()["reasons"], 10, "the processor is ready")


async def test_what_little_bytes_become_is_bounded_in_memory_and_stops_nothing(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    """A batch of 400 MiB is left out and booked as a gap; records of 10 MiB are dead letters, a few at a time."""
    await publish_batches(stack.kafka_bootstrap, topics.readings, [bomb(400, ZSTD)])
    good = list(dict.fromkeys(readings(30, seed=8)))
    publish(stack.kafka_bootstrap, topics.readings, good[:9], partition=0)
    processor = start_service("processor").wait_ready()
    await taken(database, 9)
    before = peak_bytes(processor)
    await publish_batches(stack.kafka_bootstrap, topics.readings, [bomb(400, ZSTD), *[bomb(10, ZSTD)] * 12])
    publish(stack.kafka_bootstrap, topics.readings, good[9:], partition=0)
    await taken(database, len(good) + 12)
    assert peak_bytes(processor) < before + 250_000_000
    connection = await asyncpg.connect(database.owner_dsn)
    assert await connection.fetchval("SELECT count(*) FROM raw_readings") == len(good)
    letters = await connection.fetch("SELECT reason, octet_length(value) FROM dead_letters")
    assert [tuple(letter) for letter in letters] == [("too_large", 10 * 1_048_576)] * 12
    gaps = await connection.fetch("SELECT from_offset, to_offset, cause FROM gaps")
    assert [tuple(gap) for gap in gaps] == [(0, 1, "not_delivered"), (10, 11, "not_delivered")]
    assert await broken_invariants(connection) == []
    await connection.close()


def peak_bytes(process: ServiceProcess) -> int:
    """Most memory that a process has had."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return 1_024 * int(status.split("VmHWM:")[1].split()[0])


async def test_two_members_share_the_partitions_and_a_third_may_come_and_go(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    first = start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    async with busy(stack, database, topics, seed=4):
        await at_least(database, 600)
        second = start_service("processor", TIDELINE_NAME="processor-2").wait_ready()
        await at_least(database, 1_500)
        third = start_service("processor").wait_ready()
        await at_least(database, 3_000)
        assert third.terminate() == 0
        assert partitions_of(first) + partitions_of(second) > 0
    await until_async(lambda: all_shared(first, second), 20, "all 12 partitions are owned")
    await processed(stack, database, topics)
    assert partitions_of(first) == partitions_of(second) == 6


async def test_a_processor_killed_in_the_middle_loses_and_doubles_nothing(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    async with busy(stack, database, topics, seed=5):
        for round_ in range(3):
            processor = start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
            await at_least(database, 600 * (round_ + 1))
            processor.kill()
    start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    await processed(stack, database, topics)


async def test_a_paused_processor_that_wakes_up_is_fenced(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    sleeper = start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    async with busy(stack, database, topics, seed=6):
        await at_least(database, 500)
        sleeper.pause()
        other = start_service("processor", TIDELINE_NAME="processor-2").wait_alive()
        await until_async(lambda: owns(other, 12), 30, "the other has taken over", every_s=0.5)
        await at_least(database, 1_000)
        sleeper.resume()
        await until_async(lambda: all_shared(sleeper, other), 30, "both work side by side", every_s=0.5)
    await processed(stack, database, topics)


async def test_the_broker_dies_and_comes_back(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    processor = start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    publish(stack.kafka_bootstrap, topics.readings, readings(2_000, seed=7))
    await at_least(database, 500)
    stack.kafka.kill()
    await until_async(
        lambda: answers(processor, "/ready", 503), 30, "the processor says that Kafka is away", every_s=0.5
    )
    assert await answers(processor, "/health", 200)
    stack.kafka.start()
    publish(stack.kafka_bootstrap, topics.readings, readings(1_000, seed=8))
    await processed(stack, database, topics)
    await until_async(lambda: answers(processor, "/ready", 200), 30, "the processor is ready again", every_s=0.5)


async def test_postgres_dies_and_comes_back(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    processor = start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    async with busy(stack, database, topics, seed=9):
        await at_least(database, 600)
        stack.postgres.kill()
        await until_async(lambda: answers(processor, "/ready", 503), 20, "the processor says that Postgres is away")
        stack.postgres.start()
        await at_least(database, 2_000)
        stack.postgres.stop()
        stack.postgres.start()
        await at_least(database, 3_000)
    await processed(stack, database, topics)
    assert processor.exit_code is None


async def test_a_processor_whose_postgres_is_frozen_is_not_ready(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    def reasons() -> str:
        return " ".join(httpx.get(processor.url + "/ready", timeout=5).json()["reasons"])

    processor = start_service("processor").wait_ready()
    stack.postgres.pause()
    try:
        until(lambda: "Postgres or Kafka does not answer" in reasons(), 8, "it says so")
    finally:
        stack.postgres.resume()
    until(lambda: not reasons(), 8, "it is ready again")


async def test_a_processor_that_starts_before_the_broker_waits_for_it(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    publish(stack.kafka_bootstrap, topics.readings, readings(300, seed=14))
    stack.kafka.kill()
    processor = start_service("processor").wait_alive()
    await until_async(lambda: answers(processor, "/ready", 503), 10, "it says that it waits")
    stack.kafka.start()
    processor.wait_ready()
    await processed(stack, database, topics)


async def test_a_stop_while_postgres_hangs_is_cut_off_and_loses_nothing(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    processor = start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    publish(stack.kafka_bootstrap, topics.readings, readings(500, seed=15))
    await at_least(database, 500)
    stack.postgres.pause()
    try:
        publish(stack.kafka_bootstrap, topics.readings, readings(500, seed=16))
        processor.ask_to_end()
        processor.terminate(within_s=13)  # a second one changes nothing
    finally:
        stack.postgres.resume()
    start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    await processed(stack, database, topics)


async def test_a_former_owner_that_is_frozen_in_a_copy_does_not_hold_its_partitions(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    first = start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    publish(stack.kafka_bootstrap, topics.readings, readings(300, seed=17), partition=0)
    await taken(database, 300)
    first.kill()
    frozen = await asyncpg.connect(database.processor_dsn)
    begun = asyncio.Event()

    async def never_ending() -> AsyncIterator[bytes]:
        yield b"\n"
        begun.set()
        await asyncio.Event().wait()

    async def hold_and_stop() -> None:
        async with frozen.transaction():
            await frozen.execute("SELECT FROM offsets FOR UPDATE")
            await frozen.execute("CREATE TEMP TABLE stuck (line text)")
            await frozen.copy_to_table("stuck", source=never_ending())

    holding = asyncio.create_task(hold_and_stop())
    await begun.wait()
    publish(stack.kafka_bootstrap, topics.readings, readings(100, seed=18), partition=0)
    start_service("processor", TIDELINE_NAME="processor-1")
    await taken(database, 400, within_s=30)
    holding.cancel()
    await asyncio.wait([holding])
    frozen.terminate()


async def test_a_record_that_postgres_refuses_is_found_and_set_aside(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    connection = await asyncpg.connect(database.owner_dsn)
    await connection.execute("SELECT ensure_raw_partitions(ARRAY[now() - interval '3 hours', now()])")
    await connection.execute("""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF new.value = 666 THEN RAISE numeric_value_out_of_range; END IF;
            RETURN new;
        END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON raw_readings FOR EACH ROW EXECUTE FUNCTION refuse();
    """)
    good = readings(300, seed=10)
    bad = [value.replace(b'"value": ', b'"value": 666, "was": ') for value in readings(2, seed=11)]
    publish(stack.kafka_bootstrap, topics.readings, [*good[:150], bad[0], *good[150:], bad[1]], partition=0)
    start_service("processor")
    await taken(database, 302)
    letters = await connection.fetch('SELECT "offset", reason FROM dead_letters ORDER BY "offset"')
    assert [tuple(letter) for letter in letters] == [(150, "db_rejected"), (301, "db_rejected")]
    assert await connection.fetchval("SELECT count(*) FROM raw_readings") == len(set(good))
    assert await connection.fetchval("SELECT sum(count) FROM windows") == len(set(good))
    await connection.close()


async def test_lag_tools_see_the_stored_offsets_within_two_seconds(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    partitions = [TopicPartition(topic, n) for topic in (topics.readings, topics.rows) for n in range(6)]
    consumer = Consumer({"bootstrap.servers": stack.kafka_bootstrap, "group.id": topics.processor_group})

    def committed() -> list[int]:
        return [place.offset for place in consumer.committed(partitions, timeout=10)]

    until(lambda: committed() == [0] * 12, 5, "every partition has a committed start, so that its lag shows")
    publish(stack.kafka_bootstrap, topics.readings, readings(700, seed=12), partition=2)
    await taken(database, 700)
    until(lambda: committed()[2] == 700, 2, "Kafka has the stored offset")
    consumer.close()


async def test_sigterm_hands_over_at_once(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    first = start_service("processor").wait_ready()
    second = start_service("processor").wait_ready()
    async with busy(stack, database, topics, seed=13):
        await at_least(database, 600)
        assert first.terminate(within_s=10) == 0
        # Less than the session timeout: the group was left in order.
        await until_async(
            lambda: asyncio.to_thread(lambda: partitions_of(second) == 12), 5, "the other has all", every_s=0.2
        )
    await processed(stack, database, topics)


def partitions_of(processor: ServiceProcess) -> int:
    """How many partitions it owns, by its metrics."""
    text = httpx.get(processor.url + "/metrics", timeout=5, trust_env=False).text
    (line,) = [line for line in text.splitlines() if line.startswith("tideline_processor_partitions ")]
    return int(float(line.split()[1]))


async def owns(processor: ServiceProcess, count: int) -> bool:
    """Whether it owns so many partitions."""
    return await asyncio.to_thread(partitions_of, processor) == count


async def all_shared(*processors: ServiceProcess) -> bool:
    """Whether all of them own some partitions, together all twelve."""
    owned = [await asyncio.to_thread(partitions_of, processor) for processor in processors]
    return min(owned) > 0 and sum(owned) == 12


async def answers(processor: ServiceProcess, path: str, status: int) -> bool:
    """Whether it answers with this status."""
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(processor.url + path, timeout=5)).status_code == status
