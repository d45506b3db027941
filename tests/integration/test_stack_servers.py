"""The servers of the test session: they come back with their data after kill -9, stop and freeze."""

import asyncpg
from tests.support.databases import Database
from tests.support.publisher import publish, read_all
from tests.support.stack import Stack

from contracts.topics import Topics
from local_stack.postgres import answers


def test_records_survive_a_killed_broker(stack: Stack, topics: Topics) -> None:
    publish(stack.kafka_bootstrap, topics.readings, [b"one", b"two"], partition=3)
    stack.kafka.kill()
    stack.kafka.start()
    assert publish(stack.kafka_bootstrap, topics.readings, [b"three"], partition=3) == [(3, 2)]
    assert [record.value for record in read_all(stack.kafka_bootstrap, topics.readings)] == [b"one", b"two", b"three"]


async def test_committed_rows_survive_a_killed_postgres(stack: Stack, database: Database) -> None:
    connection = await asyncpg.connect(database.processor_dsn)
    await connection.execute("INSERT INTO series (stream, category) VALUES ('a', 'b')")
    stack.postgres.kill()
    assert not await answers(database.processor_dsn)
    stack.postgres.start()
    connection = await asyncpg.connect(database.processor_dsn)
    try:
        assert await connection.fetchval("SELECT category FROM series WHERE stream = 'a'") == "b"
    finally:
        await connection.close()


async def test_a_frozen_postgres_answers_again_when_it_goes_on(stack: Stack, database: Database) -> None:
    stack.postgres.pause()
    assert not await answers(database.api_dsn)
    stack.postgres.resume()
    assert await answers(database.api_dsn)


async def test_an_ordered_stop_of_postgres_is_followed_by_a_start(stack: Stack, database: Database) -> None:
    stack.postgres.stop()
    stack.postgres.start()
    assert await answers(database.api_dsn)
