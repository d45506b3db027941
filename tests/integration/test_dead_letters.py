"""Dead letters over HTTP: listed, found, counted, and shown without harm."""

import json
from base64 import b64decode
from collections import Counter
from datetime import UTC, datetime
from urllib.parse import quote

import asyncpg
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.malformed import MALFORMED
from tests.support.pipeline import taken
from tests.support.publisher import publish
from tests.support.query_api import every_line, serving
from tests.support.stack import Stack

from contracts.reasons import Reason
from contracts.topics import Topics


async def test_every_refused_record_is_listed_with_its_bytes_and_the_reason_in_words(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    start_service("processor").wait_ready()
    wanted = {}
    for case in MALFORMED:
        topic = topics.readings if case.topic == "readings" else topics.rows
        (place,) = publish(stack.kafka_bootstrap, topic, [case.value], partition=0, headers=case.headers)
        wanted[topic, *place] = case
    await taken(database, len(MALFORMED))
    async with serving(database.api_dsn, now=datetime.now(UTC)) as api:
        lines, pages = await every_line(api, "/api/v1/dead-letters", limit=7)
        assert pages == -(-len(MALFORMED) // 7)
        assert {(line["topic"], line["partition"], line["offset"]) for line in lines} == set(wanted)
        for line in lines:
            case = wanted[line["topic"], line["partition"], line["offset"]]
            reason = Reason(line["reason"])
            assert (reason, line["cause"], line["fix"]) == (case.reason, reason.cause, reason.fix)
            assert line["bytes"] == (None if case.value is None else len(case.value))
            if not line["truncated"]:
                assert bytes_of(line) == case.value
            one = await api.get(f"/api/v1/dead-letters/{line['topic']}/{line['partition']}/{line['offset']}")
            assert bytes_of(one.json()) == case.value
            raw = await api.get(str(one.url) + "?raw=true")
            assert (raw.content, raw.headers["content-type"]) == (case.value or b"", "application/octet-stream")
        counted = (await api.get("/api/v1/dead-letters/reasons")).json()
        assert {line["reason"]: line["open"] for line in counted} == Counter(case.reason for case in MALFORMED)
        for reason in (Reason.NOT_JSON, Reason.BAD_HEADERS):
            found, _ = await every_line(api, "/api/v1/dead-letters", reason=reason.value)
            assert len(found) == sum(case.reason == reason for case in MALFORMED)
        csv = await api.get("/api/v1/dead-letters?format=csv")
        assert csv.text.startswith("topic,partition,offset,generation,")


def bytes_of(line: dict[str, object]) -> bytes | None:
    """The value as it was, out of how it is shown."""
    text = line["value"]
    if text is None:
        return None
    assert isinstance(text, str)
    return b64decode(text) if line["value_encoding"] == "base64" else text.encode()


async def test_letters_are_found_by_stream_text_state_topic_and_time(database: Database) -> None:
    owner = await asyncpg.connect(database.owner_dsn)
    at = datetime(2026, 2, 1, tzinfo=UTC)
    for n, (stream, value, state) in enumerate(
        [("lab-1", b'{"a":"Grad \xc3\xbc"}', "open"), ("lab-1", b"\x00\xff", "replayed"), (None, None, "discarded")]
    ):
        query = """
            INSERT INTO dead_letters (generation, topic, partition, "offset", key, value, reason, detail, append_time,
                received_at, stream, replayed_at, discarded_at)
            VALUES (1, $1, 0, $2, 'k', $3, 'not_json', 'not what it Should be', $4, $4, $5, $6, $7)"""
        done = [at if state == wanted else None for wanted in ("replayed", "discarded")]
        await owner.execute(query, "rows" if n else "readings", n, value, at.replace(day=n + 1), stream, *done)
    await owner.close()
    async with serving(database.api_dsn) as api:
        for asked, offsets in {
            "": [2, 1, 0],
            "?stream=lab-1": [1, 0],
            "?state=replayed": [1],
            "?state=discarded": [2],
            "?state=open": [0],
            "?topic=rows": [2, 1],
            f"?text={quote('Grad ü')}": [0],
            "?text=SHOULD": [2, 1, 0],
            "?start=2026-02-02&end=2026-02-03": [1],
            "?reason=not_json&reason=empty": [2, 1, 0],
            "?reason=empty": [],
        }.items():
            answer = await api.get(f"/api/v1/dead-letters{asked}")
            assert [line["offset"] for line in answer.json()] == offsets, asked
        page = await api.get("/api/v1/dead-letters?start=2026-02-01&end=now&limit=2")
        assert page.headers["tideline-start"] == "2026-02-01T00:00:00Z"
        assert (await api.get(page.links["next"]["url"])).headers["tideline-end"] == page.headers["tideline-end"]
        assert (await api.get("/api/v1/dead-letters?reason=bad")).status_code == 422
        assert (await api.get("/api/v1/dead-letters/rows/0/7")).status_code == 404
        line = (await api.get("/api/v1/dead-letters/readings/0/0")).json()
        assert (line["value"], line["value_encoding"]) == ('{"a":"Grad ü"}', "text")
        assert json.loads((await api.get("/api/v1/dead-letters/reasons")).text)[0]["discarded"] == 1


async def test_a_long_value_is_shown_by_its_beginning_with_its_whole_length(database: Database) -> None:
    owner = await asyncpg.connect(database.owner_dsn)
    long = ("x" + "ü" * 500_000).encode()
    query = """
        INSERT INTO dead_letters (generation, topic, partition, "offset", value, reason, detail, append_time)
        VALUES (1, 'readings', 0, $1, $2, 'too_large', '', now())"""
    await owner.executemany(query, [(0, long), (1, b"\xff" * 100_000)])
    await owner.close()
    async with serving(database.api_dsn) as api:
        binary, text = (await api.get("/api/v1/dead-letters")).json()
        assert (text["bytes"], text["truncated"], text["value_encoding"]) == (1_000_001, True, "text")
        assert long.decode().startswith(text["value"])
        assert 3_000 < len(text["value"].encode()) <= 4_000
        assert (binary["bytes"], b64decode(binary["value"])) == (100_000, b"\xff" * 4_000)
        assert (await api.get("/api/v1/dead-letters/readings/0/0?raw=true")).content == long
