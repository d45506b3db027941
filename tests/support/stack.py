"""The Kafka and the Postgres of one test session, and the handles to hurt them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
from rich.console import Console

from local_stack.children import Child
from local_stack.jars import fetch_jars, read_lock
from local_stack.kafka import Kafka
from local_stack.passwords import load_passwords
from local_stack.ports import any_port
from local_stack.postgres import Postgres

ROOT = Path(__file__).parents[2]


class Server(Protocol):
    """What a test may do to a server."""

    def kill(self) -> None:
        """kill -9; returns when it is gone."""

    def pause(self) -> None:
        """SIGSTOP."""

    def resume(self) -> None:
        """SIGCONT."""

    def stop(self) -> None:
        """An ordered stop; returns when it is gone."""

    def start(self) -> None:
        """Start it again on its data and its port; returns when it answers. Nothing to do when it runs."""


class EmbeddedServer:
    """A server that this session started as its own child."""

    def __init__(self, server: Kafka | Postgres) -> None:
        self._server = server

    @property
    def _children(self) -> list[Child]:
        return self._server.children

    def kill(self) -> None:
        for child in self._children:
            child.kill()

    def pause(self) -> None:
        for child in self._children:
            child.pause()

    def resume(self) -> None:
        for child in self._children:
            child.resume()

    def stop(self) -> None:
        for child in self._children:
            child.stop(within_s=20)

    def start(self) -> None:
        self.resume()
        if not all(child.running() for child in self._children):
            self._server.start()


class GivenServer:
    """A server that someone else runs: tests that would hurt it are skipped."""

    def __init__(self, setting: str) -> None:
        self._setting = setting

    def _skip(self) -> None:
        pytest.skip(f"this test kills or stops a server: unset {self._setting} to run it")

    kill = pause = resume = stop = _skip

    def start(self) -> None:
        """It runs."""


@dataclass(frozen=True)
class Stack:
    """Both servers: how to reach them and how to hurt them."""

    kafka_bootstrap: str
    postgres_dsn: str
    """The owner's."""
    passwords: dict[str, str]
    """Of the roles processor, producer and api."""
    kafka: Server
    postgres: Server


@contextmanager
def open_stack() -> Iterator[Stack]:
    """The servers as the environment asks: given ones, containers (TIDELINE_TEST_STACK=docker), else embedded ones."""
    bootstrap, dsn = os.environ.get("TIDELINE_KAFKA_BOOTSTRAP"), os.environ.get("TIDELINE_POSTGRES_DSN")
    folder = Path(tempfile.mkdtemp(prefix="tideline-test-"))
    folder.chmod(0o711)  # Postgres runs as `nobody` when the tests run as root, and must reach its data
    embedded: list[Kafka | Postgres] = []
    # A given Postgres may serve `make run` too: its roles keep the passwords that `make run` gave them.
    passwords = load_passwords((ROOT / ".local" if dsn else folder) / "passwords.json")
    try:
        kafka_port, controller_port, postgres_port = any_port(3)
        kafka: Server = GivenServer("TIDELINE_KAFKA_BOOTSTRAP")
        postgres: Server = GivenServer("TIDELINE_POSTGRES_DSN")
        if not dsn:
            started = Postgres(folder, postgres_port, passwords["owner"])
            embedded.append(started)
            started.prepare()
            started.start()
            postgres, dsn = EmbeddedServer(started), started.dsn()
        if not bootstrap:
            broker = Kafka(folder, [kafka_port], [controller_port], jars())
            embedded.append(broker)
            broker.prepare()
            broker.start()
            kafka, bootstrap = EmbeddedServer(broker), broker.bootstrap
        yield Stack(bootstrap, dsn, passwords, kafka, postgres)
    finally:
        for server in reversed(embedded):
            for child in server.children:
                child.stop(within_s=5)
        shutil.rmtree(folder, ignore_errors=True)


def cache_folder() -> Path:
    """The downloads of `make run`, shared: a test run after it needs no network."""
    folder = Path(os.environ.get("TIDELINE_DATA_DIR", ROOT / ".local")).resolve() / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def jars() -> list[Path]:
    """Kafka's jars, downloaded if they are not there."""
    repository = os.environ.get("TIDELINE_MAVEN_REPOSITORY", "")
    return fetch_jars(
        read_lock(ROOT / "infra/kafka/jars.lock"), cache_folder() / "maven", repository, Console(stderr=True)
    )
