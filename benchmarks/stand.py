"""What several measurements stand on."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.databases import Database
from tests.support.processes import ServiceProcess
from tests.support.stack import ROOT, Stack

from contracts.topics import Topics
from local_stack.waiting import in_own_loop
from provision.topics import create_topics, read_specs


def fresh_topics(stack: Stack) -> Topics:
    """Topics under a prefix of their own."""
    topics = Topics(f"bench{secrets.token_hex(3)}.")
    in_own_loop(create_topics(stack.kafka_bootstrap, read_specs(ROOT / "infra/kafka/topics.toml", topics.prefix, 1)))
    return topics


@contextmanager
def running(stack: Stack, database: Database, topics: Topics) -> Iterator[ServiceProcess]:
    """A processor of its own on a topic that is full already."""
    env = {
        "TIDELINE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
        "TIDELINE_TOPIC_PREFIX": topics.prefix,
        "TIDELINE_POSTGRES_DSN": database.processor_dsn,
    }
    with tempfile.TemporaryDirectory() as folder:
        process = ServiceProcess("processor", env, Path(folder))
        try:
            yield process
        finally:
            process.terminate()
