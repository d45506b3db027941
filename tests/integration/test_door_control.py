"""The public door in front of a real producer and a real processor."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.live import events
from tests.support.processes import ServiceProcess
from tests.support.publisher import read_all
from tests.support.stack import Stack
from tests.support.streams import published, row, until_state
from tests.support.waiting import until_async

from contracts.topics import Topics

QUIET = {f"TIDELINE_BUILT_IN__{name}": "false" for name in ("HOST", "DEMO", "PRICES")}
QUICK = {"TIDELINE_STREAMS__POLL_S": "0.2"}
NDJSON = {"Content-Type": "application/x-ndjson"}
STARTED, STOPPED = {"message": "Data ingestion started"}, {"message": "Data ingestion stopped"}


@pytest.fixture
def producer(start_service: StartService) -> ServiceProcess:
    return start_service("producer", **QUIET, **QUICK).wait_ready()


@pytest.fixture
async def api(producer: ServiceProcess, start_service: StartService) -> AsyncIterator[httpx.AsyncClient]:
    door = start_service("query-api", TIDELINE_PRODUCER_URL=producer.url).wait_ready()
    async with client(door) as http:
        yield http


def client(service: ServiceProcess) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=service.url, trust_env=False, timeout=30)


def assert_problem(answer: httpx.Response, status: int, *words: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    for word in words:
        assert word in answer.text


async def test_a_batch_is_started_followed_listed_averaged_and_stopped(
    database: Database, api: httpx.AsyncClient, start_service: StartService
) -> None:
    start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    assert (await api.post("/stream/lab-1")).status_code == 201
    assert_problem(await api.post("/stream/lab-1"), 409, "lab-1", "already")
    async with api.stream("GET", "/stream/lab-1") as answer, asyncio.timeout(30):
        told = events(answer)
        followed = [(await anext(told)).data for _ in range(8)]
    assert all(line["value"] in range(101) for line in followed)
    times = [datetime.fromisoformat(line["timestamp"]) for line in followed]
    assert times == sorted(set(times))

    async def counted() -> bool:
        tasks = (await api.get("/tasks")).raise_for_status().json()
        assert [(task["batch_id"], task["state"]) for task in tasks] == [("lab-1", "running")]
        assert datetime.now(UTC) - datetime.fromisoformat(tasks[0]["started_at"]) < timedelta(minutes=1)
        return bool(tasks[0]["row_count"] >= 8)

    await until_async(counted, 20, "its readings are counted")
    assert (await api.get("/agg/lab-1")).json()["batch_id"] == "lab-1"
    for _ in range(2):
        assert (await api.delete("/stream/lab-1")).status_code == 200
    stopped = await until_state(database.producer_dsn, "lab-1", ["stopped"])
    assert (await api.get("/tasks")).json() == []

    async def all_kept() -> bool:
        return (await api.get("/")).json() == {"row_count": stopped["position"], "task_count": 0}

    await until_async(all_kept, 20, "all that was published is kept")
    assert_problem(await api.delete("/stream/never"), 404)


async def test_a_sixth_stream_is_refused_and_told_the_five(api: httpx.AsyncClient) -> None:
    names = [f"s{n}" for n in range(12)]
    answers = await asyncio.gather(*(api.post(f"/stream/{name}") for name in names))
    assert Counter(answer.status_code for answer in answers) == {201: 5, 409: 7}
    five = sorted(answer.json()["id"] for answer in answers if answer.status_code == 201)
    assert_problem(await api.post("/api/v1/streams", json={"id": "sixth"}), 409, *five)
    assert sorted(task["batch_id"] for task in (await api.get("/tasks")).json()) == five
    assert (await api.get("/")).json()["task_count"] == 5


async def test_streams_are_controlled_through_the_door_and_read_as_the_producer_has_them(
    database: Database, api: httpx.AsyncClient, producer: ServiceProcess
) -> None:
    body = {"id": "lab", "profile": "sensor", "rate": 50, "seed": 3, "categories": ["a", "b"]}
    begun = await api.post("/api/v1/streams", json=body)
    assert (begun.status_code, begun.json()["state"]) == (201, "pending")
    await until_state(database.producer_dsn, "lab", ["running"])
    for change, state in [("pause", "paused"), ("resume", "running"), ("stop", "stopped"), ("start", "running")]:
        for _ in range(1 if change == "start" else 2):
            assert (await api.post(f"/api/v1/streams/lab/{change}")).status_code == 200
        await until_state(database.producer_dsn, "lab", [state])
    assert_problem(await api.post("/api/v1/streams/lab/start"), 409, "lab", "already")
    await api.post("/api/v1/streams/lab/stop")
    await until_state(database.producer_dsn, "lab", ["stopped"])

    async def announced() -> bool:
        return (await row(database.producer_dsn, "lab"))["unannounced"] == "[]"

    await until_async(announced, 10, "every change is announced")  # which moves `updated_at` once more
    async with client(producer) as inside:
        kept = {"row_count": 0}
        [told] = (await inside.get("/streams")).json()
        assert (await api.get("/api/v1/streams")).json() == [told | kept]
        assert (await api.get("/api/v1/streams/lab")).json() == (await inside.get("/streams/lab")).json() | kept
    assert (await api.delete("/api/v1/streams/lab", params={"data": True})).status_code == 200
    assert (await row(database.producer_dsn, "lab"))["delete_data"] is True
    assert (await api.get("/api/v1/streams")).json() == []
    assert_problem(await api.post("/api/v1/streams", content=b"{"), 400)
    assert_problem(await api.post("/api/v1/streams", json={"id": "x", "colour": 1}), 422, "colour")
    assert_problem(await api.post("/api/v1/streams/lab/explode"), 404)
    assert_problem(await api.post("/api/v1/streams/lab/stop?now=1"), 422)


async def test_ingestion_is_started_and_stopped_any_number_of_times_and_backfills_once(
    stack: Stack, topics: Topics, database: Database, start_service: StartService
) -> None:
    with_demo = QUIET | QUICK | {"TIDELINE_BUILT_IN__DEMO": "true"}
    door = start_service(
        "query-api", TIDELINE_PRODUCER_URL=start_service("producer", **with_demo).wait_ready().url
    ).wait_ready()
    async with client(door) as api:
        await backfilled(database)
        for _ in range(3):
            assert (await api.post("/api/v1/start-ingestion")).json() == STARTED
        first = await row(database.producer_dsn, "demo")
        assert (first["run"], first["state"]) == (1, "running")
        for _ in range(3):
            assert (await api.post("/api/v1/stop-ingestion")).json() == STOPPED
        again = datetime.now(UTC)
        answers = await asyncio.gather(*(api.post("/api/v1/start-ingestion") for _ in range(5)))
        assert [answer.json() for answer in answers] == [STARTED] * 5
        second = await until_state(database.producer_dsn, "demo", ["running"])
        assert second["run"] == 2
        assert abs(second["run_start"] - again) < timedelta(seconds=15)
        await api.post("/api/v1/streams/demo/pause")
        assert (await api.post("/api/v1/start-ingestion")).json() == STARTED
        await until_state(database.producer_dsn, "demo", ["running"])
        assert (await api.get("/")).json()["task_count"] == 0
        assert (await api.post("/api/v1/stop-ingestion")).json() == STOPPED
        await until_state(database.producer_dsn, "demo", ["stopped"])
    sent = published(stack.kafka_bootstrap, topics.readings, "demo")
    assert len({reading.id for reading in sent}) == len(sent) < 302_400 + 500, "seven days were published once"


async def backfilled(database: Database) -> None:
    async def live() -> bool:
        return bool((await row(database.producer_dsn, "demo"))["position"] >= 302_400)

    await until_async(live, 60, "the seven days are published")


async def test_each_line_of_sent_events_is_answered_and_counted_once(
    api: httpx.AsyncClient, start_service: StartService
) -> None:
    start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    at = datetime.now(UTC).isoformat()
    event = {"id": "0195f2b4-7c1e-7d5a-9b3f-2f6a1c0d4e11", "stream": "lab-3", "category": "t", "timestamp": at}
    lines = [
        event | {"value": 21.5},
        event | {"value": 21.5},
        {"stream": "lab-3"},
        {"stream": "lab-3", "category": "t"},
    ]
    lines[3] |= {"value": 22.5}
    body = b"\n".join(map(orjson.dumps, lines))
    for _ in range(2):
        answer = await api.post("/api/v1/events", content=body, headers=NDJSON)
        assert answer.status_code == 202
        assert [line["status"] for line in answer.json()] == ["accepted", "accepted", "refused", "accepted"]
        assert answer.json()[2]["reason"] == "missing_field"

    async def kept() -> bool:
        found = (await api.get("/api/v1/raw-data", params={"stream": "lab-3"})).json()
        return sorted(line["value"] for line in found) == [21.5, 22.5, 22.5]

    await until_async(kept, 20, "the one with an id is there once, the one without at each sending")
    assert (await api.get("/api/v1/streams")).json()[0]["kind"] == "external"
    single = await api.post("/api/v1/events", json=lines[0])
    assert (single.status_code, single.json()[0]["id"]) == (202, event["id"])
    assert_problem(await api.post("/api/v1/events", json={"stream": "x"}), 422, "missing_field")


async def test_while_kafka_is_away_events_are_503_with_a_time_to_come_again(
    stack: Stack, api: httpx.AsyncClient
) -> None:
    stack.kafka.kill()
    try:
        answer = await api.post("/api/v1/events", json={"stream": "lab-3", "category": "t", "value": 1})
        assert_problem(answer, 503)
        assert int(answer.headers["retry-after"]) >= 1
        assert (await api.get("/api/v1/streams")).status_code == 200
    finally:
        stack.kafka.start()


async def test_samples_are_passed_on_and_come_side_by_side(
    stack: Stack, topics: Topics, api: httpx.AsyncClient
) -> None:
    assert (await api.get("/api/v1/random-int")).json()["value"] in range(101)
    assert len((await api.get("/api/v1/time-series")).json()) == 3_000
    rows = (await api.get("/api/v1/table")).json()
    stored = [json.loads(record.value) for record in read_all(stack.kafka_bootstrap, topics.rows) if record.value]
    assert [event["data"] for event in sorted(stored, key=lambda event: event["row"])] == rows
    assert len(rows) == 250
    begun = asyncio.get_running_loop().time()
    answer = await api.get("/api/v1/aggregate-data", params={"latency_ms": 700})
    assert 0.7 <= asyncio.get_running_loop().time() - begun < 2, "side by side, not one after the other"
    parts = {part["part"]: part["data"] for part in map(orjson.loads, answer.text.splitlines())}
    assert set(parts) == {"random-int", "table", "time-series"}
    assert (len(parts["table"]), len(parts["time-series"])) == (250, 3_000)
    for latency in ("-1", "10001", "nan", "inf", "soon"):
        for path in ("random-int", "table", "time-series", "aggregate-data"):
            assert_problem(await api.get(f"/api/v1/{path}?latency_ms={latency}"), 422, "latency_ms")


async def test_reads_and_readiness_survive_the_producer(api: httpx.AsyncClient, producer: ServiceProcess) -> None:
    await api.post("/stream/lab")
    producer.kill()
    assert_problem(await api.post("/stream/other"), 502)
    assert [task["batch_id"] for task in (await api.get("/tasks")).json()] == ["lab"]
    assert [line["id"] for line in (await api.get("/api/v1/streams")).json()] == ["lab"]
    assert (await api.get("/api/v1/ready")).status_code == 200


async def test_a_frozen_producer_is_504_and_reads_go_on(
    start_service: StartService, producer: ServiceProcess, database: Database
) -> None:
    brief = {"TIDELINE_PRODUCER__ANSWER_S": "1"}
    door = start_service("query-api", TIDELINE_PRODUCER_URL=producer.url, **brief).wait_ready()
    producer.pause()
    try:
        async with client(door) as api:
            begun = asyncio.get_running_loop().time()
            assert_problem(await api.post("/stream/lab"), 504)
            assert asyncio.get_running_loop().time() - begun < 3
            assert (await api.get("/api/v1/streams")).json() == []
    finally:
        producer.resume()
