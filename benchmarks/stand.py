"""What several measurements stand on: servers, topics, services, loads."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support import databases
from tests.support.databases import Database
from tests.support.processes import ServiceProcess
from tests.support.stack import ROOT, EmbeddedServer, Stack

from contracts.topics import Topics
from local_stack.waiting import in_own_loop
from provision.topics import create_topics, read_specs

NO_BUILT_IN = {f"TIDELINE_BUILT_IN__{name}": "false" for name in ("HOST", "DEMO", "PRICES")}


def fresh_topics(stack: Stack) -> Topics:
    """Topics under a prefix of their own."""
    topics = Topics(f"bench{secrets.token_hex(3)}.")
    in_own_loop(create_topics(stack.kafka_bootstrap, read_specs(ROOT / "infra/kafka/topics.toml", topics.prefix, 1)))
    return topics


def servers(stack: Stack) -> dict[str, int]:
    """Kafka's and Postgres's process ids, where they are children of this run."""
    names = {"Kafka": stack.kafka, "Postgres": stack.postgres}
    return {name: server.pid for name, server in names.items() if isinstance(server, EmbeddedServer)}


class Services:
    """Our services as processes on one database and topics of their own."""

    def __init__(self, stack: Stack, database: Database, topics: Topics, undo: ExitStack) -> None:
        self.stack, self.database, self.topics = stack, database, topics
        self.folder = Path(undo.enter_context(tempfile.TemporaryDirectory()))
        self.started: dict[str, ServiceProcess] = {}
        undo.callback(self._end)

    def start(self, service: str, env: dict[str, str] | None = None, name: str = "") -> ServiceProcess:
        """One more process, by default called after its service."""
        dsns = {
            "processor": self.database.processor_dsn,
            "producer": self.database.producer_dsn,
            "query-api": self.database.api_dsn,
        }
        ours = {
            "TIDELINE_KAFKA_BOOTSTRAP": self.stack.kafka_bootstrap,
            "TIDELINE_TOPIC_PREFIX": self.topics.prefix,
            "TIDELINE_POSTGRES_DSN": dsns[service],
            **(NO_BUILT_IN if service == "producer" else {}),
        }
        process = ServiceProcess(service, ours | (env or {}), self.folder)
        self.started[name or service] = process
        return process

    @property
    def pids(self) -> dict[str, int]:
        """Of the services and the servers, by name."""
        return {name: process.pid for name, process in self.started.items()} | servers(self.stack)

    def _end(self) -> None:
        for process in self.started.values():
            process.ask_to_end()
        for process in self.started.values():
            process.wait_ended()


@contextmanager
def services_on(stack: Stack, template: str, topics: Topics | None = None) -> Iterator[Services]:
    """On a fresh database, and topics that are fresh too unless given; all services end with the block."""
    with databases.copy_of(stack, template) as database, ExitStack() as undo:
        yield Services(stack, database, topics or fresh_topics(stack), undo)
