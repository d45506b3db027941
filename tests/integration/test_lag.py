"""How far processing is behind, as the query API tells it: beside Kafka's own tool, and while Kafka is away."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.pipeline import readings, taken
from tests.support.publisher import publish
from tests.support.query_api import every_line, serving
from tests.support.stack import ROOT, Stack, data_folder
from tests.support.waiting import until_async

from contracts.topics import Topics

Told = dict[tuple[str, int], tuple[int, int, str | None]]
"""(topic, partition) → (log end, lag, owner)."""


@asynccontextmanager
async def asking(stack: Stack, database: Database, topics: Topics) -> AsyncIterator[httpx.AsyncClient]:
    """A query API on this Kafka, with the real clock."""
    kafka = {"kafka_bootstrap": stack.kafka_bootstrap, "topic_prefix": topics.prefix}
    async with serving(database.api_dsn, now=datetime.now(UTC), more=kafka) as api:
        yield api


async def lag_of(api: httpx.AsyncClient) -> dict[tuple[str, int], dict[str, Any]]:
    answer = await api.get("/api/v1/lag")
    assert answer.status_code == 200, answer.text
    return {(line["topic"], line["partition"]): line for line in answer.json()}


def make_lag(bootstrap: str, prefix: str) -> subprocess.CompletedProcess[str]:
    """`make lag`: Kafka's own tool."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("TIDELINE_")}
    ours |= {"TIDELINE_KAFKA_BOOTSTRAP": bootstrap, "TIDELINE_TOPIC_PREFIX": prefix}
    command = [sys.executable, "-m", "local_stack", "lag"]
    env = ours | {"TIDELINE_DATA_DIR": str(data_folder())}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


def told_by_kafka(stack: Stack, topics: Topics) -> Told:
    done = make_lag(stack.kafka_bootstrap, topics.prefix)
    line = re.compile(rf"^\S+\s+({re.escape(topics.prefix)}\w+)\s+(\d+)\s+\d+\s+(\d+)\s+(\d+)\s+(\S+)", re.MULTILINE)
    found = line.findall(done.stdout)
    return {(t, int(p)): (int(end), int(lag), None if owner == "-" else owner) for t, p, end, lag, owner in found}


def as_told(lines: dict[tuple[str, int], dict[str, Any]]) -> Told:
    return {key: (line["log_end"], line["records_behind"], line["member"]) for key, line in lines.items()}


async def test_lag_agrees_with_kafkas_own_tool_while_it_flows_and_at_rest(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    processor = start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    publish(stack.kafka_bootstrap, topics.readings, readings(900, seed=90))
    await taken(database, 900)
    async with asking(stack, database, topics) as api:

        async def alike() -> bool:
            """Told within one interval of the mirror of each other, so the same where nothing moves."""
            kafka = await asyncio.to_thread(told_by_kafka, stack, topics)
            return as_told(await lag_of(api)) == kafka and len(kafka) == 12

        await until_async(alike, 15, "both say the same of what was read", every_s=0.5)
        lines = await lag_of(api)
        assert {line["records_behind"] for line in lines.values()} == {0}
        assert {line["seconds_behind"] for line in lines.values()} == {0.0}
        assert sum(line["out_per_s"] for line in lines.values()) > 0
        assert all(line["member"].startswith("processor-1-") for line in lines.values())
        processor.pause()
        publish(stack.kafka_bootstrap, topics.readings, readings(400, seed=91), partition=3)
        kafka = await asyncio.to_thread(told_by_kafka, stack, topics)
        await until_async(lambda: behind(api, 400), 3, "a second has gone by")
        told = as_told(await lag_of(api))
        assert {key: line[:2] for key, line in told.items()} == {key: line[:2] for key, line in kafka.items()}
        processor.resume()
        await until_async(lambda: behind(api, 0), 15, "all is read")


async def behind(api: httpx.AsyncClient, records: int) -> bool:
    return sum(line["records_behind"] for line in (await lag_of(api)).values()) == records


async def test_a_partition_that_nobody_reads_is_behind_by_its_records_and_their_age(
    stack: Stack, database: Database, topics: Topics
) -> None:
    publish(stack.kafka_bootstrap, topics.readings, readings(300, seed=92), partition=2)
    async with asking(stack, database, topics) as api:
        first = (await lag_of(api))[topics.readings, 2]
        assert (first["log_start"], first["log_end"], first["next_offset"]) == (0, 300, None)
        assert (first["records_behind"], first["trend"], first["drain_s"]) == (300, "growing", None)
        assert first["in_per_s"] == 10.0
        assert first["seconds_behind"] < 20
        assert first["member"] is None
        answer = await api.get("/api/v1/lag")
        assert answer.headers["Tideline-Records-Behind"] == "300"
        assert answer.headers["Tideline-Trend"] == "growing"
        assert "Tideline-Drain-S" not in answer.headers
        lines, pages = await every_line(api, "/api/v1/lag", limit=5)
        assert ([line["partition"] for line in lines], pages) == ([0, 1, 2, 3, 4, 5] * 2, 3)
        csv = (await api.get("/api/v1/lag?format=csv")).text.splitlines()
        assert (csv[0].split(",")[:2], len(csv)) == (["topic", "partition"], 13)


async def test_what_was_deleted_unread_and_what_was_cut_off_is_said(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    publish(stack.kafka_bootstrap, topics.readings, readings(50, seed=93), partition=0)
    publish(stack.kafka_bootstrap, topics.readings, readings(50, seed=94), partition=1)
    processor = start_service("processor").wait_ready()
    await taken(database, 100)
    processor.kill()
    publish(stack.kafka_bootstrap, topics.readings, readings(30, seed=95), partition=0)
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    for deleting in admin.delete_records([TopicPartition(topics.readings, 0, 70)]).values():
        deleting.result(10)
    async with asking(stack, database, topics) as api:
        line = (await lag_of(api))[topics.readings, 0]
        assert (line["log_start"], line["records_behind"]) == (70, 10)
        assert line["trouble"].startswith("offsets 50 to 69 were deleted before they were read")


async def test_without_kafka_lag_is_503_and_all_else_works(database: Database) -> None:
    nowhere = {"kafka_bootstrap": "127.0.0.1:9"}
    async with serving(database.api_dsn, more=nowhere) as api:
        answers = await asyncio.gather(*(api.get("/api/v1/lag") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {503}
        assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
        assert "Retry-After" in answers[0].headers
        assert (await api.get("/api/v1/ready")).status_code == 200
        assert (await api.get("/api/v1/series")).json() == []


def test_where_kafka_does_not_tell_make_lag_says_why_in_one_line(stack: Stack) -> None:
    for bootstrap, prefix, why in (
        ("kafka.invalid:9092", "", "No resolvable bootstrap urls given in bootstrap.servers"),
        (stack.kafka_bootstrap, "nobodys.", "Group nobodys.tideline.processor not found"),
    ):
        done = make_lag(bootstrap, prefix)
        hint = "does `make status` show it and a processor?"
        assert done.stderr == f"error: no lag from Kafka at {bootstrap} ({why}): {hint}\n"
        assert (done.returncode, done.stdout) == (2, "")
