"""All three services as processes, with the built-in streams, as `make run` starts them."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contracts.topics import Topics
from local_stack.waiting import in_own_loop
from provision.topics import create_topics, read_specs
from tests.support import databases
from tests.support.processes import ServiceProcess
from tests.support.stack import ROOT, Stack

PORTS = {"query-api": 8000, "producer": 8001, "processor": 8002}


class Running:
    """The services, and how what the pages say is said here."""

    def __init__(self, kafka_bootstrap: str, topics: Topics, services: dict[str, ServiceProcess]) -> None:
        self.kafka_bootstrap = kafka_bootstrap
        self.topics = topics
        self.services = services

    @property
    def url(self) -> str:
        """Of the query API."""
        return self.services["query-api"].url

    def here(self, text: str) -> str:
        """The same with the addresses of these processes instead of those of `make run`."""
        for service, port in PORTS.items():
            text = text.replace(f"127.0.0.1:{port}", self.services[service].url.removeprefix("http://"))
        return text.replace("127.0.0.1:9092", self.kafka_bootstrap)


@contextmanager
def running_built_in(stack: Stack, template: str, folder: Path) -> Iterator[Running]:
    """On topics and a database of their own; ends when they are ended."""
    stack.kafka.start()  # a test before may have left it dead
    topics = Topics(f"t{secrets.token_hex(4)}.")
    in_own_loop(create_topics(stack.kafka_bootstrap, read_specs(ROOT / "infra/kafka/topics.toml", topics.prefix, 1)))
    with databases.copy_of(stack, template) as database:
        env = {"TIDELINE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap, "TIDELINE_TOPIC_PREFIX": topics.prefix}
        dsns = {"processor": database.processor_dsn, "producer": database.producer_dsn, "query-api": database.api_dsn}
        started: dict[str, ServiceProcess] = {}
        try:
            for service, dsn in dsns.items():
                theirs = env | {"TIDELINE_POSTGRES_DSN": dsn}
                if service == "query-api":
                    theirs["TIDELINE_PRODUCER_URL"] = started["producer"].url
                started[service] = ServiceProcess(service, theirs, folder)
            for process in started.values():
                process.wait_ready()
            yield Running(stack.kafka_bootstrap, topics, started)
        finally:
            for process in started.values():
                process.kill()
                print(f"--- {process.service} (exit code {process.exit_code})\n{process.log[-4000:]}")
