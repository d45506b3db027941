"""A Kafka that asks for names: every client of ours gets in with its own, and nobody does what is not its work.

The rights are those that docs/security.md tells operators to give.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from docs.generate import ROOT
from pydantic import SecretStr
from tests.support.databases import Database
from tests.support.processes import ServiceProcess
from tests.support.secure_kafka import PASSWORDS, SecureKafka, secure_kafka
from tests.support.stack import data_folder
from tests.support.waiting import until, until_async

from chassis.errors import StartError
from chassis.settings import KafkaSecurity
from local_stack.waiting import in_own_loop
from provision.topics import create_topics, read_specs

PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
SPECS = read_specs(ROOT / "infra/kafka/topics.toml", "", 1)
CALM = {f"TIDELINE_BUILT_IN__{name}": "false" for name in ("HOST", "DEMO", "PRICES")}
REFUSED = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}


def rights() -> list[tuple[str, str, str, str]]:
    """Name, operation, kind and name of what it is on: each line of the page's table spread out."""
    rows = re.findall(r"^\| `([\w-]+)` \| (topics|group) (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)
    return [
        (name, operation, kind.rstrip("s").upper(), resource)
        for name, kind, resources, operations in rows
        for resource in re.findall(r"`([^`]+)`", resources)
        for operation in re.findall(r"`([^`]+)`", operations)
    ]


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    with secure_kafka(tmp_path_factory.mktemp("secure-kafka")) as started:
        started.allow(rights())
        provision = KafkaSecurity.model_validate(
            {
                "protocol": "SASL_SSL",
                "username": "provision",
                "password": PASSWORDS["provision"],
                "ca_file": str(started.ca_file),
            }
        )
        in_own_loop(create_topics(started.tls, SPECS, security=provision))
        yield started


def test_the_page_names_every_client() -> None:
    assert {name for name, *_ in rights()} == set(PASSWORDS) - {"admin"}


async def test_an_event_goes_through_producer_and_processor_under_their_names(
    kafka: SecureKafka, database: Database, tmp_path: Path
) -> None:
    producer = ServiceProcess(
        "producer",
        {"TIDELINE_POSTGRES_DSN": database.producer_dsn, **CALM, **kafka.env("producer", tls=True)},
        tmp_path,
    )
    processor = ServiceProcess(
        "processor", {"TIDELINE_POSTGRES_DSN": database.processor_dsn, **kafka.env("processor")}, tmp_path
    )
    owner = await asyncpg.connect(database.owner_dsn)
    try:
        producer.wait_ready()
        processor.wait_ready()
        event = {"stream": "lab", "category": "temperature", "value": 21.5}
        async with httpx.AsyncClient(base_url=producer.url, timeout=20, trust_env=False) as client:
            assert (await client.post("/events", json=event)).status_code == 202
            assert (await client.post("/streams", json={"id": "walk", "count": 5, "rate": 10})).status_code == 201
        stored = "SELECT count(*) >= 1 AND count(*) FILTER (WHERE value = 21.5) = 1 FROM raw_readings"
        await until_async(lambda: owner.fetchval(stored), 30, "the event is stored")
        announced = "SELECT count(*) = 1 FROM streams WHERE id = 'walk' AND unannounced = '[]'"
        await until_async(lambda: owner.fetchval(announced), 30, "the stream's states are announced")
        for process in (producer, processor):
            assert not [word for word in PASSWORDS.values() if word in process.log]
    finally:
        await owner.close()
        producer.kill()
        processor.kill()


@pytest.mark.parametrize(
    ("name", "topic"),
    [("processor", "readings"), ("processor", "streams"), ("query-api", "readings"), ("provision", "readings")],
)
def test_who_only_reads_cannot_write(kafka: SecureKafka, name: str, topic: str) -> None:
    refused = []
    producer = Producer({**kafka.client(name), "message.timeout.ms": 10_000})
    producer.produce(topic, b"{}", on_delivery=lambda error, _message: refused.append(error))
    assert producer.flush(15) == 0
    assert [error.code() for error in refused] == [KafkaError.TOPIC_AUTHORIZATION_FAILED]


@pytest.mark.parametrize(
    ("name", "topic"),
    [("producer", "readings"), ("producer", "rows"), ("provision", "readings"), ("processor", "streams")],
)
def test_who_only_writes_cannot_read(kafka: SecureKafka, name: str, topic: str) -> None:
    consumer = Consumer({**kafka.client(name), "group.id": "other"})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        answered = until(lambda: consumer.poll(0.5), 15, "Kafka answers", every_s=0)
        assert answered.error().code() in REFUSED
    finally:
        consumer.close()


def test_the_query_api_reads_without_a_group(kafka: SecureKafka) -> None:
    consumer = Consumer({**kafka.client("query-api"), "group.id": "unused", "enable.auto.commit": False})
    try:
        for topic in ("readings", "rows"):
            assert consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)[0] == 0
    finally:
        consumer.close()


