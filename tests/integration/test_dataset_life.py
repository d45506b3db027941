"""Datasets in the middle: paused, stopped, handed over, taken over, deleted; and what people see of them meanwhile."""

import asyncio
import json
import re
import threading
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
from tests.support.databases import Database
from tests.support.datasets import ask, control, kept_rows, product, products, published_rows, settings
from tests.support.fixtures import StartService
from tests.support.hostile import Reply, Request, Script, decent, serving
from tests.support.pipeline import taken
from tests.support.processes import ServiceProcess
from tests.support.publisher import limit_message_bytes, read_all
from tests.support.stack import Stack
from tests.support.streams import row, until_state
from tests.support.waiting import until, until_async

from contracts.topics import Topics

ROWS = 1500
CONTENT = products(ROWS)
MANY = 6000
MUCH = products(MANY)
"""So much that none of it is published to its end before something is done to it."""
SLOW = {"TIDELINE_PUBLISH__CHUNK_EVENTS": "1", "TIDELINE_PUBLISH__CHUNKS_IN_FLIGHT": "1"}
"""So that there is a middle to do something in."""


def holding(content: bytes, *offsets: int) -> Script:
    """A server whose answers stay without an end at the first of the offsets that they come to."""
    tag = f'"{sha256(content).hexdigest()[:16]}"'

    async def script(request: Request, reply: Reply) -> None:
        begin = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        at, size = int(begin[1]) if begin else 0, len(content)
        about = {"Content_Range": f"bytes {at}-{size - 1}/{size}"} if begin else {}
        await reply.head(206 if begin else 200, Content_Length=size - at, ETag=tag, **about)
        end = next((offset for offset in offsets if offset > at), size)
        await reply.send(content[at:end])
        if end < size:
            await asyncio.Event().wait()

    return script


async def reached(dsn: str, figure: str, count: int) -> dict[str, Any]:
    """Wait until the stream's progress has come so far; its progress."""

    async def far_enough() -> dict[str, Any] | None:
        progress = json.loads((await row(dsn, "molding")).get("progress", "{}"))
        return progress if progress.get(figure, 0) >= count else None

    progress = await until_async(far_enough, 30, f"{figure} is {count}", every_s=0.01)
    assert progress
    return progress


async def wish(copy: ServiceProcess, name: str) -> None:
    async with control(copy) as http:
        answer = await http.post(f"/streams/molding/{name}")
    assert answer.status_code == 200, answer.text


async def test_paused_stopped_and_handed_over_in_the_middle_it_goes_on_where_it_was(
    stack: Stack, database: Database, topics: Topics, start_service: StartService, tmp_path: Path
) -> None:
    dsn, env = database.producer_dsn, settings(tmp_path) | SLOW
    third = len(MUCH) // 3

    def kafka_has() -> int:
        return len(published_rows(stack.kafka_bootstrap, topics.rows))

    async def restarted(copy: ServiceProcess, state: str) -> ServiceProcess:
        assert copy.terminate() == 0
        assert (await row(dsn, "molding"))["state"] == state
        copy = start_service("producer", **env).wait_ready()
        assert (await row(dsn, "molding"))["state"] == state, "it is remembered"
        return copy

    copy = start_service("producer", **env).wait_ready()
    with serving(holding(MUCH, third, 2 * third)) as source:
        async with control(copy) as http:
            assert (await ask(http, source.url())).status_code == 201
        await reached(dsn, "bytes", third)
        await wish(copy, "pause")
        await until_state(dsn, "molding", ["paused"], within_s=5)
        copy = await restarted(copy, "paused")
        await wish(copy, "resume")
        await reached(dsn, "bytes", 2 * third)
        await wish(copy, "stop")
        await until_state(dsn, "molding", ["stopped"], within_s=5)
        copy = await restarted(copy, "stopped")
        await wish(copy, "start")
        await reached(dsn, "rows", 50)
        ranges = [request.headers.get("range") for request in source.requests]
        assert ranges == [None, f"bytes={third}-", f"bytes={2 * third}-"]
    # the source is gone from here on
    await wish(copy, "pause")
    paused = await until_state(dsn, "molding", ["paused"], within_s=5)
    assert 50 <= paused["position"] == kafka_has() < MANY
    copy = await restarted(copy, "paused")
    await wish(copy, "resume")
    await reached(dsn, "rows", paused["position"] + 50)
    await wish(copy, "stop")
    stopped = await until_state(dsn, "molding", ["stopped"], within_s=5)
    assert paused["position"] + 50 <= stopped["position"] == kafka_has() < MANY
    copy = await restarted(copy, "stopped")
    async with control(copy) as http:
        assert (await ask(http, source.url())).status_code == 201
    await reached(dsn, "rows", stopped["position"] + 50)
    assert copy.terminate() == 0
    handed_over = await row(dsn, "molding")
    assert (handed_over["state"], handed_over["position"]) == ("pending", kafka_has())
    assert handed_over["position"] < MANY
    start_service("producer", **settings(tmp_path))
    await until_state(dsn, "molding", ["completed"])
    assert [number for number, _ in sorted(published_rows(stack.kafka_bootstrap, topics.rows))] == list(range(MANY))


