"""What a user gets wrong or a server does wrong: a state and a reason for each, and every good row in the database.

All cases run at once, through the API of one producer and one processor.
"""

import asyncio
import gzip
import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest
from tests.support.databases import copy_of
from tests.support.datasets import START_S, ask, control, kept_rows, product, products, settings
from tests.support.hostile import HOST, Reply, Request, Script, decent, serving
from tests.support.processes import ServiceProcess
from tests.support.stack import ROOT, Stack
from tests.support.streams import until_state
from tests.support.waiting import until_async

from contracts.topics import Topics
from local_stack.waiting import in_own_loop
from provision.topics import create_topics, read_specs

SIX = [product(number) for number in range(6)]
TEXTS = [json.dumps(row).encode() for row in SIX]
TIME = b'"timestamp":%d' % START_S


def array(*rows: bytes) -> bytes:
    return b"[" + b",".join(rows) + b"]"


def nested(levels: int) -> bytes:
    return b"{" + TIME + b',"a":' + b'{"a":' * levels + b"1" + b"}" * levels + b"}"


def wide(fields: int) -> bytes:
    return b"{" + TIME + b"".join(b',"f%d":%d' % (n, n) for n in range(fields)) + b"}"


def plain(status: int) -> Script:
    async def script(_request: Request, reply: Reply) -> None:
        await reply.head(status, Content_Length=6)
        await reply.send(b"secret")

    return script


def redirecting(location: str) -> Script:
    async def script(_request: Request, reply: Reply) -> None:
        await reply.head(302, Location=location, Content_Length=0)

    return script


