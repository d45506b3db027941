"""Calls that are passed on while the producer is down, silent or talks nonsense; reads go on."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import orjson
import pytest
from tests.support.databases import Database
from tests.support.fake_producer import Respond, answer, fake_producer, silence
from tests.support.query_api import NOW, NOWHERE, serving
from tests.support.streams import add_simulation
from tests.support.waiting import until_async

PROBLEM = "application/problem+json"
CALLS = [
    ("POST", "/api/v1/streams", {"json": {"id": "lab"}}),
    ("DELETE", "/api/v1/streams/lab", {}),
    *(("POST", f"/api/v1/streams/lab/{change}", {}) for change in ("start", "stop", "pause", "resume")),
    ("POST", "/stream/lab", {}),
    ("DELETE", "/stream/lab", {}),
    ("POST", "/api/v1/start-ingestion", {}),
    ("POST", "/api/v1/stop-ingestion", {}),
    ("POST", "/api/v1/events", {"json": {}}),
    ("GET", "/api/v1/random-int?latency_ms=0", {}),
    ("GET", "/api/v1/table?latency_ms=0", {}),
    ("GET", "/api/v1/time-series?latency_ms=0", {}),
]
READS = ["/", "/tasks", "/api/v1/streams", "/api/v1/streams/lab", "/agg/lab", "/api/v1/series", "/api/v1/raw-data"]


def door(producer_url: str = NOWHERE, **settings: Any) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    """A query API in front of this producer; without a database, as what is passed on needs none."""
    return serving("postgresql://127.0.0.1:9/nothing", connected=False, producer_url=producer_url, **settings)


def assert_problem(given: httpx.Response, status: int) -> dict[str, Any]:
    assert (given.status_code, given.headers["content-type"]) == (status, PROBLEM), given.text
    body: dict[str, Any] = given.json()
    assert set(body) == {"type", "title", "status", "detail", "errors", "request_id"}
    assert body["status"] == status
    return body


async def test_a_producer_that_is_down_is_502() -> None:
    async with door() as api:
        for method, path, sent in CALLS:
            given = await api.request(method, path, **sent)
            assert "reached" in assert_problem(given, 502)["detail"], path
            assert int(given.headers["retry-after"]) >= 1


async def test_a_silent_producer_is_504_in_time() -> None:
    async with fake_producer(silence) as fake, door(fake.url, producer={"answer_s": 0.5}) as api:
        begun = time.monotonic()
        for given in await asyncio.gather(*(api.request(method, path, **sent) for method, path, sent in CALLS)):
            assert_problem(given, 504)
            assert "retry-after" in given.headers
    assert 0.5 <= time.monotonic() - begun < 3
    assert len(fake.asked) == len(CALLS)


async def test_reads_go_on_without_a_producer(database: Database) -> None:
    await add_simulation(database.producer_dsn, "lab", NOW, profile="random-int")
    async with serving(database.api_dsn, producer_url=NOWHERE) as api:
        for path in READS:
            given = await api.get(path)
            assert given.status_code == 200, given.text


PIECE = b'{"value": 1}'
NONSENSE: dict[str, bytes] = {
    "no HTTP": b"hello\r\n\r\n",
    "nothing": b"",
    "a page": answer("200 OK", b"<html></html>", "text/html"),
    "JSON said to be a page": answer("200 OK", PIECE, "text/html"),
    "broken JSON": answer("200 OK", b'{"value": '),
    "NaN": answer("200 OK", b'{"value": NaN}'),
    "a short body": answer("200 OK", PIECE).replace(b"Content-Length: 12", b"Content-Length: 100"),
    "a compressed body": answer("200 OK", b"\x1f\x8b\x08\x00", Content_Encoding="gzip"),
    "a redirect": answer("302 Found", PIECE, Location="http://127.0.0.1:9/"),
    "an error that is no problem": answer("500 Internal Server Error", b"{}"),
    "a problem without detail": answer("409 Conflict", b'{"errors": []}', PROBLEM),
    "a problem with odd errors": answer("409 Conflict", b'{"detail": "x", "errors": [{"a": [1]}]}', PROBLEM),
    "a status that is none": answer("599 Odd", b'{"detail": "x", "errors": []}', PROBLEM),
    "a success that is a problem": answer("200 OK", b'{"detail": "x", "errors": []}', PROBLEM),
    "more than is passed on": answer("200 OK", b'"' + b"x" * 2_000 + b'"'),
}


async def test_nonsense_is_502_and_never_passed_on() -> None:
    what = ""
    settings = {"answer_bytes_max": 1_024, "answer_s": 5}
    async with fake_producer(lambda _line: NONSENSE[what]) as fake, door(fake.url, producer=settings) as api:
        for what in NONSENSE:
            for given in (await api.get("/api/v1/random-int"), await api.post("/api/v1/events", json={})):
                assert "not understood" in assert_problem(given, 502)["detail"], what


async def test_an_answer_that_comes_drop_by_drop_is_504() -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for byte in answer("200 OK", b" " * 1_000):
            writer.write(bytes([byte]))
            await asyncio.sleep(0.02)  # the pace of the one who dawdles

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with door(url, producer={"answer_s": 0.5}) as api:
        begun = time.monotonic()
        assert_problem(await api.get("/api/v1/random-int?latency_ms=0"), 504)
        assert time.monotonic() - begun < 3
    server.close()


def refusing(status: str, retry_after: str) -> Respond:
    body = orjson.dumps(
        {
            "type": "about:blank",
            "title": "of the producer",
            "status": 1,
            "detail": "so and so",
            "errors": [{"parameter": "line 2", "message": "why"}],
            "request_id": "theirs",
        }
    )
    return lambda _line: answer(status, body, PROBLEM, Retry_After=retry_after, Set_Cookie="a=b")


@pytest.mark.parametrize(
    ("status", "phrase"), [(409, "Conflict"), (422, "Unprocessable Entity"), (503, "Service Unavailable")]
)
async def test_its_problems_are_passed_on_under_a_request_id_of_ours(
    status: int, phrase: str, database: Database
) -> None:
    async with (
        fake_producer(refusing(f"{status} {phrase}", "7")) as fake,
        door(fake.url) as api,
    ):
        given = await api.post("/api/v1/events", json={})
    problem = assert_problem(given, status)
    assert (problem["detail"], problem["errors"]) == ("so and so", [{"parameter": "line 2", "message": "why"}])
    assert problem["title"] != "of the producer"
    assert problem["request_id"] != "theirs"
    assert given.headers["retry-after"] == "7"
    assert "set-cookie" not in given.headers


async def test_a_retry_after_that_is_no_number_is_left_out() -> None:
    async with (
        fake_producer(refusing("503 Service Unavailable", "soon")) as fake,
        door(fake.url) as api,
    ):
        given = await api.post("/api/v1/events", json={})
    assert_problem(given, 503)
    assert "retry-after" not in given.headers


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
        await asyncio.sleep(0.4)  # slower than the producer may be


async def test_a_body_is_passed_on_byte_by_byte_and_a_slow_sender_is_no_silent_producer() -> None:
    async with (
        fake_producer(lambda _line: answer("202 Accepted", b"[]")) as fake,
        door(fake.url, producer={"answer_s": 0.3}) as api,
    ):
        kind = {"Content-Type": "Application/X-NDJSON; charset=utf-8"}
        given = await api.post("/api/v1/events", content=pieces(b'{"a":', b"1}\n", b"\xff\n"), headers=kind)
    assert (given.status_code, given.json()) == (202, [])
    assert fake.asked == [(b"POST /events HTTP/1.1", b'{"a":1}\n\xff\n')]


async def test_a_body_over_the_limit_is_413_however_it_is_sent() -> None:
    async with (
        fake_producer(lambda _line: answer("202 Accepted", b"[]")) as fake,
        door(fake.url, body_bytes_max=1_000) as api,
    ):
        assert_problem(await api.post("/api/v1/events", json={"x": "y" * 1_000}), 413)
        chunked = pieces(b"x" * 600, b"x" * 600)
        assert_problem(await api.post("/api/v1/events", content=chunked), 413)
        assert (await api.post("/api/v1/events", json={})).status_code == 202
    assert len(fake.asked) == 1, "the others never reached it whole"


@pytest.mark.parametrize("kind", ["text/csv", "application/x-www-form-urlencoded", "\xe9", ""])
async def test_events_of_another_media_type_are_415(kind: str) -> None:
    async with door() as api:
        headers = {b"Content-Type": kind.encode("latin-1")}
        problem = assert_problem(await api.post("/api/v1/events", content=b"{}", headers=headers), 415)
    assert "application/x-ndjson" in problem["detail"]


async def test_compressed_events_are_415_and_not_called_invalid() -> None:
    async with door() as api:
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        refused = await api.post("/api/v1/events", content=gzip.compress(b"{}"), headers=headers)
    assert "not compressed" in assert_problem(refused, 415)["detail"]
    assert refused.headers["accept-encoding"] == "identity"


async def test_a_start_waits_for_a_stop_that_is_under_way() -> None:
    states = iter(["stopping", "stopping", "stopped"])

    def respond(line: bytes) -> bytes:
        if line.startswith(b"GET"):
            return answer("200 OK", orjson.dumps({"desired": "stopped", "state": next(states)}))
        return answer("200 OK", b"{}")

    async with fake_producer(respond) as fake, door(fake.url) as api:
        assert (await api.post("/api/v1/start-ingestion")).json() == {"message": "Data ingestion started"}
    assert [line.split()[:2] for line, _ in fake.asked] == [[b"GET", b"/streams/demo"]] * 3 + [
        [b"POST", b"/streams/demo/start"]
    ]


async def test_one_part_that_fails_is_an_error_and_the_others_come_as_they_are_ready() -> None:
    released = asyncio.Event()

    async def respond(line: bytes) -> bytes:
        if b"/random-int" in line:
            await released.wait()
            return answer("200 OK", b'{"value": 7}')
        if b"/table" in line:
            return answer("503 Service Unavailable", b'{"detail": "no Kafka", "errors": []}', PROBLEM)
        return answer("200 OK", b"[\n1\n]")

    async with (
        fake_producer(respond) as fake,
        door(fake.url) as api,
        api.stream("GET", "/api/v1/aggregate-data") as given,
    ):
        assert given.headers["content-type"] == "application/x-ndjson"
        lines = given.aiter_lines()
        early = {orjson.loads(await anext(lines))["part"], orjson.loads(await anext(lines))["part"]}
        released.set()
        last = [orjson.loads(line) async for line in lines]
    assert early == {"table", "time-series"}
    assert last == [{"part": "random-int", "data": {"value": 7}}]


async def test_parts_are_events_for_those_who_ask_for_them() -> None:
    async with door() as api:
        given = await api.get("/api/v1/aggregate-data", headers={"Accept": "text/event-stream"})
    assert given.headers["content-type"].startswith("text/event-stream")
    events = [event.split("\n") for event in given.text.strip().split("\n\n")]
    assert [event[0] for event in events] == ["event: part"] * 3 + ["event: end"]
    parts = [orjson.loads(event[1].removeprefix("data: ")) for event in events[:3]]
    assert {part["part"] for part in parts} == {"random-int", "table", "time-series"}
    assert {part["error"]["status"] for part in parts} == {502}


async def test_a_stop_ends_what_waits_for_the_producer() -> None:
    async with fake_producer(silence) as fake:
        async with door(fake.url) as api:
            other = httpx.AsyncClient(base_url=api.base_url, trust_env=False)
            waiting = asyncio.create_task(other.get("/api/v1/aggregate-data"))

            async def asked() -> bool:
                return len(fake.asked) == 3

            await until_async(asked, 5, "the producer is asked")
            begun = time.monotonic()
        given = await waiting
        await other.aclose()
    assert time.monotonic() - begun < 1
    errors = [orjson.loads(line)["error"] for line in given.text.splitlines()]
    assert [error["status"] for error in errors] == [503] * 3
