"""Brokers of their own: one of three dies; one has no space left."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Producer
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.pipeline import processed, readings, taken
from tests.support.publisher import read_all
from tests.support.stack import ROOT, EmbeddedServer, Stack, jars
from tests.support.waiting import until

from contracts.topics import Topics
from local_stack.kafka import Kafka
from local_stack.ports import any_port
from local_stack.waiting import in_own_loop
from provision.topics import create_topics, read_specs

pytestmark = pytest.mark.skipif(
    not os.environ.get("TIDELINE_TEST_LONG"),
    reason="own brokers take a minute: TIDELINE_TEST_LONG=1 runs them",
)

Acknowledged = dict[tuple[int, int], bytes]


def feed(bootstrap: str, topic: str, values: list[bytes], **options: object) -> Callable[[float], Acknowledged]:
    """Hand records to an idempotent producer; the result waits for the answers: place → value of what was taken."""
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True, **options})
    found: Acknowledged = {}

    def note(value: bytes):
        def delivered(error: object, message) -> None:
            if not error:
                found[message.partition(), message.offset()] = value

        return delivered

    for value in values:
        producer.produce(topic, value, on_delivery=note(value))
        producer.poll(0)

    def answers(within_s: float) -> Acknowledged:
        until(lambda: producer.flush(1) == 0, within_s, "every record is answered for")
        return found

    return answers


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Kafka]:
    """Three brokers, of which one may be lost."""
    cluster = Kafka(tmp_path, any_port(3), any_port(3), jars(), {"log.segment.bytes": 1_048_576})
    cluster.prepare()
    cluster.start()
    yield cluster
    for child in cluster.children:
        child.kill()


async def test_a_broker_of_three_dies_and_nothing_acknowledged_is_lost(
    three: Kafka, stack: Stack, database: Database, start_service: StartService
) -> None:
    specs = read_specs(ROOT / "infra/kafka/topics.toml", "three.", 3)
    in_own_loop(create_topics(three.bootstrap, specs, replication_factor=3))
    topics, own = Topics("three."), replace(stack, kafka_bootstrap=three.bootstrap)
    env = {"TIDELINE_KAFKA_BOOTSTRAP": three.bootstrap, "TIDELINE_TOPIC_PREFIX": "three."}
    processor = start_service("processor", **env).wait_ready(40)
    before = feed(three.bootstrap, topics.readings, readings(1_000, seed=95))(30)
    await taken(database, 1_000)
    answers = feed(three.bootstrap, topics.readings, readings(2_000, seed=96), **{"message.timeout.ms": 30_000})
    three.children[1].kill()
    acknowledged = before | answers(60)
    held = {(r.partition, r.offset): r.value for r in read_all(three.bootstrap, topics.readings)}
    assert len(acknowledged) == 3_000
    assert acknowledged.items() <= held.items()
    await processed(own, database, topics)
    assert processor.exit_code is None


@pytest.fixture
def full(stack: Stack) -> Iterator[tuple[Kafka, Path]]:
    """A broker on a file system of 60 MB, and a file there that leaves little room."""
    folder = Path(f"/tmp/tideline-full-{os.getpid()}")
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", folder]
    mounted = subprocess.run(mount, capture_output=True, check=False)
    if mounted.returncode or not isinstance(stack.kafka, EmbeddedServer):
        folder.rmdir()
        pytest.skip("a full disk needs the right to mount a small one, and servers of our own")
    broker = Kafka(folder, any_port(1), any_port(1), jars())
    broker.prepare()
    broker.start()
    yield broker, folder / "ballast"
    for child in broker.children:
        child.kill()
    subprocess.run(["umount", "-l", folder], check=False)
    folder.rmdir()


def test_a_broker_whose_disk_is_full_loses_nothing_acknowledged(full: tuple[Kafka, Path]) -> None:
    broker, ballast = full
    in_own_loop(create_topics(broker.bootstrap, read_specs(ROOT / "infra/kafka/topics.toml", "full.", 1)))
    free = shutil.disk_usage(ballast.parent).free
    ballast.write_bytes(bytes(free - 3_000_000))
    values = [os.urandom(40_000).hex().encode() for _ in range(150)]
    answers = feed(broker.bootstrap, "full.readings", values, **{"message.timeout.ms": 5_000})
    acknowledged = answers(30)
    assert 0 < len(acknowledged) < len(values), "some were taken before the disk was full, some were not"
    for child in broker.children:  # Kafka ends itself when it cannot write its only folder
        child.kill()
    ballast.unlink()
    broker.start()
    held = {(r.partition, r.offset): r.value for r in read_all(broker.bootstrap, "full.readings")}
    assert acknowledged.items() <= held.items()
