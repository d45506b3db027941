"""What may happen to Postgres while processors write: locks, no connection, no space, an older copy of itself."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from services.processor.tests.makers import wire
from tests.support import databases
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.pipeline import at_least, processed, readings, taken
from tests.support.processes import ServiceProcess
from tests.support.publisher import publish
from tests.support.stack import EmbeddedServer, Stack, another_postgres
from tests.support.waiting import until, until_async

from contracts.topics import Topics
from local_stack.accounts import unprivileged


@asynccontextmanager
async def as_owner(database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        yield connection
    finally:
        connection.terminate()


async def test_a_table_that_is_locked_for_long_is_waited_for(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    processor = start_service("processor").wait_ready()
    async with as_owner(database) as owner, owner.transaction():
        await owner.execute("LOCK TABLE windows IN ACCESS EXCLUSIVE MODE")
        publish(stack.kafka_bootstrap, topics.readings, readings(300, seed=70))
        until(lambda: "LockNotAvailable" in processor.log, 15, "the processor gave up waiting and starts over")
    await processed(stack, database, topics)


async def test_a_deadlock_with_another_session_is_survived(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    """The other session takes two windows in the order that processors never take them in."""
    processor = start_service("processor").wait_ready()
    both = [wire(1, category="a"), wire(2, category="b")]
    publish(stack.kafka_bootstrap, topics.readings, both, partition=0)
    await taken(database, 2)
    async with as_owner(database) as owner, as_owner(database) as watcher:
        transaction = owner.transaction()
        await transaction.start()
        await owner.execute("SELECT FROM windows WHERE series_id = (SELECT max(id) FROM series) FOR UPDATE")
        publish(stack.kafka_bootstrap, topics.readings, [wire(3, category="a"), wire(4, category="b")], partition=0)
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        await until_async(lambda: watcher.fetchval(waiting), 10, "the processor waits for the second window")
        try:
            await owner.execute("SELECT FROM windows WHERE series_id = (SELECT min(id) FROM series) FOR UPDATE")
            await transaction.rollback()
        except asyncpg.DeadlockDetectedError:
            await transaction.rollback()
            pytest.fail("Postgres ended the other session, so the processor was not put to the test")
    await processed(stack, database, topics)
    assert "DeadlockDetected" in processor.log


async def test_without_a_free_connection_the_processor_waits_and_the_api_says_503(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    processor, api = start_service("processor").wait_ready(), start_service("query-api").wait_ready()
    async with as_owner(database) as owner:
        try:
            for role in ("tideline_processor", "tideline_api"):
                await owner.execute(f"ALTER ROLE {role} CONNECTION LIMIT 0")
            await end_services(owner)
            publish(stack.kafka_bootstrap, topics.readings, readings(300, seed=71))
            until(lambda: "TooManyConnections" in processor.log, 15, "the processor gets no connection")
            answer = ask(api, "/api/v1/series")
            assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
            assert answer.headers["retry-after"]
        finally:
            for role in ("tideline_processor", "tideline_api"):
                await owner.execute(f"ALTER ROLE {role} CONNECTION LIMIT -1")
    await processed(stack, database, topics)


async def end_services(owner: asyncpg.Connection) -> None:
    await owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename IN ('tideline_processor', 'tideline_api')"
    )


async def test_a_partition_of_the_raw_table_that_was_dropped_is_made_again(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    start_service("processor").wait_ready()
    publish(stack.kafka_bootstrap, topics.readings, [wire(1)])
    await taken(database, 1)
    async with as_owner(database) as owner:
        table = await owner.fetchval("SELECT tableoid::regclass::text FROM raw_readings")
        await owner.execute(f"DROP TABLE {table}")
        publish(stack.kafka_bootstrap, topics.readings, [wire(2)])
        await taken(database, 2)
        assert await owner.fetchval("SELECT count(*) FROM raw_readings") == 1
        assert await owner.fetchval("SELECT sum(count)::int FROM windows") == 2
        assert await owner.fetchval("SELECT count(*) FROM dead_letters") == 0


async def test_commits_that_were_not_flushed_are_lost_with_their_offsets_and_made_again(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    async with as_owner(database) as owner:
        await owner.execute("ALTER ROLE tideline_processor SET synchronous_commit = off")
    try:
        start_service("processor", TIDELINE_BATCH__RECORDS="200").wait_ready()
        publish(stack.kafka_bootstrap, topics.readings, readings(6_000, seed=72))
        await at_least(database, 1_000)
        stack.postgres.kill()
        stack.postgres.start()
        await processed(stack, database, topics)
    finally:
        async with as_owner(database) as owner:
            await owner.execute("ALTER ROLE tideline_processor RESET synchronous_commit")


@pytest.fixture
def small_disk(stack: Stack) -> Iterator[Path]:
    """A file system of 48 MB that Postgres may use; needs root."""
    if not isinstance(stack.postgres, EmbeddedServer):
        pytest.skip("a full disk needs a server of our own")
    folder = Path(f"/tmp/tideline-small-{os.getpid()}")
    folder.mkdir()
    account = unprivileged()
    options = f"size=48m,uid={account.uid or os.getuid()},gid={account.gid or os.getgid()},mode=0700"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False)
    if mounted.returncode:
        folder.rmdir()
        pytest.skip("a full disk needs the right to mount a small one")
    yield folder
    subprocess.run(["umount", "-l", folder], check=False)
    folder.rmdir()


async def test_a_full_disk_is_waited_for(
    stack: Stack, migrated_template: str, topics: Topics, start_service: StartService, small_disk: Path
) -> None:
    with databases.copy_of(stack, migrated_template) as database:
        async with as_maintenance(stack) as owner:
            name = database.owner_dsn.rpartition("/")[2]
            await owner.execute(f"CREATE TABLESPACE small LOCATION '{small_disk}'")
            await owner.execute(f"ALTER DATABASE {name} SET TABLESPACE small")
        ballast = small_disk / "ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(small_disk).free - 2_000_000))
        processor = start_service("processor", TIDELINE_POSTGRES_DSN=database.processor_dsn).wait_ready()
        publish(stack.kafka_bootstrap, topics.readings, readings(30_000, seed=73))
        until(lambda: "DiskFull" in processor.log, 30, "the disk is full")
        until(lambda: not ready(processor), 10, "it says so")
        ballast.unlink()
        await processed(stack, database, topics)
        assert processor.exit_code is None
        processor.terminate()
    async with as_maintenance(stack) as owner:
        await owner.execute("DROP TABLESPACE small")


@asynccontextmanager
async def as_maintenance(stack: Stack) -> AsyncIterator[asyncpg.Connection]:
    """The owner, in no test's database."""
    connection = await asyncpg.connect(stack.postgres_dsn.rpartition("/")[0] + "/postgres")
    try:
        yield connection
    finally:
        await connection.close()


