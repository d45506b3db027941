"""The deep audit reads Kafka again: it passes on what processors wrote, and names what only Kafka can tell."""

import asyncio
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from tests.integration.test_audit import undone
from tests.support import databases
from tests.support.databases import Database
from tests.support.deep_corruptions import CONSISTENT
from tests.support.fixtures import StartService
from tests.support.odd_batch import publish_odd
from tests.support.pipeline import at_least, busy, taken
from tests.support.processes import ServiceProcess
from tests.support.publisher import publish
from tests.support.query_api import serving, settings_for
from tests.support.stack import ROOT, Stack

from contracts.events import Limits
from contracts.topics import Topics
from local_stack.waiting import in_own_loop
from provision.topics import create_topics, read_specs
from query_api.audit.deep import DeepSettings
from query_api.audit.findings import report as reported
from query_api.audit.run import look, look_deep
from query_api.database import Snapshot
from query_api.kafka import Kafka

START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
DEEP = ("kafka_batches", "kafka_dead_letters", "kafka_raw", "kafka_windows")
BATCH = 100


def reading(number: int, value: float = 0.5, stream: str = "lab", category: str = "a") -> bytes:
    at = (START + timedelta(seconds=number)).isoformat()
    fields = {"id": str(UUID(int=number)), "stream": stream, "category": category, "timestamp": at, "value": value}
    return json.dumps(fields).encode()


def row(number: int, stream: str, **data: object) -> bytes:
    at = (START + timedelta(seconds=number)).isoformat()
    fields = {"id": str(UUID(int=number)), "stream": stream, "row": number, "timestamp": at, "data": data}
    return json.dumps(fields).encode()


# Partition 0: four batches; the first event comes again in the last one, another time with another value.
VALUES = [reading(n, n / 7) for n in range(350)]
VALUES[20] = reading(20, 2.5, "alone", "single")
VALUES[130] = b"not json"
VALUES[330], VALUES[331] = VALUES[0], reading(1, 99.0)
OTHERS = [reading(n, n / 9, category="b") for n in range(1_000, 1_120)] + [b"{}", reading(5, 1e99)]
ROWS = [row(n, "molding", a=n / 3, ok=n % 2 == 0, note=f"n{n}", deep={"b": n}) for n in range(50)]
PLACES = {"alone": 20, "not_json": 130, "again": 330}
"""Offsets in partition 0."""


@dataclass(frozen=True)
class Written:
    """A database that a processor filled, to copy; and the topics that it read."""

    name: str
    topics: Topics


