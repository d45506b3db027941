"""Where a run takes place: real servers, proxies before them, a database, topics and a crew of its own."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tests.support import databases
from tests.support.databases import Database
from tests.support.proxy import Proxy
from tests.support.stack import ROOT, Stack

from chaos.crew import Crew
from chaos.schedule import PROCESSORS, PRODUCERS
from contracts.topics import Topics
from local_stack.ports import HOST, any_port
from local_stack.waiting import in_own_loop
from provision.topics import create_topics, read_specs

SERVICES = dict.fromkeys(PROCESSORS, "processor") | dict.fromkeys(PRODUCERS, "producer")
QUIET = {f"TIDELINE_BUILT_IN__{name}": "false" for name in ("HOST", "DEMO", "PRICES")}


@dataclass(frozen=True)
class Ground:
    """Everything that faults hit and checks look at. Services reach both servers through the links."""

    stack: Stack
    database: Database
    topics: Topics
    kafka_link: Proxy
    postgres_link: Proxy
    crew: Crew

    @property
    def kafka_through_link(self) -> str:
        """The bootstrap address behind the proxy."""
        return f"{HOST}:{self.kafka_link.port}"


@contextmanager
def open_ground(stack: Stack, template: str, folder: Path, named: bool = True) -> Iterator[Ground]:
    """A fresh ground; everybody of the crew has been started. Not `named`: processors come and go in their group."""
    if stack.kafka_behind is None:
        raise RuntimeError("faults need servers of their own: unset TIDELINE_KAFKA_BOOTSTRAP and TIDELINE_TEST_STACK")
    stack.kafka.start()  # a seed before may have left it dead
    prefix = f"c{secrets.token_hex(4)}."
    in_own_loop(create_topics(stack.kafka_bootstrap, read_specs(ROOT / "infra/kafka/topics.toml", prefix, 1)))
    postgres_port = urlsplit(stack.postgres_dsn).port or 5432
    with (
        databases.copy_of(stack, template) as database,
        Proxy(stack.kafka_behind[1], stack.kafka_behind[0]) as kafka_link,
        Proxy(any_port(1)[0], postgres_port) as postgres_link,
    ):
        common = {"TIDELINE_KAFKA_BOOTSTRAP": f"{HOST}:{kafka_link.port}", "TIDELINE_TOPIC_PREFIX": prefix}
        dsns = {"processor": database.processor_dsn, "producer": database.producer_dsn}
        through = {
            service: {**common, "TIDELINE_POSTGRES_DSN": _at(dsn, postgres_link.port)} for service, dsn in dsns.items()
        }
        through["processor"] |= {} if named else {"TIDELINE_NAME": ""}
        through["producer"] |= {**QUIET, "TIDELINE_STREAMS__LEASE_S": "3", "TIDELINE_STREAMS__POLL_S": "0.5"}
        crew = Crew(SERVICES, through, folder)
        try:
            crew.start_all()
            yield Ground(stack, database, Topics(prefix), kafka_link, postgres_link, crew)
        finally:
            crew.kill_all()


def _at(dsn: str, port: int) -> str:
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}"))