def test_kafkas_own_tool_tells_the_lag_under_the_name_of_the_query_api(kafka: SecureKafka) -> None:
    ours = {key: value for key, value in os.environ.items() if not key.startswith("TIDELINE_")}
    env = ours | {"TIDELINE_DATA_DIR": str(data_folder()), **kafka.env("query-api", tls=True)}
    command = [sys.executable, "-m", "local_stack", "lag"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    told = re.findall(r"^tideline\.processor +(\w+) +(\d+) +(\d+) +(\d+) +(\d+) ", done.stdout, re.MULTILINE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {topic for topic, *_ in told} == {"readings", "rows"}
    assert all(int(end) - int(committed) == int(lag) for _, _, committed, end, lag in told)


def test_the_query_api_tells_the_lag_under_its_name(kafka: SecureKafka, database: Database, tmp_path: Path) -> None:
    env = {"TIDELINE_POSTGRES_DSN": database.api_dsn, **kafka.env("query-api", tls=True)}
    api = ServiceProcess("query-api", env, tmp_path)
    try:
        api.wait_ready()
        answer = httpx.get(f"{api.url}/api/v1/lag", timeout=20, trust_env=False)
        assert answer.status_code == 200, answer.text
        assert sum(line["log_end"] for line in answer.json() if line["topic"] == "readings") > 0
    finally:
        api.kill()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"security.protocol": "PLAINTEXT"}, {KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN}),
        ({"sasl.password": "guessed"}, {KafkaError._AUTHENTICATION}),
        ({"sasl.username": "nobody"}, {KafkaError._AUTHENTICATION}),
    ],
    ids=["no name", "wrong password", "unknown name"],
)
def test_nobody_gets_in_without_a_name_and_its_password(
    kafka: SecureKafka, wrong: dict[str, str], why: set[int]
) -> None:
    errors: set[int] = set()
    config = {**kafka.client("producer"), **wrong, "error_cb": lambda error: errors.add(error.code()), "log_level": 0}
    if "security.protocol" in wrong:
        config = {key: value for key, value in config.items() if not key.startswith("sasl.")}
    delivered: list[bool] = []
    producer = Producer(config)
    producer.produce("readings", b"{}", on_delivery=lambda error, _: delivered.append(error is None))

    def refused() -> bool:
        producer.poll(0.2)
        return bool(errors & why)

    until(refused, 15, "Kafka refuses")
    assert delivered == [], "it waits for a connection that it does not get"
    producer.purge()


async def test_a_server_that_another_authority_vouches_for_is_refused(kafka: SecureKafka, tmp_path: Path) -> None:
    for ca_file in ("", str(_other_authority(tmp_path))):
        security = KafkaSecurity(
            protocol="SASL_SSL", username="provision", password=SecretStr(PASSWORDS["provision"]), ca_file=ca_file
        )
        with pytest.raises(StartError, match="no Kafka at"):
            await create_topics(kafka.tls, SPECS, wait_s=0.5, security=security)


def _other_authority(folder: Path) -> Path:
    import trustme

    trustme.CA().cert_pem.write_to_path(folder / "other.pem")
    return folder / "other.pem"
