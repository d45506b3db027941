"""Every error is problem+json with its status, names the parameter and never repeats what was sent."""

import asyncio
import re
from datetime import UTC, datetime
from itertools import product
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
import pytest
from tests.support.databases import Database
from tests.support.query_api import serving
from tests.support.stack import Stack
from tests.support.stored import Stored, store
from tests.support.waiting import until_async

RANGED = ("/api/v1/raw-data", "/api/v1/processed-data")
DATED = ("/api/v1/daily-averages", "/prices/average")
GOOD = "start_date=2025-01-06&end_date=2025-01-07"
MARK = "zq7"
"""Part of every bad value below: an answer that holds it repeats what was sent."""


def assert_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "errors", "request_id"}
    assert body["status"] == status
    assert MARK not in answer.text
    assert "Traceback" not in answer.text
    return body


@pytest.fixture
async def api(database: Database):
    async with serving(database.api_dsn) as client:
        yield client


BAD_DATES = [
    ("end_date=2025-01-07", "start_date"),
    ("start_date=2025-01-07", "end_date"),
    (f"start_date={MARK}&end_date=2025-01-07", "start_date"),
    ("start_date=2025-01-06&end_date=2025-02-30", "end_date"),
    ("start_date=2025-01-08&end_date=2025-01-07", "start_date"),
    ("start_date=&end_date=2025-01-07", "start_date"),
    ("start_date=20250106&end_date=2025-01-07", "start_date"),
    ("start_date=0001-01-01&end_date=2025-01-07", "start_date"),
    ("start_date=2025-01-06&end_date=9999-12-31", "end_date"),
    ("start_date=1901-01-06&end_date=2199-01-07", "end_date"),
    ("start_date=%00&end_date=%ED%A0%80", "start_date"),
    (f"{GOOD}&category={'x' * 129}", "category"),
    (f"{GOOD}&category=%00", "category"),
    (f"{GOOD}&format={MARK}", "format"),
]


async def test_a_bad_date_parameter_is_400_and_named(api: httpx.AsyncClient, subtests: pytest.Subtests) -> None:
    for path, (query, parameter) in product(DATED, BAD_DATES):
        with subtests.test(path=path, query=query):
            body = assert_problem(await api.get(f"{path}?{query}"), 400)
            assert parameter in {error["parameter"].split(".")[0] for error in body["errors"]}
            assert parameter in body["detail"]


async def test_daily_averages_answer_400_for_the_rest_too(api: httpx.AsyncClient, subtests: pytest.Subtests) -> None:
    for query in ("tz=Mars/zq7", "tz=%00", "tz=../../etc/passwd", "tz=", "limit=0", "limit=10001", "cursor=zq7"):
        with subtests.test(query=query):
            body = assert_problem(await api.get(f"/api/v1/daily-averages?{GOOD}&{query}"), 400)
            assert body["errors"][0]["parameter"] == query.partition("=")[0]


BAD_VALUES = [
    (f"start={MARK}", "start"),
    ("end=2026-01-01T00:00:00", "end"),
    ("from=0001-01-01", "from"),
    ("to=9999-12-31T23:59:59Z", "to"),
    ("start=NaN", "start"),
    ("start=" + "9" * 31, "start"),
    ("start=%00", "start"),
    ("start=%ED%A0%80", "start"),
    ("start=2026-01-02&end=2026-01-01", "start"),
    ("start=2026-01-01&from=2026-01-01", "from"),
    ("limit=0", "limit"),
    ("limit=-1", "limit"),
    ("limit=10001", "limit"),
    ("limit=1" + "0" * 30, "limit"),
    ("limit=NaN", "limit"),
    (f"format={MARK}", "format"),
    ("stream=%00", "stream"),
    (f"stream={quote('a;DROP TABLE ' + MARK)}", "stream"),
    ("stream=" + "x" * 65, "stream"),
    ("category=%01", "category"),
    ("category=", "category"),
    (f"cursor={MARK}", "cursor"),
    ("cursor=" + "A" * 3000, "cursor"),
]