async def test_an_older_copy_of_the_database_catches_up_from_kafka(
    stack: Stack, topics: Topics, start_service: StartService
) -> None:
    with (
        another_postgres(stack) as (server, own),
        databases.template(own) as template,
        databases.copy_of(own, template) as database,
    ):
        processor = start_service("processor", TIDELINE_POSTGRES_DSN=database.processor_dsn).wait_ready()
        publish(own.kafka_bootstrap, topics.readings, [*readings(500, seed=74), b"not json"])
        await taken(database, 501)
        server.child.stop(10)
        older = server.data.with_name("older")
        shutil.copytree(server.data, older, copy_function=shutil.copy2)
        server.start()
        publish(own.kafka_bootstrap, topics.readings, [*readings(500, seed=75, streams=6), b"not json either"])
        await taken(database, 1_002)
        server.child.stop(10)
        for path in (older, *older.rglob("*")):
            os.chown(path, server.data.stat().st_uid, server.data.stat().st_gid)
        shutil.rmtree(server.data)
        older.rename(server.data)
        server.start()
        await processed(own, database, topics)
        assert processor.exit_code is None
        processor.terminate()


def ready(processor: ServiceProcess) -> bool:
    return ask(processor, "/ready").status_code == 200


def ask(service: ServiceProcess, path: str) -> httpx.Response:
    return httpx.get(service.url + path, timeout=10, trust_env=False)
