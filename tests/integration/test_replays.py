"""Dead letters sent again and set aside over HTTP, on real Kafka and Postgres: each counts once, whoever is killed."""

import asyncio
import json
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.pipeline import taken
from tests.support.publisher import publish, read_all
from tests.support.query_api import serving
from tests.support.recount import assert_exact
from tests.support.stack import Stack
from tests.support.waiting import until, until_async

from contracts.topics import Topics

QUIET = {f"TIDELINE_BUILT_IN__{name}": "false" for name in ("HOST", "DEMO", "PRICES")} | {
    "TIDELINE_STREAMS__POLL_S": "0.2",
    "TIDELINE_STREAMS__LEASE_S": "2",
}
LETTERS = "/api/v1/dead-letters"
UNTEXT = [("trace", b"\xff")]
HOLD = """
CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
CREATE TRIGGER hold BEFORE UPDATE OF {column} ON dead_letter_requests FOR EACH ROW EXECUTE FUNCTION hold();
"""


def bare(value: object) -> bytes:
    """A reading without an id and a time of its own."""
    return json.dumps({"stream": "lab", "category": "c", "value": value}).encode()


def place(topics: Topics, at: tuple[int, int]) -> dict[str, Any]:
    return {"topic": topics.readings, "partition": at[0], "offset": at[1]}


def header(topics: Topics, at: tuple[int, int]) -> bytes:
    return f"1/{topics.readings}/{at[0]}/{at[1]}".encode()


def door(
    stack: Stack, database: Database, topics: Topics, producer_url: str
) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    """A query API in front of this producer, that may read Kafka too."""
    kafka = {"kafka_bootstrap": stack.kafka_bootstrap, "topic_prefix": topics.prefix}
    return serving(database.api_dsn, now=datetime.now(UTC), producer_url=producer_url, more=kafka)


async def count(database: Database, rows: str) -> int:
    owner = await asyncpg.connect(database.owner_dsn)
    try:
        return int(await owner.fetchval(f"SELECT count(*) FROM {rows}"))
    finally:
        await owner.close()


