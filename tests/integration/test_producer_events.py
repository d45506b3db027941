import asyncio
import json
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer
from tests.support.fixtures import StartService
from tests.support.processes import ServiceProcess
from tests.support.publisher import read_all
from tests.support.stack import Stack
from tests.support.waiting import until

from contracts.topics import Topics

SETTINGS = {f"TIDELINE_BUILT_IN__{name}": "false" for name in ("HOST", "DEMO", "PRICES")} | {
    "TIDELINE_EVENTS__ACK_TIMEOUT_S": "2",
    "TIDELINE_EVENTS__BODY_BYTES_MAX": "100000",
    "TIDELINE_EVENTS__LINES_MAX": "1000",
}
NDJSON = {"content-type": "application/x-ndjson"}
GOOD: dict[str, Any] = {"stream": "lab", "category": "t", "value": 1.5}


@pytest.fixture
def copy(start_service: StartService) -> ServiceProcess:
    return start_service("producer", **SETTINGS).wait_ready()


def client(copy: ServiceProcess) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=copy.url, trust_env=False, timeout=30)


def ndjson(*events: object) -> bytes:
    return b"\n".join(event if isinstance(event, bytes) else json.dumps(event).encode() for event in events)


async def test_what_is_answered_with_202_is_in_kafka_and_each_line_is_answered(
    stack: Stack, topics: Topics, copy: ServiceProcess
) -> None:
    async with client(copy) as http:
        one = await http.post("/events", json=GOOD)
        many = await http.post("/events", content=ndjson(GOOD, b"{", {**GOOD, "category": "u"}), headers=NDJSON)
    there = {json.loads(record.value)["id"]: record.key for record in read_all(stack.kafka_bootstrap, topics.readings)}
    assert (one.status_code, many.status_code) == (202, 202)
    assert [line["status"] for line in many.json()] == ["accepted", "refused", "accepted"]
    assert many.json()[1]["reason"] == "not_json"
    accepted = [line["id"] for line in one.json() + many.json() if line["status"] == "accepted"]
    assert there == dict(zip(accepted, [b"lab/t", b"lab/t", b"lab/u"], strict=True))


async def test_events_of_many_requests_at_once_all_arrive(stack: Stack, topics: Topics, copy: ServiceProcess) -> None:
    async with client(copy) as http:
        bodies = [ndjson(*({**GOOD, "category": f"c{n % 7}"} for n in range(20))) for _ in range(50)]
        answers = await asyncio.gather(*(http.post("/events", content=body, headers=NDJSON) for body in bodies))
    assert {answer.status_code for answer in answers} == {202}
    ids = {line["id"] for answer in answers for line in answer.json()}
    assert {json.loads(record.value)["id"] for record in read_all(stack.kafka_bootstrap, topics.readings)} == ids
    assert len(ids) == 1000


async def test_keys_lie_where_a_java_client_would_put_them(stack: Stack, topics: Topics, copy: ServiceProcess) -> None:
    categories = [f"kategorie-{n}-ü" for n in range(200)]
    async with client(copy) as http:
        await http.post("/events", content=ndjson(*({**GOOD, "category": c} for c in categories)), headers=NDJSON)
    ours = {record.key: record.partition for record in read_all(stack.kafka_bootstrap, topics.readings)}
    theirs: dict[bytes, int] = {}
    producer = Producer({"bootstrap.servers": stack.kafka_bootstrap, "partitioner": "murmur2_random"})
    for key in ours:
        producer.produce(
            topics.readings, b"{}", key, on_delivery=lambda _, m: theirs.__setitem__(m.key(), m.partition())
        )
    until(lambda: producer.flush(1) == 0, 20)
    assert ours == theirs
    assert set(ours.values()) == set(range(6))


async def test_wrong_bodies_are_refused_with_their_reasons(stack: Stack, topics: Topics, copy: ServiceProcess) -> None:
    async with client(copy) as http:
        refused = await http.post("/events", json={**GOOD, "value": "much"})
        assert (refused.status_code, "wrong_type" in refused.text) == (422, True)
        assert (await http.post("/events", content=b"", headers=NDJSON)).status_code == 422
        assert (
            await http.post("/events", content=b"value=1", headers={"content-type": "text/plain"})
        ).status_code == 415
        assert (await http.post("/events", content=b"x" * 100_001, headers=NDJSON)).status_code == 413

        async def endless() -> Any:
            for _ in range(1000):
                yield b"x" * 1000

        assert (await http.post("/events", content=endless(), headers=NDJSON)).status_code == 413
        too_many = await http.post("/events", content=b"{}\n" * 1001, headers=NDJSON)
        assert (too_many.status_code, "1000 lines (setting events.lines_max)" in too_many.text) == (413, True)
        assert (await http.post("/events", content=b"{}\n" * 1000, headers=NDJSON)).status_code == 422
    assert read_all(stack.kafka_bootstrap, topics.readings) == []


async def test_an_event_is_judged_as_the_processors_are_told_to(start_service: StartService) -> None:
    copy = start_service("producer", **SETTINGS, TIDELINE_VALIDITY__MAX_AGE_DAYS="40000").wait_ready()
    async with client(copy) as http:
        old = await http.post("/events", json={**GOOD, "timestamp": "1970-01-02T03:04:05Z"})
        older = await http.post("/events", json={**GOOD, "timestamp": "1870-01-02T03:04:05Z"})
    assert (old.status_code, older.status_code) == (202, 422), older.text
    assert "40000 days" in older.text


async def test_while_kafka_is_away_nothing_is_accepted_unreported(
    stack: Stack, topics: Topics, copy: ServiceProcess
) -> None:
    async with client(copy) as http:
        assert (await http.post("/events", json=GOOD)).status_code == 202
        stack.kafka.kill()
        identities = []
        for _ in range(3):
            answer = await http.post("/events", json=GOOD)
            assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
            assert int(answer.headers["retry-after"]) >= 1
            identities += [error["message"] for error in answer.json()["errors"]]
        assert (await http.get("/health")).status_code == 200
        stack.kafka.start()
        copy.wait_ready()
        last = await http.post("/events", json=GOOD)
        assert last.status_code == 202
    # What was told to be unknown may be there, under the identity that was told, and nothing else is.
    ids = [json.loads(record.value)["id"] for record in read_all(stack.kafka_bootstrap, topics.readings)]
    assert len(ids) == len(set(ids))
    unknown = [id_ for id_ in ids[:] if any(id_ in message for message in identities)]
    assert len(ids) - len(unknown) == 2