@pytest.fixture(scope="module")
def written(stack: Stack, migrated_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    topics = Topics(f"t{secrets.token_hex(4)}.")
    in_own_loop(create_topics(stack.kafka_bootstrap, read_specs(ROOT / "infra/kafka/topics.toml", topics.prefix, 1)))
    with databases.copy_of(stack, migrated_template) as database:
        env = {"TIDELINE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap, "TIDELINE_TOPIC_PREFIX": topics.prefix}
        env |= {"TIDELINE_POSTGRES_DSN": database.processor_dsn, "TIDELINE_BATCH__RECORDS": str(BATCH)}
        publish(stack.kafka_bootstrap, topics.readings, VALUES, partition=0)
        in_own_loop(publish_odd(stack.kafka_bootstrap, topics.readings, b"gr\xf6\xdfe", reading(8_000, 0.5)))
        publish(stack.kafka_bootstrap, topics.readings, OTHERS, partition=1)
        publish(stack.kafka_bootstrap, topics.rows, ROWS, partition=0)
        publish(stack.kafka_bootstrap, topics.rows, [row(0, "single", a=1.25)], partition=1)
        processor = ServiceProcess("processor", env, tmp_path_factory.mktemp("deep")).wait_ready()
        in_own_loop(taken(database, len(VALUES) + 1 + len(OTHERS) + len(ROWS) + 1))
        processor.kill()
        yield Written(database.owner_dsn.rpartition("/")[2], topics)


def kafka_of(stack: Stack, written: Written) -> tuple[Kafka, DeepSettings]:
    settings = settings_for("postgresql://nobody@127.0.0.1/none", {}, kafka_bootstrap=stack.kafka_bootstrap)
    return Kafka(settings), DeepSettings(written.topics, Limits(), 60)


@pytest.mark.parametrize("name", CONSISTENT)
async def test_what_fits_everywhere_and_not_with_kafka_is_named(stack: Stack, written: Written, name: str) -> None:
    case = CONSISTENT[name]
    kafka, settings = kafka_of(stack, written)
    async with undone(databases.database_at(stack, written.name).owner_dsn) as owner:
        batches = await owner.fetch(
            "SELECT partition, first_offset, next_offset FROM batches WHERE topic LIKE '%readings'"
        )
        for statement in case.do:
            assert int((await owner.execute(statement.format(**PLACES))).rpartition(" ")[2]) >= 1
        snapshot = Snapshot(owner, 30_000)
        shallow = await look(snapshot, START, None)
        deep, _ = await look_deep(snapshot, kafka, settings, START, None)
    assert [one["check"] for one in reported(shallow, START, START, None)["findings"]] == []
    findings = reported(deep, START, START, None)["findings"]
    assert len(findings) == len(case.told), findings
    for check, event, wanted in case.told:
        place = where(event, batches, written.topics)
        assert any(matches(found, {"check": check, **place, **wanted}) for found in findings), (check, event, findings)


def where(event: str | None, batches: list[asyncpg.Record], topics: Topics) -> dict[str, Any]:
    """The place in Kafka of an event, or the range of the batch that holds it."""
    if event is None:
        return {"topic": None, "first_offset": None}
    if event.endswith(("row", "row 3")):
        partition, offset = (1, 0) if event == "single row" else (0, 3)
        return {"topic": topics.rows, "partition": partition, "first_offset": offset, "next_offset": offset + 1}
    offset = PLACES[event.removeprefix("batch of ")]
    first, following = offset, offset + 1
    if event.startswith("batch"):
        ((first, following),) = [(b, e) for p, b, e in batches if p == 0 and b <= offset < e]
    return {"topic": topics.readings, "partition": 0, "first_offset": first, "next_offset": following}


def matches(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a finding says all this; of its two sides at least this."""
    return all(
        found[name].items() >= value.items() if name in ("stored", "should_be") else found[name] == value
        for name, value in wanted.items()
    )


async def deeply(api: httpx.AsyncClient, **asked: str) -> dict[str, Any]:
    answer = await api.get("/api/v1/audit", params={"deep": "true", **asked}, timeout=60)
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


def reading_kafka(stack: Stack, topics: Topics, **more: Any) -> dict[str, Any]:
    return {"kafka_bootstrap": stack.kafka_bootstrap, "topic_prefix": topics.prefix, **more}


async def test_what_processors_wrote_passes_and_all_of_kafka_was_read(stack: Stack, written: Written) -> None:
    dsn, now = databases.database_at(stack, written.name).api_dsn, datetime.now(UTC)
    async with serving(dsn, now=now, more=reading_kafka(stack, written.topics)) as api:
        report = await deeply(api)
        assert (report["result"], report["findings"], report["compared_from"]) == ("PASS", [], None)
        assert [check["name"] for check in report["checks"]][-4:] == list(DEEP)
        read = {(one["topic"], one["partition"]): one["records"] for one in report["covered"] if one["records"]}
        rows, values = written.topics.rows, written.topics.readings
        assert read == {(values, 0): len(VALUES) + 1, (values, 1): len(OTHERS), (rows, 0): len(ROWS), (rows, 1): 1}
        assert {one["not_covered"] for one in report["covered"]} == {None}
        later = await deeply(api, start=(now + timedelta(days=2)).isoformat())
        assert (later["result"], sum(one["records"] for one in later["covered"])) == ("PASS", 0)
        assert (await api.get("/api/v1/audit")).json()["covered"] is None


async def test_without_time_it_says_what_it_did_not_reach_and_without_kafka_503(stack: Stack, written: Written) -> None:
    dsn, now = databases.database_at(stack, written.name).api_dsn, datetime.now(UTC)
    hurried = reading_kafka(stack, written.topics, audit={"deep_s": 0.01})
    async with serving(dsn, now=now, more=hurried) as api:
        report = await deeply(api)
        assert (report["result"], report["findings"]) == ("INCOMPLETE", [])
        assert {check["result"] for check in report["checks"] if check["name"] in DEEP} == {"INCOMPLETE"}
        unread = [one["not_covered"] for one in report["covered"] if one["not_covered"]]
        assert len(unread) >= 1
        assert "were not reached in time: raise audit.deep_s" in unread[0]
    async with serving(dsn, now=now, more={"kafka_bootstrap": "127.0.0.1:9"}) as api:
        assert (await api.get("/api/v1/audit", params={"deep": "true"})).status_code == 503
        assert (await api.get("/api/v1/audit")).json()["result"] == "PASS"


async def test_it_passes_while_processors_write_and_names_what_retention_took(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    start_service("processor", TIDELINE_BATCH__RECORDS="100")
    now = datetime.now(UTC)
    async with serving(database.api_dsn, now=now, more=reading_kafka(stack, topics)) as api:
        async with busy(stack, database, topics, seed=130):
            for audits in range(3):
                await at_least(database, 500 * (audits + 1))
                report = await deeply(api)
                assert (report["findings"], report["result"]) == ([], "PASS")
        kept = await ends(database)
        await asyncio.to_thread(forget, stack, topics, {partition: end // 2 for partition, end in kept.items()})
        report = await deeply(api)
        assert (report["findings"], report["result"]) == ([], "PASS")
        told = {one["partition"]: one["not_covered"] for one in report["covered"] if one["not_covered"]}
        older = "offsets 0 to {} are older than what Kafka keeps"
        assert told == {partition: older.format(end // 2 - 1) for partition, end in kept.items()}
        assert report["compared_from"] > now.isoformat()


async def ends(database: Database) -> dict[int, int]:
    """How far each partition of readings was read."""
    owner = await asyncpg.connect(database.owner_dsn)
    found = await owner.fetch(
        "SELECT partition, next_offset FROM offsets WHERE topic LIKE '%readings' AND next_offset > 1"
    )
    await owner.close()
    return {line["partition"]: line["next_offset"] for line in found}


def forget(stack: Stack, topics: Topics, offsets: dict[int, int]) -> None:
    """Have Kafka delete what stands before these offsets."""
    client = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    asked = [TopicPartition(topics.readings, partition, offset) for partition, offset in offsets.items()]
    for done in client.delete_records(asked).values():
        done.result(10)