async def test_a_bad_parameter_is_422_and_named(api: httpx.AsyncClient, subtests: pytest.Subtests) -> None:
    for path, (query, parameter) in product(RANGED, BAD_VALUES):
        with subtests.test(path=path, query=query):
            body = assert_problem(await api.get(f"{path}?{query}"), 422)
            assert parameter in {error["parameter"].split(".")[0] for error in body["errors"]}


async def test_what_an_id_of_a_stream_may_be_is_told_in_words(api: httpx.AsyncClient) -> None:
    for path in ("/api/v1/series?stream=a b", "/api/v1/live?stream=a b", "/agg/a b"):
        body = assert_problem(await api.get(path), 422)
        assert body["errors"][0]["message"].startswith("must be 1 to 64 letters, digits, dots, ")


async def test_a_bad_step_or_zone_is_422(api: httpx.AsyncClient, subtests: pytest.Subtests) -> None:
    for query in ("step=2m", "step=zq7", "tz=Mars/zq7", "step=1m&tz=zq7", "start=1901-01-01&end=2199-12-31&step=1m"):
        with subtests.test(query=query):
            assert_problem(await api.get(f"/api/v1/processed-data?{query}"), 422)


async def test_an_unknown_parameter_is_422_and_the_known_ones_are_listed(
    api: httpx.AsyncClient, subtests: pytest.Subtests
) -> None:
    others = ("/api/v1/series", "/api/v1/health", "/api/v1/ready", "/metrics")
    for path in (*RANGED, *(f"{path}?{GOOD}" for path in DATED), *others):
        with subtests.test(path=path):
            body = assert_problem(await api.get(f"{path}{'&' if '?' in path else '?'}{MARK}=1"), 422)
            assert body["detail"].startswith("unknown parameter; this route takes")


async def test_a_strange_category_is_only_one_that_nobody_has(api: httpx.AsyncClient) -> None:
    for path, text in product(RANGED, ["Ω", "'; DROP TABLE series; --", '"', "%", "\\", "\ufffd", "😀"]):
        answer = await api.get(path, params={"category": text})
        assert (answer.status_code, answer.json()) == (200, [])


async def test_an_unknown_path_is_404_and_another_method_405(api: httpx.AsyncClient) -> None:
    assert_problem(await api.get(f"/api/v1/{MARK}"), 404)
    assert_problem(await api.get(f"/{MARK}%00"), 404)
    answer = await api.post("/api/v1/raw-data", json={})
    assert_problem(answer, 405)
    assert answer.headers["allow"] == "GET, HEAD"