async def test_another_copy_without_the_file_pulls_it_again_or_says_why_it_cannot(
    stack: Stack, database: Database, topics: Topics, start_service: StartService, tmp_path: Path
) -> None:
    dsn, quick = database.producer_dsn, SLOW | {"TIDELINE_NAME": "one"}
    one = start_service("producer", **settings(tmp_path / "one"), **quick).wait_ready()
    newer = json.dumps([product(n) | {"version": "newer"} for n in range(MANY)]).encode()
    after = {"/same.json": decent(MUCH), "/changed.json": decent(newer)}
    killed = False

    async def script(request: Request, reply: Reply) -> None:
        if not killed:
            await decent(MUCH)(request, reply)
        elif request.path in after:
            await after[request.path](request, reply)
        else:
            await reply.head(404, Content_Length=0)

    with serving(script) as source:
        async with control(one) as http:
            for name in ("same", "changed", "vanished"):
                assert (await ask(http, source.url(f"/{name}.json"), name)).status_code == 201
        for name in ("same", "changed", "vanished"):
            await until_async(lambda name=name: beyond(dsn, name, 20), 20, f"{name} is being published")
        one.kill()
        killed = True
        start_service("producer", **settings(tmp_path / "two"), TIDELINE_NAME="two")
        found = {
            name: await until_state(dsn, name, ["completed", "failed"]) for name in ("same", "changed", "vanished")
        }
        assert (found["same"]["state"], found["same"]["position"]) == ("completed", MANY)
        assert (found["vanished"]["state"], found["changed"]["state"]) == ("failed", "failed")
        assert found["vanished"]["reason"] == "http_404: the server has no such file"
        place = found["changed"]["position"]
        assert found["changed"]["reason"].startswith(
            f"changed: {place} rows or more were published of a file that this copy"
        )
        assert 20 < place < MANY
        assert len(source.requests) == 6
    rows = {name: set(published_rows(stack.kafka_bootstrap, topics.rows, name)) for name in found}
    assert {number for number, _ in rows["same"]} == set(range(MANY))
    assert len(rows["same"]) == MANY
    for name in ("changed", "vanished"):
        assert {number for number, _ in rows[name]} >= set(range(found[name]["position"]))
        assert len(rows[name]) < MANY, "no row of another file is mixed in"


async def beyond(dsn: str, stream: str, position: int) -> bool:
    return bool((await row(dsn, stream))["position"] > position)


async def test_postgres_away_at_the_end_of_the_download_costs_a_pause_and_no_row(
    stack: Stack, database: Database, topics: Topics, start_service: StartService, tmp_path: Path
) -> None:
    dsn, gate = database.producer_dsn, threading.Event()
    whole = decent(CONTENT)

    async def script(request: Request, reply: Reply) -> None:
        await asyncio.to_thread(gate.wait, 30)
        await whole(request, reply)

    patient = settings(tmp_path) | {"TIDELINE_STREAMS__LEASE_S": "60"}
    copy = start_service("producer", **patient).wait_ready()
    with serving(script) as source:
        async with control(copy) as http:
            assert (await ask(http, source.url())).status_code == 201
        until(lambda: source.requests, 10, "it is pulled")
        stack.postgres.kill()
        gate.set()
        until(lambda: "Postgres did not answer" in copy.log, 20, "the note was tried")
        stack.postgres.start()
        found = await until_state(dsn, "molding", ["completed", "failed"])
    assert (found["state"], found["position"]) == ("completed", ROWS), found["reason"]
    assert [number for number, _ in sorted(published_rows(stack.kafka_bootstrap, topics.rows))] == list(range(ROWS))


async def test_kafka_refusing_in_the_middle_is_no_reason_to_ask_the_source_again(
    stack: Stack, database: Database, topics: Topics, start_service: StartService, tmp_path: Path
) -> None:
    dsn = database.producer_dsn
    copy = start_service("producer", **settings(tmp_path), **SLOW).wait_ready()
    with serving(decent(CONTENT)) as source:
        async with control(copy) as http:
            assert (await ask(http, source.url())).status_code == 201
        await reached(dsn, "rows", 20)
    limit_message_bytes(stack.kafka_bootstrap, topics.rows, 100)
    until(lambda: "beginning again from the checkpoint" in copy.log, 20, "a batch was refused")
    limit_message_bytes(stack.kafka_bootstrap, topics.rows, 1_048_588)
    found = await until_state(dsn, "molding", ["completed", "failed"])
    assert (found["state"], found["position"]) == ("completed", ROWS), found["reason"]
    assert {number for number, _ in published_rows(stack.kafka_bootstrap, topics.rows)} == set(range(ROWS))


