"""The Kafka and the Postgres of one test session, and the handles to hurt them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import pytest
from rich.console import Console

from local_stack.children import Child
from local_stack.jars import fetch_jars, read_lock
from local_stack.kafka import Kafka
from local_stack.passwords import load_passwords
from local_stack.ports import HOST, any_port
from local_stack.postgres import Postgres
from tests.support import containers

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
    def folder(self) -> Path:
        """Where it keeps its data."""
        return self._server.folder

    @property
    def pid(self) -> int:
        """Of its first process."""
        return self._children[0].pid or 0

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
    kafka_behind: tuple[int, int] | None = None
    """A second listener of the broker: its port, and the port that it tells clients, where a test may put a proxy."""


@contextmanager
def open_stack() -> Iterator[Stack]:
    """The servers as the environment asks: given ones, containers (TIDELINE_TEST_STACK=docker), else embedded ones."""
    given_kafka, given_postgres = os.environ.get("TIDELINE_KAFKA_BOOTSTRAP"), os.environ.get("TIDELINE_POSTGRES_DSN")
    with ExitStack() as undo:
        folder = undo.enter_context(_folder())
        # A given Postgres may serve `make run` too: its roles keep the passwords that `make run` gave them.
        passwords = load_passwords((data_folder() if given_postgres else folder) / "passwords.json")
        postgres: Server = GivenServer("TIDELINE_POSTGRES_DSN")
        kafka: Server = GivenServer("TIDELINE_KAFKA_BOOTSTRAP")
        if not given_postgres:
            postgres, given_postgres = _postgres(folder, passwords["owner"], undo)
        behind = None if given_kafka or in_docker() else _two_ports()
        if not given_kafka:
            kafka, given_kafka = _kafka(folder, undo, behind)
        yield Stack(given_kafka, given_postgres, passwords, kafka, postgres, behind)


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tideline-test-"))
    folder.chmod(0o711)  # Postgres runs as `nobody` when the tests run as root, and must reach its data
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def in_docker() -> bool:
    """The servers are to be containers."""
    return os.environ.get("TIDELINE_TEST_STACK") == "docker"


def _postgres(folder: Path, password: str, undo: ExitStack) -> tuple[Server, str]:
    if in_docker():
        container, dsn = containers.postgres_container(ROOT, password)
        undo.callback(container.remove)
        return container, dsn
    server = Postgres(folder, any_port(1)[0], password)
    server.prepare()
    return _started(server, undo), server.dsn()


@contextmanager
def another_postgres(stack: Stack) -> Iterator[tuple[Postgres, Stack]]:
    """A server of the test's own, beside the session's Kafka."""
    with ExitStack() as undo:
        server = Postgres(undo.enter_context(_folder()), any_port(1)[0], stack.passwords["processor"])
        server.prepare()
        yield server, replace(stack, postgres_dsn=server.dsn(), postgres=_started(server, undo))


def _kafka(folder: Path, undo: ExitStack, behind: tuple[int, int] | None) -> tuple[Server, str]:
    if in_docker():
        container, bootstrap = containers.kafka_container(ROOT)
        undo.callback(container.remove)
        return container, bootstrap
    port, controller_port = any_port(2)
    settings = proxied(port, controller_port, *behind) if behind else None
    server = Kafka(folder, [port], [controller_port], jars(), settings)
    server.prepare()
    return _started(server, undo), server.bootstrap


def _two_ports() -> tuple[int, int]:
    first, second = any_port(2)
    return first, second


def proxied(port: int, controller_port: int, behind: int, told: int) -> dict[str, str]:
    """Settings of a broker that has one more listener, on port `behind`, and tells its clients port `told`."""
    ours = f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}"
    return {
        "listeners": f"{ours},PROXIED://{HOST}:{behind}",
        "advertised.listeners": f"{ours},PROXIED://{HOST}:{told}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT",
    }


def _started(server: Kafka | Postgres, undo: ExitStack) -> EmbeddedServer:
    for child in server.children:
        undo.callback(child.stop, within_s=5)
    server.start()
    return EmbeddedServer(server)


def data_folder() -> Path:
    """What `make run` keeps its data in."""
    return Path(os.environ.get("TIDELINE_DATA_DIR", ROOT / ".local")).resolve()


def cache_folder() -> Path:
    """The downloads of `make run`, shared: a test run after it needs no network."""
    folder = data_folder() / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def jars() -> list[Path]:
    """Kafka's jars, downloaded if they are not there."""
    repository = os.environ.get("TIDELINE_MAVEN_REPOSITORY", "")
    return fetch_jars(
        read_lock(ROOT / "infra/kafka/jars.lock"), cache_folder() / "maven", repository, Console(stderr=True)
    )
