"""One run of the stack: prepare, start in order, watch, stop in reverse order."""

import asyncio
import threading
import time
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from chassis.errors import StartError
from local_stack import leftovers, services
from local_stack.jars import fetch_jars, read_lock
from local_stack.kafka import Kafka
from local_stack.passwords import ROLES, load_passwords
from local_stack.ports import Chosen
from local_stack.postgres import Postgres
from local_stack.running import Part, State, write_state
from local_stack.screen import show_started
from local_stack.services import Servers
from local_stack.settings import LocalSettings
from local_stack.supervisor import Supervised, Supervisor
from provision.schema import migrate
from provision.settings import ProvisionSettings
from provision.topics import create_topics, read_specs

JARS_LOCK = Path("infra/kafka/jars.lock")
CONTROLLER_PORT = 19092
YOURS = "yours"
"""Note of a server that one already has."""


class Stack:
    """What `make run` starts, from settings to the list of parts. The caller owns the folder (running.claim)."""

    def __init__(self, settings: LocalSettings, provision: ProvisionSettings, console: Console) -> None:
        self.settings = settings
        self.folder = settings.data_dir
        self._provision = provision
        self._console = console
        self._stopping = threading.Event()
        self._supervisor = Supervisor(self._tell, self._stopping)
        self._ports = Chosen()
        self.parts: list[Part] = []

    def ask_stop(self, *_: object) -> None:
        """End the run in order; a signal handler."""
        self._stopping.set()

    def stopping(self) -> bool:
        """A stop was asked for."""
        return self._stopping.is_set()

    def run(self, jars: Sequence[Path]) -> None:
        """Start all, show the screen and watch until a stop is asked for; whatever happens, stop all."""
        begin = time.monotonic()
        try:
            self._clean_up()
            servers = self._start_servers(jars)
            self._tell("Creating schema and topics…")
            self._provide(servers)
            api_url = self._start_services(servers)
            state = State(api_url, servers.kafka_bootstrap, servers.topic_prefix, self.parts)
            write_state(self.folder, state)
            show_started(self._console, state, time.monotonic() - begin, str(self.folder))
            self._supervisor.watch()
        finally:
            self._tell("Stopping…")
            self._supervisor.stop()
            self._tell("Stopped.")

    def _clean_up(self) -> None:
        left = leftovers.stop_all(self.folder / "run" / "children")
        if left:
            self._tell(f"Stopped what an earlier run left behind: {', '.join(left)}")

    def _start_servers(self, jars: Sequence[Path]) -> Servers:
        """Postgres and Kafka, unless the settings name servers that one already has."""
        passwords = load_passwords(self.folder / "passwords.json")
        dsn = self.settings.postgres_dsn.get_secret_value()
        note = YOURS if dsn else ""
        dsn = dsn or self._start_postgres(passwords["owner"])
        self._add(Part("postgres", services.without_password(dsn), note=note), "postgres")
        if self._provision.kafka.protocol != "PLAINTEXT" and not self.settings.kafka_bootstrap:
            raise StartError("TIDELINE_KAFKA__PROTOCOL is for a Kafka you have: set TIDELINE_KAFKA_BOOTSTRAP too")
        note = YOURS if self.settings.kafka_bootstrap else ""
        bootstrap = self.settings.kafka_bootstrap or self._start_kafka(jars)
        self._add(Part("kafka", bootstrap, note=note), "kafka")
        return Servers(bootstrap, self.settings.topic_prefix, dsn, passwords)

    def _start_postgres(self, password: str) -> str:
        self._tell("Starting Postgres…")
        postgres = Postgres(self.folder, self._ports.take("postgres", self.settings.ports.postgres), password)
        postgres.prepare()
        if postgres.home != self.folder.resolve():
            self._tell(f"Postgres runs as `nobody`, who may not enter this folder: its data is in {postgres.home}")
        self._supervisor.start("postgres", [Supervised(postgres.child, postgres.answers, stop_within_s=1.5)])
        return postgres.dsn()

    def _start_kafka(self, jars: Sequence[Path]) -> str:
        self._tell("Starting Kafka…")
        brokers = range(self.settings.brokers)
        ports = [self._ports.take("kafka", self.settings.ports.kafka) for _ in brokers]
        controllers = [self._ports.take("controller", CONTROLLER_PORT) for _ in brokers]
        kafka = Kafka(self.folder, ports, controllers, jars)
        kafka.prepare()
        stage = [Supervised(child, kafka.answers, stop_within_s=2.5) for child in kafka.children]
        self._supervisor.start("kafka", stage)
        return kafka.bootstrap

    def _provide(self, servers: Servers) -> None:
        given = self._provision
        passwords = {f"tideline_{role}": servers.passwords[role] for role in ROLES if role != "owner"}
        copies = max(given.replication_factor, self.settings.brokers)
        specs = read_specs(given.topics_file, servers.topic_prefix, copies)
        asyncio.run(self._unless_stopped(migrate(servers.owner_dsn, given.migrations_dir, passwords, given.wait_s)))
        topics = create_topics(servers.kafka_bootstrap, specs, copies, given.wait_s, given.kafka)
        asyncio.run(self._unless_stopped(topics))

    async def _unless_stopped(self, work: Coroutine[Any, Any, list[str]]) -> None:
        """Do the work, or give it up when a stop is asked for: a server that one has may not answer."""
        task = asyncio.create_task(work)
        while not task.done():
            await asyncio.wait([task], timeout=0.2)
            if self.stopping():
                task.cancel()
        if task.cancelled():
            raise StartError("stopped while starting")
        task.result()

    def _start_services(self, servers: Servers) -> str:
        """All services; the address of query-api."""
        wanted = self.settings.ports
        api_port = self._ports.take("query-api", wanted.query_api)
        producer = services.producer(self._ports.take("producer", wanted.producer), self.folder / "spool")
        copies = [self._ports.take("processor", wanted.processor) for _ in range(self.settings.processors)]
        api = services.query_api(self.settings.http_host, api_port, producer.url)
        for stage in (services.processors(copies), [producer], [api]):
            self._tell(f"Starting {', '.join(service.name for service in stage)}…")
            self._supervisor.start("services", [service.supervised(servers, self.folder) for service in stage])
            for service in reversed(stage):
                self._add(Part(service.name, service.url, service.ready_url), service.kind)
        return api.url

    def _add(self, part: Part, kind: str) -> None:
        self.parts.insert(0, replace(part, note=part.note or self._ports.note(kind)))

    def _tell(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, highlight=False, markup=False)


def get_jars(settings: LocalSettings, console: Console) -> list[Path]:
    """Kafka's jars, downloaded if need be; raises StartError when this is not the project's folder."""
    if not JARS_LOCK.exists():
        raise StartError(f"no {JARS_LOCK} here: run this in the project's folder")
    return fetch_jars(read_lock(JARS_LOCK), settings.data_dir / "cache" / "maven", settings.maven_repository, console)