async def resetting(request: Request, reply: Reply) -> None:
    """Breaks off in the middle, once, and sends the rest when it is asked for."""
    data = products(1000)
    if "range" in request.headers:
        await decent(data)(request, reply)
        return
    await reply.head(200, Content_Length=len(data), ETag=etag_of(data))
    await reply.send(data[: len(data) // 2])
    await asyncio.sleep(0.05)
    reply.reset()


def etag_of(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()[:16]}"'


def announcing(length: int, data: bytes) -> Script:
    async def script(_request: Request, reply: Reply) -> None:
        await reply.head(200, Content_Length=length)
        await reply.send(data)

    return script


async def drip(_request: Request, reply: Reply) -> None:
    await reply.head(200)
    while True:
        await reply.send(b"[")
        await asyncio.sleep(0.2)


async def endless(_request: Request, reply: Reply) -> None:
    await reply.head(200)
    await reply.send(b"[")
    while True:
        await reply.send(TEXTS[0] + b",")


@dataclass(frozen=True)
class Case:
    """What the server does, and what is to become of it."""

    script: Script
    state: str
    reason: str = ""
    """A regular expression; empty: no reason."""
    rows: tuple[int, ...] = ()
    """Numbers of the rows that are to be in the database."""
    rejects: tuple[tuple[int, str], ...] = ()
    """Row and code of what is reported."""
    rules: dict[str, Any] = field(default_factory=dict)


def file(data: bytes, state: str, reason: str = "", **expected: Any) -> Case:
    return Case(decent(data), state, reason, **expected)


def one_bad(row: bytes, code: str) -> Case:
    """A bad row between good ones."""
    reason = "^1 of 6 rows were rejected; row 2 in line 1: ."
    return file(array(*TEXTS[:2], row, *TEXTS[3:]), "completed", reason, rows=(0, 1, 3, 4, 5), rejects=((2, code),))


def bad_number(number: bytes) -> bytes:
    return b"{" + TIME + b',"a":' + number + b"}"


WHOLE = products(6)
BUT_THE_LAST = (0, 1, 2, 3, 4)
CUT_OFF = len(WHOLE) - 40
BAD_LINES = b'time,a\n2025-01-01,1\n2025-01-01\n2025-01-01,"x\n2025-01-01,\xff\n2025-01-01,5\n'
STORED = gzip.compress(products(1000), 0)

CASES = {
    # servers
    "404": Case(plain(404), "failed", "^http_404: the server has no such file$"),
    "403": Case(plain(403), "failed", "^http_403: .*datasets.user_agent"),
    "500": Case(plain(500), "failed", r"^http_500: .*\(2 tries\)$"),
    "redirect-loop": Case(redirecting("/again"), "failed", "^redirects: .*3 times"),
    "redirect-to-private": Case(redirecting("http://169.254.169.254/"), "failed", "^address_refused: .*allow_private"),
    "redirect-to-a-file": Case(redirecting("file:///etc/passwd"), "failed", "^bad_redirect: "),
    "reset-in-the-middle": Case(resetting, "completed", rows=tuple(range(1000))),
    "short-body": Case(announcing(10_000, WHOLE), "failed", "^broken: .*ends before"),
    "length-too-small": Case(announcing(CUT_OFF, WHOLE), "failed", "^truncated: .*row 5", rows=BUT_THE_LAST),
    "drip": Case(drip, "failed", "^timeout: .*too slow"),
    "without-end": Case(endless, "failed", "^too_large: .*30000000 bytes"),
    # files that are none
    "html": file(b"<!doctype html><title>Sign in</title>", "failed", "^html: .*web page"),
    "nothing": file(b"", "failed", "^empty: "),
    "blank": file(b" " * 100_000, "failed", "^empty: "),
    "zip": file(b"PK\x03\x04" + bytes(100), "failed", "^unknown_format: .*zip"),
    "one-object": file(json.dumps(SIX[0], indent=2).encode(), "failed", "^unknown_format: .*several lines"),
    "csv-same-names": file(b"time,time\n2025-01-01,1\n", "failed", "^bad_header: "),
    "gzip-bomb": file(gzip.compress(b"[" + b" " * 200_000_000), "failed", "^bomb: "),
    "gzip-of-gzip": file(gzip.compress(gzip.compress(WHOLE)), "failed", "^unknown_format: .*twice"),
    # files that are not whole
    "truncated": file(WHOLE[:CUT_OFF], "failed", f"^truncated: .*ends at byte {CUT_OFF}, in row 5", rows=BUT_THE_LAST),
    "truncated-lines": file(b"\n".join(TEXTS)[:-10], "failed", "^truncated: .*line 6", rows=BUT_THE_LAST),
    "truncated-gzip": file(STORED[:-100], "failed", "^truncated: .*in the middle", rows=tuple(range(999))),
    "brackets-without-end": file(b"[" * 1_000_000, "failed", "^truncated: "),
    # rows that are none
    "no-rows": file(b"[]", "completed", "^the file holds no rows$"),
    "no-times": file(array(b'{"a":1}', b'{"a":2}'), "failed", "^no_rows: none of the 2 rows .*timestamp_field"),
    "wrong-time-field": file(WHOLE, "failed", "^no_rows: ", rules={"timestamp_field": "measured"}),
    "some-without-a-time": one_bad(b'{"a":1}', "no_time"),
    "bad-utf8": one_bad(bad_number(b'"\xff"'), "not_utf8"),
    "nan": one_bad(bad_number(b"NaN"), "not_finite"),
    "too-large-a-number": one_bad(bad_number(b"1e999"), "not_finite"),
    "key-twice": one_bad(bad_number(b'1,"a":2'), "duplicate_key"),
    "nul": one_bad(bad_number(b'"\\u0000"'), "nul_character"),
    "half-a-character": one_bad(bad_number(b'"\\ud800"'), "lone_surrogate"),
    "two-hundred-deep": one_bad(nested(200), "too_deep"),
    "hundred-thousand-fields": one_bad(wide(100_000), "too_large"),
    "fifty-thousand-fields": file(array(wide(50_000)), "completed", rows=(0,)),
    "long-text": one_bad(bad_number(b'"' + b"x" * 1_100_000 + b'"'), "too_large"),
    "no-object": one_bad(b"[1,2]", "not_an_object"),
    "too-old": one_bad(b'{"timestamp":0}', "too_old"),
    "in-the-future": one_bad(b'{"timestamp":"2100-01-01"}', "in_the_future"),
    "csv-bad-lines": file(
        BAD_LINES,
        "completed",
        "^3 of 5 rows",
        rows=(0, 4),
        rejects=((1, "wrong_columns"), (2, "bad_quotes"), (3, "not_utf8")),
    ),
}


@dataclass(frozen=True)
class Outcome:
    row: dict[str, Any]
    shown: dict[str, Any]
    kept: list[int]
    requests: int


@dataclass(frozen=True)
class Ended:
    outcomes: dict[str, Outcome]
    producer_mib: float
    left: list[str]
    log: str


@pytest.fixture(scope="module")
def ended(stack: Stack, migrated_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    """All cases, each to its end."""
    folder = tmp_path_factory.mktemp("hostile")
    prefix = f"t{secrets.token_hex(4)}."
    in_own_loop(create_topics(stack.kafka_bootstrap, read_specs(ROOT / "infra/kafka/topics.toml", prefix, 1)))
    with copy_of(stack, migrated_template) as database, ExitStack() as undo:
        common = {"TIDELINE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap, "TIDELINE_TOPIC_PREFIX": prefix}
        limits = settings(
            folder, read_s=2, slow_window_s=1.5, attempts=2, bytes_max=30_000_000, decoded_bytes_max=300_000_000
        ) | {"TIDELINE_STREAMS__RUNNING_MAX": "100", "TIDELINE_POSTGRES_DSN": database.producer_dsn}
        producer = ServiceProcess("producer", common | limits, folder)
        undo.callback(producer.kill)
        processor = ServiceProcess("processor", common | {"TIDELINE_POSTGRES_DSN": database.processor_dsn}, folder)
        undo.callback(processor.kill)
        producer.wait_ready()
        processor.wait_ready()
        yield in_own_loop(run_all(producer, database.producer_dsn, database.owner_dsn, Topics(prefix), folder))


async def run_all(producer: ServiceProcess, dsn: str, owner_dsn: str, topics: Topics, folder: Path) -> Ended:
    with ExitStack() as servers:
        sources = {name: servers.enter_context(serving(case.script)) for name, case in CASES.items()}
        async with control(producer) as http:
            for name, case in CASES.items():
                answer = await ask(http, sources[name].url(), name, **case.rules)
                assert answer.status_code == 201, answer.text
            rows = {name: await until_state(dsn, name, ["completed", "failed"]) for name in CASES}
            shown = {name: (await http.get(f"/streams/{name}")).json() for name in CASES}
        peak = psutil.Process(producer.pid).memory_info().rss / 1_048_576
        with suppress(AssertionError):  # the case that lacks rows will tell
            await until_async(lambda: all_kept(owner_dsn), 30)
        kept = {name: [number for number, _, _ in await kept_rows(owner_dsn, name)] for name in CASES}
        outcomes = {name: Outcome(rows[name], shown[name], kept[name], len(sources[name].requests)) for name in CASES}
        left = [path.name for path in (folder / "spool").iterdir()]
        return Ended(outcomes, peak, left, producer.log)


async def all_kept(dsn: str) -> bool:
    connection = await asyncpg.connect(dsn)
    try:
        count = await connection.fetchval("SELECT count(*) FROM raw_rows")
    finally:
        await connection.close()
    return bool(count >= sum(len(case.rows) for case in CASES.values()))


@pytest.mark.parametrize("name", CASES)
def test_every_case_has_its_state_its_reason_and_all_good_rows(name: str, ended: Ended) -> None:
    case, outcome = CASES[name], ended.outcomes[name]
    row = outcome.row
    assert row["state"] == case.state, row["reason"]
    if case.reason:
        assert re.search(case.reason, row["reason"] or ""), row["reason"]
    else:
        assert row["reason"] is None
    assert outcome.kept == list(case.rows)
    progress = outcome.shown["progress"]
    rejects = [(reject["row"], reject["code"]) for reject in progress.get("rejects", [])]
    if case.rejects:
        assert rejects == list(case.rejects)
        assert progress["rejected"] == len(case.rejects)
        assert all(reject["line"] >= 1 and reject["detail"] for reject in progress["rejects"])
    assert "secret" not in json.dumps(outcome.shown)


def test_memory_stays_bounded_and_nothing_is_left_behind(ended: Ended) -> None:
    assert ended.producer_mib < 200
    assert sorted(ended.left) == ["drip", "short-body"], "only what a later try can go on with"
    assert "Traceback" not in ended.log


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("not a url", "space"),
        ("molding.json", "http"),
        ("file:///etc/passwd", "http"),
        ("https://", "host"),
        ("https://user:word@example.org/x.json", "user"),
        ("", "url"),
        (7, "url"),
    ],
)
async def test_what_is_no_url_is_refused_at_once_by_name(
    url: object, word: str, database: Any, start_service: Any, tmp_path: Path
) -> None:
    producer = start_service("producer", **settings(tmp_path)).wait_ready()
    async with control(producer) as http:
        answer: httpx.Response = await ask(http, url, "lab")  # type: ignore[arg-type]
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        assert "url" in [error["parameter"] for error in answer.json()["errors"]]
        assert word in answer.text.lower()
        assert (await http.get("/streams/lab")).status_code == 404


async def test_a_name_that_leads_to_this_machine_is_refused_unless_it_is_listed(
    database: Any, start_service: Any, tmp_path: Path
) -> None:
    producer = start_service("producer", **settings(tmp_path)).wait_ready()
    with serving(decent(products(6))) as source:
        async with control(producer) as http:
            assert (await ask(http, source.url(host="localhost"))).status_code == 201
        row = await until_state(database.producer_dsn, "molding", ["completed", "failed"])
        assert source.connections == 0
    assert (row["state"], row["reason"].partition(":")[0]) == ("failed", "address_refused")
    assert HOST not in row["reason"]