async def test_files_go_with_their_stream(database: Database, start_service: StartService, tmp_path: Path) -> None:
    copy = start_service("producer", **settings(tmp_path), **SLOW).wait_ready()
    folder = tmp_path / "spool"

    def spooled() -> set[str]:
        return {path.parent.name for path in folder.rglob("*") if path.is_file()}

    half = len(MUCH) // 2
    with serving(holding(MUCH, half)) as held, serving(decent(MUCH)) as source:
        async with control(copy) as http:
            for name, server in (("half", held), ("whole", source), ("running", source)):
                assert (await ask(http, server.url(f"/{name}.json"), name)).status_code == 201
            for name in ("whole", "running"):
                await until_async(lambda name=name: beyond(database.producer_dsn, name, 5), 20, f"{name} is published")
            for name in ("half", "whole"):
                assert (await http.post(f"/streams/{name}/stop")).status_code == 200
                await until_state(database.producer_dsn, name, ["stopped"])
            assert spooled() == {"half", "whole", "running"}, "what is stopped may go on"
            for name in ("half", "whole", "running"):
                assert (await http.delete(f"/streams/{name}")).status_code == 200
            until(lambda: not spooled(), 10, "all files are gone")


async def test_a_spool_that_cannot_be_written_to_is_told_in_one_line(
    database: Database, start_service: StartService, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    copy = start_service("producer", **settings(tmp_path, spool_dir=str(tmp_path / "file" / "spool"))).wait_ready()
    with serving(decent(CONTENT)) as source:
        async with control(copy) as http:
            assert (await ask(http, source.url())).status_code == 201
        failed = await until_state(database.producer_dsn, "molding", ["failed", "completed"])
    why = "the folder datasets.spool_dir cannot be used (Not a directory): make it writable or set another"
    assert failed["reason"] == f"spool: {why}"
    assert "Traceback" not in copy.log
    assert source.requests == []


async def test_progress_is_seen_all_along_and_what_was_left_out_in_the_end(
    stack: Stack, database: Database, topics: Topics, start_service: StartService, tmp_path: Path
) -> None:
    lines = [json.dumps(product(number)).encode() for number in range(ROWS)]
    lines[7], lines[300] = b'{"timestamp": NaN}', b'{"CycleTime": 31.5}'
    content, third = b"\n".join(lines) + b"\n", 100_000
    start_service("processor")
    copy = start_service("producer", **settings(tmp_path), **SLOW).wait_ready()
    api = start_service("query-api", TIDELINE_PRODUCER_URL=copy.url).wait_ready()

    async def seen() -> dict[str, Any]:
        """The stream, as both doors show it."""
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"{api.url}/api/v1/streams/molding")
            assert answer.status_code == 200, answer.text
            return dict(answer.json())

    with serving(holding(content, third)) as source:
        async with control(copy) as http:
            assert (await ask(http, source.url())).status_code == 201
        await reached(database.producer_dsn, "bytes", third)
        pulling = await seen()
        figures = pulling["progress"]
        assert (figures["phase"], figures["bytes"], figures["bytes_total"]) == ("pulling", third, len(content))
        assert {"bytes_per_s", "seconds_left"} <= figures.keys()
        await wish(copy, "pause")
        await until_state(database.producer_dsn, "molding", ["paused"])
        await wish(copy, "resume")
        await reached(database.producer_dsn, "rows", 400)
        figures = (await seen())["progress"]
        assert figures["phase"] == "publishing"
        assert figures["bytes_read"] <= figures["bytes"] == len(content)
        assert (figures["rejected"], figures["rejected_by"]) == (2, {"not_finite": 1, "no_time": 1})
        assert figures["rows_per_s"] > 0
        assert figures["published"] == figures["rows"] - 2
        await until_state(database.producer_dsn, "molding", ["completed"])
    ended = await seen()
    figures = ended["progress"]
    assert (figures["phase"], figures["rows"], figures["published"]) == ("done", ROWS, ROWS - 2)
    assert figures["sha256"] == sha256(content).hexdigest()
    assert figures["seconds_left"] == 0
    assert [(reject["row"], reject["line"], reject["code"]) for reject in figures["rejects"]] == [
        (7, 8, "not_finite"),
        (300, 301, "no_time"),
    ]
    assert ended["reason"].startswith("2 of 1500 rows were rejected; row 7 in line 8: ")

    def announced() -> list[tuple[str, str | None]]:
        records = [
            json.loads(record.value) for record in read_all(stack.kafka_bootstrap, topics.streams) if record.value
        ]
        return [(event["state"], event["reason"]) for event in records if event["stream"] == "molding"]

    until(lambda: ("completed", ended["reason"]) in announced(), 10, "topic `streams` has the end and its reason")
    await taken(database, ROWS - 2)
    kept = {number: data for number, _, data in await kept_rows(database.owner_dsn)}
    assert kept == {number: product(number) for number in range(ROWS) if number not in (7, 300)}
