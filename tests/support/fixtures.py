"""Fixtures of all tests (the root conftest.py loads this file).

`stack`: a real Kafka and a real Postgres for the session; `database`: a fresh migrated database; `topics`: fresh
topics under a prefix; `start_service`: our services as processes on these three.
"""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError

from contracts.topics import Topics
from local_stack.waiting import in_own_loop
from provision.topics import admin_client, create_topics, read_specs
from tests.support import databases
from tests.support.containers import engine_answers
from tests.support.databases import Database
from tests.support.processes import ServiceProcess
from tests.support.stack import ROOT, Stack, in_docker, open_stack

StartService = Callable[..., ServiceProcess]


def pytest_configure() -> None:
    """Say in one line that there is no engine, instead of a thousand times."""
    if in_docker() and not engine_answers():
        pytest.exit("no test was run: no Docker engine answers; start it, or unset TIDELINE_TEST_STACK", returncode=5)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Both servers, in a folder and on ports of this session."""
    with open_stack() as opened:
        yield opened


@pytest.fixture(scope="session")
def migrated_template(stack: Stack) -> Iterator[str]:
    """A migrated database that `database` copies."""
    with databases.template(stack) as name:
        yield name


@pytest.fixture
def database(stack: Stack, migrated_template: str) -> Iterator[Database]:
    """A fresh migrated database of this test."""
    with databases.copy_of(stack, migrated_template) as made:
        yield made


@pytest.fixture
def topics(stack: Stack) -> Iterator[Topics]:
    """Fresh topics of this test, under a prefix of their own."""
    stack.kafka.start()  # a test before may have left it dead
    prefix = f"t{secrets.token_hex(4)}."
    names = in_own_loop(create_topics(stack.kafka_bootstrap, read_specs(ROOT / "infra/kafka/topics.toml", prefix, 1)))
    yield Topics(prefix)
    stack.kafka.start()
    in_own_loop(_delete(stack.kafka_bootstrap, names))


async def _delete(bootstrap: str, names: list[str]) -> None:
    async with admin_client(bootstrap, wait_s=20) as admin:
        try:
            await admin.delete_topics(names)
        except KafkaError as error:  # they are in no one's way
            print(f"topics {names} are left behind: {error!r}")


@pytest.fixture
def start_service(stack: Stack, database: Database, topics: Topics, tmp_path: Path) -> Iterator[StartService]:
    """`start_service("processor", TIDELINE_NAME="processor-1")` → a process on this test's database and topics.

    All are ended after the test; when it failed, pytest shows the end of their logs.
    """
    started: list[ServiceProcess] = []
    dsns = {"processor": database.processor_dsn, "producer": database.producer_dsn, "query-api": database.api_dsn}

    def start(service: str, **env: str) -> ServiceProcess:
        ours = {
            "TIDELINE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
            "TIDELINE_TOPIC_PREFIX": topics.prefix,
            "TIDELINE_POSTGRES_DSN": dsns[service],
        }
        started.append(ServiceProcess(service, ours | env, tmp_path))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        print(f"--- {process.service} (exit code {process.exit_code})\n{process.log[-4000:]}")
