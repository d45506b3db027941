import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid5

import httpx
import pytest
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.processes import ServiceProcess
from tests.support.publisher import read_all
from tests.support.stack import Stack
from tests.support.streams import published, row, until_state
from tests.support.waiting import until_async

from contracts.topics import Topics
from producer.simulate.ids import NAMESPACE

SETTINGS = {f"TIDELINE_BUILT_IN__{name}": "false" for name in ("HOST", "DEMO", "PRICES")} | {
    "TIDELINE_STREAMS__LEASE_S": "2",
    "TIDELINE_STREAMS__POLL_S": "0.2",
}
BEGUN = datetime(2026, 3, 1, tzinfo=UTC)
ENDLESS: dict[str, Any] = {"profile": "sensor", "rate": 50}


def client(copy: ServiceProcess) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=copy.url, trust_env=False, timeout=30)


def assert_problem(answer: httpx.Response, status: int, *words: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert answer.json()["status"] == status
    for word in words:
        assert word in answer.text


async def test_of_50_simultaneous_starts_over_two_processes_5_run_and_45_are_told_why(
    database: Database, start_service: StartService
) -> None:
    copies = [start_service("producer", TIDELINE_NAME=name, **SETTINGS).wait_ready() for name in ("one", "two")]
    async with client(copies[0]) as one, client(copies[1]) as two:
        starts = [(one, two)[n % 2].post("/streams", json={"id": f"s{n}", **ENDLESS}) for n in range(50)]
        answers = await asyncio.gather(*starts)
        assert Counter(answer.status_code for answer in answers) == {201: 5, 409: 45}
        begun = sorted(answer.json()["id"] for answer in answers if answer.status_code == 201)
        for stream in begun:
            await until_state(database.producer_dsn, stream, ["running"])
        assert sorted(stream["id"] for stream in (await two.get("/streams")).json()) == begun
        sixth = await one.post("/streams", json={"id": "sixth", **ENDLESS})
        assert_problem(sixth, 409, *begun)
        assert_problem(await one.get("/streams/sixth"), 404)


async def test_of_20_simultaneous_starts_of_one_stream_one_succeeds(
    database: Database, start_service: StartService
) -> None:
    copies = [start_service("producer", TIDELINE_NAME=name, **SETTINGS).wait_ready() for name in ("one", "two")]
    async with client(copies[0]) as one, client(copies[1]) as two:
        answers = await asyncio.gather(
            *((one, two)[n % 2].post("/streams", json={"id": "lab", **ENDLESS}) for n in range(20))
        )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    assert all("already" in answer.text for answer in answers if answer.status_code == 409)
    assert (await until_state(database.producer_dsn, "lab", ["running"]))["run"] == 1


async def test_a_stream_is_started_paused_resumed_stopped_and_started_again(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    async with client(start_service("producer", **SETTINGS).wait_ready()) as http:
        assert (await http.post("/streams", json={"id": "lab", **ENDLESS})).status_code == 201
        for again in (http.post("/streams", json={"id": "lab", **ENDLESS}), http.post("/streams/lab/start")):
            assert_problem(await again, 409, "lab", "already")
        await positions(database, "lab", 20)
        for _ in range(2):
            assert (await http.post("/streams/lab/pause")).status_code == 200
        paused = await until_state(database.producer_dsn, "lab", ["paused"])
        assert_problem(await http.post("/streams/lab/start"), 409, "paused")
        for _ in range(2):
            assert (await http.post("/streams/lab/resume")).json()["run"] == 2
        await positions(database, "lab", paused["position"] + 20)
        for _ in range(2):
            assert (await http.post("/streams/lab/stop")).json()["state"] in ("stopping", "stopped")
        stopped = await until_state(database.producer_dsn, "lab", ["stopped"])
        assert_problem(await http.post("/streams/lab/resume"), 409, "stopped")
        assert (await http.post("/streams/lab/start")).json()["run"] == 3
        await positions(database, "lab", 20)
        await http.post("/streams/lab/stop")
        last = await until_state(database.producer_dsn, "lab", ["stopped"])

    events = published(stack.kafka_bootstrap, topics.readings, "lab")
    assert len(events) == len({event.id for event in events}) == stopped["position"] + last["position"]
    times = sorted(event.timestamp for event in events)
    assert len(set(times)) == len(times)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    period = Counter(gaps).most_common(1)[0][0]
    assert sum(gap != period for gap in gaps) == 2, "the rate is kept but for where it was paused and stopped"


async def test_every_change_is_announced_and_a_deleted_stream_leaves_the_compacted_topic(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    async with client(start_service("producer", **SETTINGS).wait_ready()) as http:
        await http.post("/streams", json={"id": "lab", **ENDLESS})
        await positions(database, "lab", 5)
        await http.post("/streams/lab/pause")
        await until_state(database.producer_dsn, "lab", ["paused"])
        await http.post("/streams/lab/resume")
        await until_state(database.producer_dsn, "lab", ["running"])
        for _ in range(2):
            assert (await http.delete("/streams/lab", params={"data": True})).status_code == 200
        await until_state(database.producer_dsn, "lab", ["stopped"])
        assert_problem(await http.get("/streams/lab"), 404)
        assert (await http.get("/streams")).json() == []
        assert (await http.delete("/streams/lab")).status_code == 200
        assert_problem(await http.delete("/streams/never"), 404)
        assert (await row(database.producer_dsn, "lab"))["delete_data"] is True
        assert_problem(await http.post("/streams", json={"id": "lab", **ENDLESS}), 409, "being deleted")

        async def tombstone() -> bool:
            return read_all(stack.kafka_bootstrap, topics.streams)[-1].value is None

        await until_async(tombstone, 10, "the key is deleted", every_s=0.3)
    states = [json.loads(record.value) for record in read_all(stack.kafka_bootstrap, topics.streams) if record.value]
    seen = [(state["state"], state["run"]) for state in states]
    assert seen == [
        ("pending", 1),
        ("running", 1),
        ("paused", 1),
        ("pending", 2),
        ("running", 2),
        ("stopping", 2),
        ("stopped", 2),
    ]


async def test_a_stop_is_remembered_across_restarts_and_wins_over_the_settings(
    database: Database, start_service: StartService
) -> None:
    with_demo = SETTINGS | {"TIDELINE_BUILT_IN__DEMO": "true"}
    copy = start_service("producer", **with_demo).wait_ready()
    async with client(copy) as http:
        await until_state(database.producer_dsn, "demo", ["running"])
        assert_problem(await http.post("/streams", json={"id": "demo", **ENDLESS}), 409, "built in")
        await http.post("/streams/demo/stop")
        await until_state(database.producer_dsn, "demo", ["stopped"])
    assert copy.terminate() == 0
    async with client(start_service("producer", **with_demo).wait_ready()) as http:
        assert (await http.get("/streams/demo")).json()["state"] == "stopped"
        before = datetime.now(UTC)
        assert (await http.post("/streams/demo/start")).status_code == 200
        again = await until_state(database.producer_dsn, "demo", ["running"])
    assert (again["run"], again["run_start"] >= before.replace(microsecond=0)) == (2, True)


async def test_late_repeated_disordered_and_corrupt_events_are_published_as_often_as_asked_for(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    spec = {"profile": "random-walk", "seed": 5, "rate": 10, "count": 5000, "start_time": "2026-03-01T00:00:00Z"}
    ratios = {"late_ratio": 0.1, "duplicate_ratio": 0.05, "disorder_ratio": 0.1, "corrupt_ratio": 0.02}
    async with client(start_service("producer", **SETTINGS).wait_ready()) as http:
        assert (await http.post("/streams", json={"id": "lab", **spec, **ratios})).status_code == 201
        await until_state(database.producer_dsn, "lab", ["completed"])
    values = [record.value or b"" for record in read_all(stack.kafka_bootstrap, topics.readings)]
    good: dict[str, datetime] = {}
    spoiled = 0
    for value in values:
        try:
            event = json.loads(value)
            good[str(UUID(event["id"]))] = datetime.fromisoformat(event["timestamp"])
            spoiled += not isinstance(event["value"], float) or event["value"] > 1e300
        except (ValueError, TypeError):
            spoiled += 1
    assert len(values) == pytest.approx(5000 * 1.05, rel=0.02)
    assert spoiled == pytest.approx(5000 * 1.05 * 0.02, rel=0.4)
    in_turn = {str(uuid5(NAMESPACE, f"lab/1/{n}")): BEGUN + timedelta(seconds=n / 10) for n in range(5000)}
    behind = [(in_turn[id_] - timestamp).total_seconds() for id_, timestamp in good.items()]
    assert sum(60 <= seconds <= 3600 for seconds in behind) == pytest.approx(500, rel=0.2)
    assert sum(0 < seconds <= 1 for seconds in behind) == pytest.approx(450, rel=0.2)


async def test_a_table_stream_publishes_whole_rows(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    async with client(start_service("producer", **SETTINGS).wait_ready()) as http:
        body = {"id": "parts", "profile": "table", "rate": 10, "count": 2500, "start_time": "2026-03-01T00:00:00Z"}
        assert (await http.post("/streams", json=body)).status_code == 201
        await until_state(database.producer_dsn, "parts", ["completed"])
    rows = [json.loads(record.value or b"") for record in read_all(stack.kafka_bootstrap, topics.rows)]
    assert sorted(row["row"] for row in rows) == list(range(2500))
    assert {type(row["data"]["scrap"]) for row in rows} == {bool}
    assert {row["stream"] for row in rows} == {"parts"}
    assert read_all(stack.kafka_bootstrap, topics.readings) == []


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"id": "no spaces", **ENDLESS}, "id"),
        ({**ENDLESS}, "id"),
        ({"id": "lab", "profile": "tomorrow"}, "profile"),
        ({"id": "lab", "rate": 0}, "rate"),
        ({"id": "lab", "rate": 1e-300}, "rate"),
        ({"id": "lab", "rate": 1e9}, "rate"),
        ({"id": "lab", "count": 5, "duration": 5}, "count"),
        ({"id": "lab", "start_time": "2026-01-01T00:00:00"}, "start_time"),
        ({"id": "lab", "late_ratio": 2}, "late_ratio"),
        ({"id": "lab", "late_ratio": False}, "late_ratio"),
        ({"id": "lab", "rate": "5"}, "rate"),
        ({"id": "lab", "categories": ["a\u0000b"]}, "categories"),
        ({"id": "lab", "categories": ["a", "a"]}, "categories"),
        ({"id": "lab", "colour": "red"}, "colour"),
        ({"id": "lab", "kind": "dataset"}, "url"),
        ({"id": "lab", "kind": "movie"}, "simulation (the default) or dataset"),
        ({"id": "lab", "kind": None}, "kind"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_wrong_stream_is_refused_by_the_name_of_what_is_wrong(control_copy, body: Any, named: str) -> None:
    async with client(control_copy) as http:
        assert_problem(await http.post("/streams", json=body), 422, named)


async def test_what_is_no_json_is_400_and_what_is_too_large_413(control_copy, topics: Topics) -> None:
    async with client(control_copy) as http:
        for body in (b"", b"{", b"\xff", b'{"id": NaN}', b"[" * 100_000):
            assert_problem(await http.post("/streams", content=body), 400)
        assert_problem(await http.post("/streams", content=b"[]"), 422)
        assert_problem(await http.post("/streams", content=b" " * 300_000), 413)
        assert_problem(await http.get("/streams/%00"), 422)
        place, far = [1, topics.readings, 0, 0], [1, topics.readings, 2**31, 0]
        wrong = {"value": {"letters": [place], "value": "A"}, "letters": {"letters": [far], "value": "e30="}}
        for named, body in wrong.items():
            assert_problem(await http.post("/dead-letters/replay", json=body), 422, named)
        assert_problem(await http.post("/dead-letters/discard", json={"letters": [place], "note": "\0"}), 422, "note")
        assert_problem(await http.get("/nothing"), 404)
        assert_problem(await http.put("/streams"), 405)
        assert_problem(await http.get("/streams/"), 404)


async def test_while_postgres_is_away_control_answers_503(stack: Stack, start_service: StartService) -> None:
    async with client(start_service("producer", **SETTINGS).wait_ready()) as http:
        stack.postgres.kill()
        answer = await http.post("/streams", json={"id": "lab", **ENDLESS})
        assert_problem(answer, 503)
        assert int(answer.headers["retry-after"]) >= 1


@pytest.fixture
def control_copy(start_service: StartService) -> ServiceProcess:
    return start_service("producer", **SETTINGS).wait_ready()


async def positions(database: Database, stream: str, position: int) -> None:
    async def reached() -> bool:
        return bool((await row(database.producer_dsn, stream))["position"] >= position)

    await until_async(reached, 20, f"{stream} is at position {position}")