async def settled(api: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """The counts by reason, once nothing is on its way any more."""

    async def none() -> bool:
        return not any(line["requested"] for line in (await api.get(f"{LETTERS}/reasons")).json())

    await until_async(none, 30, "nothing is on its way")
    return {line["reason"]: line for line in (await api.get(f"{LETTERS}/reasons")).json()}


async def assert_sound(stack: Stack, database: Database, topics: Topics, api: httpx.AsyncClient) -> None:
    """Postgres holds what Kafka amounts to, replays and all, and the audit says so too, having read Kafka itself."""
    await assert_exact(database.owner_dsn, read_all(stack.kafka_bootstrap, topics.readings))
    report = (await api.get("/api/v1/audit", params={"deep": "true"})).json()
    assert report["result"] == "PASS", report["findings"]


async def test_letters_are_sent_again_one_or_many_edited_or_not_and_set_aside(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    start_service("processor").wait_ready()
    producer = start_service("producer", **QUIET)
    at = publish(stack.kafka_bootstrap, topics.readings, [bare(n) for n in range(26)], headers=UNTEXT)
    (typed,) = publish(stack.kafka_bootstrap, topics.readings, [bare("21.5")])
    publish(stack.kafka_bootstrap, topics.readings, [b"{"] * 3 + [bare(-1)])
    await taken(database, 31)
    producer.wait_ready()
    async with door(stack, database, topics, producer.url) as api:

        async def wish(what: str, status: int = 202, **body: object) -> dict[str, Any]:
            answer = await api.post(f"{LETTERS}/{what}", json=body)
            assert answer.status_code == status, answer.text
            return dict(answer.json())

        one, edited = (
            {"letters": [place(topics, at[0])]},
            {"letters": [place(topics, typed)], "value": bare(21.5).decode()},
        )
        assert (await wish("replay", **one))["letters"] == [
            place(topics, at[0]) | {"generation": 1, "outcome": "requested"}
        ]
        assert (await wish("replay", **edited))["requested"] == 1
        asked, cursor = [], {}
        while True:
            page = await wish("replay", filter={"reason": ["bad_headers"]}, limit=10, **cursor)
            asked += [(letter["partition"], letter["offset"]) for letter in page["letters"]]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert len(asked) == len(set(asked)) >= 25
        assert (await wish("replay", filter={"text": "{", "reason": ["not_json"]}))["requested"] == 3
        counts = await settled(api)
        assert (counts["bad_headers"]["replayed"], counts["wrong_type"]["replayed"]) == (26, 1)
        tried = (await api.get(f"{LETTERS}?reason=not_json")).json()
        assert [(letter["state"], letter["tried_reason"]) for letter in tried] == [("open", "not_json")] * 3
        assert (await wish("replay", **one))["letters"][0]["outcome"] == "replayed"

        assert (await wish("discard", filter={"reason": ["not_json"]}, note="cut off"))["requested"] == 3
        await settled(api)
        found = (await api.get(f"{LETTERS}?state=discarded")).json()
        assert [letter["note"] for letter in found] == ["cut off"] * 3
        assert await count(database, "dead_letter_requests WHERE wish = 'discard'") == 0, "done and forgotten"
        nowhere = [place(topics, (0, 9_000 + n)) for n in range(150)]
        told = (await wish("replay", letters=[*nowhere, place(topics, at[0])]))["letters"]
        assert [letter["outcome"] for letter in told] == ["unknown"] * 150 + ["replayed"]
        await wish("replay", 404, letters=[place(topics, (0, 999))])
        await wish("replay", 409, letters=[place(topics, at[0]) | {"topic": "elsewhere"}])
        await assert_sound(stack, database, topics, api)


async def test_wishes_race_and_copies_and_forgeries_come_and_each_letter_counts_once(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    processor = start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    producers = [start_service("producer", **QUIET, TIDELINE_NAME=f"producer-{n}") for n in range(2)]
    (at,) = publish(stack.kafka_bootstrap, topics.readings, [bare(1)], headers=UNTEXT)
    await taken(database, 1)
    edits = [None, *(json.dumps({"stream": "lab", "category": f"c{n}", "value": n}) for n in range(2))]
    urls = [producer.wait_ready().url for producer in producers]
    async with (
        door(stack, database, topics, urls[0]) as api,
        door(stack, database, topics, urls[1]) as other,
    ):
        bodies = [
            {"letters": [place(topics, at)]} | ({"value": edit} if edit else {})
            for n in range(20)
            for edit in [edits[n % 3]]
        ]
        doors = [(api, other)[n % 2] for n in range(20)]
        answers = await asyncio.gather(
            *(door.post(f"{LETTERS}/replay", json=body) for door, body in zip(doors, bodies, strict=True))
        )
        assert {answer.status_code for answer in answers} == {202}
        await settled(api)
        log = read_all(stack.kafka_bootstrap, topics.readings)
        assert 2 <= len(log) <= 4, "each of the three values was sent once at most"
        sent = next(record for record in log if ("replay-of", header(topics, at)) in record.headers)
        for value, partition in ((sent.value, at[0]), (sent.value, (at[0] + 1) % 6), (bare(99), at[0])):
            told = [("replay-of", header(topics, at))]
            publish(stack.kafka_bootstrap, topics.readings, [value], partition=partition, headers=told)
        await taken(database, len(log) + 3)
        assert len((await api.get("/api/v1/raw-data")).json()) == 1
        assert (await settled(api))["unknown_replay"]["count"] == 1
        await assert_sound(stack, database, topics, api)
    assert processor.exit_code is None


async def test_whoever_is_killed_at_whichever_step_a_replay_counts_once(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    first = start_service("processor").wait_ready()
    (at,) = publish(stack.kafka_bootstrap, topics.readings, [bare(1)], headers=UNTEXT)
    await taken(database, 1)
    first.terminate()
    owner, holder = [await asyncpg.connect(database.owner_dsn) for _ in range(2)]
    await holder.execute("SELECT pg_advisory_lock(1)")
    waiting = "FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    for column, published in (("claimed_until", 1), ("sent_at", 2)):  # booked, not sent; sent, not noted
        await owner.execute(HOLD.format(column=column))
        producer = start_service("producer", **QUIET).wait_ready()
        if column == "claimed_until":
            booked = {"letters": [[1, topics.readings, *at]]}
            async with httpx.AsyncClient(base_url=producer.url, trust_env=False) as http:
                answer = await http.post("/dead-letters/replay", json=booked)
            assert answer.json()["letters"][0]["outcome"] == "requested"
        await until_async(lambda: owner.fetchval(f"SELECT count(*) {waiting}"), 20, f"it waits to write {column}")
        producer.kill()
        assert len(read_all(stack.kafka_bootstrap, topics.readings)) == published
        await owner.execute(f"SELECT pg_terminate_backend(pid) {waiting}")
        await owner.execute("DROP FUNCTION hold CASCADE")
    url = start_service("producer", **QUIET).wait_ready().url
    until(lambda: len(read_all(stack.kafka_bootstrap, topics.readings)) == 3, 20, "the next one has sent it again")
    await owner.close()
    await holder.close()
    for point in ("before_commit", "committed"):
        killed = start_service("processor", TIDELINE_FAILPOINT=point, TIDELINE_NAME="processor-1")
        until(lambda killed=killed: killed.exit_code == -9, 30, f"the processor is killed at {point}")
    async with door(stack, database, topics, url) as api:
        await settled(api)
        assert (await api.get(f"{LETTERS}?state=replayed")).json()[0]["offset"] == at[1]
        start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
        await taken(database, 3)
        assert len((await api.get("/api/v1/raw-data")).json()) == 1
        await assert_sound(stack, database, topics, api)