async def test_no_path_but_a_page_ends_in_a_slash_and_none_leads_elsewhere(
    api: httpx.AsyncClient, subtests: pytest.Subtests
) -> None:
    documented = (await api.get("/openapi.json")).json()["paths"]
    paths = [re.sub(r"{.*?}", "1", path) for path in documented if path != "/"]
    assert len(paths) > 30
    for path in (*paths, "/asyncapi", "/docs/docs.js", "/assets", "/tideline.svg"):
        for method in ("GET", "HEAD", "POST", "DELETE"):
            with subtests.test(path=path, method=method):
                answer = await api.request(method, f"{path}/")
                assert (answer.status_code // 100, answer.headers.get("location")) == (4, None)
                assert answer.headers["content-type"] == "application/problem+json"


async def test_a_parameter_given_twice_is_refused_and_named_unless_it_is_a_list(
    api: httpx.AsyncClient, subtests: pytest.Subtests
) -> None:
    for path, status, parameter in (
        ("/api/v1/raw-data?limit=1&limit=2", 422, "limit"),
        ("/api/v1/raw-data?from=2026-01-01&stream=a&from=2026-01-01", 422, "from"),
        ("/api/v1/processed-data?step=1h&step=1d", 422, "step"),
        ("/api/v1/series?stream=a&stream=a", 422, "stream"),
        ("/api/v1/live?stream=a&stream=b", 422, "stream"),
        (f"/api/v1/daily-averages?{GOOD}&start_date=2025-01-01", 400, "start_date"),
        (f"/prices/average?{GOOD}&category=a&category=b", 400, "category"),
    ):
        with subtests.test(path=path):
            body = assert_problem(await api.get(path), status)
            assert body["errors"] == [{"parameter": parameter, "message": "must be given once"}]
    assert (await api.get("/api/v1/raw-data?category=a&category=b")).status_code == 200
    unknown = assert_problem(await api.get(f"/api/v1/raw-data?{MARK}=1&{MARK}=2"), 422)
    assert unknown["detail"].startswith("unknown parameter")


async def test_a_body_beyond_the_limit_is_413(database: Database) -> None:
    async with serving(database.api_dsn, body_bytes_max=1000) as api:
        assert_problem(await api.post("/api/v1/raw-data", content=b"x" * 1001), 413)
        assert_problem(await api.post("/api/v1/raw-data", content=b"x" * 1000), 405)


async def test_every_answer_says_nosniff_and_where_content_may_come_from(api: httpx.AsyncClient) -> None:
    for path in ("/api/v1/health", "/api/v1/series", "/nowhere"):
        headers = (await api.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'self'")


async def test_a_query_that_takes_too_long_is_504(database: Database) -> None:
    await store(database.owner_dsn, [Stored("demo", "t", datetime(2026, 2, 1, tzinfo=UTC), 1.0)])
    owner = await asyncpg.connect(database.owner_dsn)
    async with serving(database.api_dsn, statement_ms=200) as api, owner.transaction():
        await owner.execute("LOCK TABLE quarters")
        assert "shorter range" in assert_problem(await api.get("/api/v1/processed-data"), 504)["detail"]
    await owner.close()


async def test_one_request_too_many_at_once_is_429_and_health_still_answers(database: Database) -> None:
    await store(database.owner_dsn, [Stored("demo", "t", datetime(2026, 2, 1, tzinfo=UTC), 1.0)])
    owner = await asyncpg.connect(database.owner_dsn)
    async with serving(database.api_dsn, requests_max=3) as api:
        async with owner.transaction():
            await owner.execute("LOCK TABLE quarters")
            waiting = [asyncio.create_task(api.get("/api/v1/processed-data")) for _ in range(3)]
            waits = "SELECT count(*) = 3 FROM pg_locks WHERE NOT granted"
            async with asyncio.timeout(5):
                await until_async(lambda: owner.fetchval(waits), what="three requests wait for the lock", every_s=0.01)
            refused = await api.get("/api/v1/series")
            assert_problem(refused, 429)
            assert refused.headers["retry-after"] == "1"
            assert (await api.get("/api/v1/health")).status_code == 200
        assert [(await one).status_code for one in waiting] == [200] * 3
    await owner.close()


async def test_without_a_database_everything_but_health_says_503(database: Database, stack: Stack) -> None:
    await store(database.owner_dsn, [Stored("demo", "t", datetime(2026, 2, 1, tzinfo=UTC), 1.0)])
    async with serving(database.api_dsn) as api:
        stack.postgres.stop()
        try:
            for path in (*RANGED, *(f"{path}?{GOOD}" for path in DATED), "/api/v1/series"):
                answer = await api.get(path)
                assert_problem(answer, 503)
                assert int(answer.headers["retry-after"]) > 0
            unready = assert_problem(await api.get("/api/v1/ready"), 503)
            assert unready["errors"][0]["reason"] == "database_unreachable"
            assert (await api.get("/api/v1/health")).json() == {"status": "healthy"}
        finally:
            await asyncio.to_thread(stack.postgres.start)

        async def answers() -> bool:
            return (await api.get("/api/v1/processed-data")).status_code == 200

        await until_async(answers, what="it answers again")


async def test_a_frozen_database_is_504_and_not_a_wait_without_end(database: Database, stack: Stack) -> None:
    async with serving(database.api_dsn, statement_ms=300) as api:
        stack.postgres.pause()
        try:
            async with asyncio.timeout(5):
                frozen = assert_problem(await api.get("/api/v1/processed-data"), 504)
                assert "Postgres does not answer" in frozen["detail"]
        finally:
            stack.postgres.resume()
