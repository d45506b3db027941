"""Who may read, who may change: keys, and the cookie that a browser trades one for."""

import re
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from tests.support.databases import Database
from tests.support.fake_producer import answer, fake_producer
from tests.support.keys import CONTROL, READ, api_keys, bearing
from tests.support.query_api import NOWHERE, serving, settings_for

from query_api.database import Database as Connections
from query_api.main import build_app
from query_api.routes import dashboard

NO_DATABASE = "postgresql://127.0.0.1:9/nothing"
FREE = {"/api/v1/health", "/api/v1/ready", "/api/v1/session"}
"""Routes that are asked before a key can be."""
PAGES = ("/docs", "/asyncapi", "/openapi.json", "/assets", f"/{dashboard.ICON}", *dashboard.PAGES)
"""Documents and the dashboard's own files: they hold no data."""
READS = ("/", "/api/v1/streams", "/api/v1/raw-data", "/api/v1/live", "/stream/lab", "/metrics", "/api/v1/random-int")
CHANGES = (
    ("POST", "/api/v1/streams"),
    ("DELETE", "/api/v1/streams/lab"),
    ("POST", "/stream/lab"),
    ("POST", "/api/v1/events"),
    ("POST", "/api/v1/stop-ingestion"),
)


@asynccontextmanager
async def guarded(producer_url: str = NOWHERE, **more: object):
    """A query API that wants keys and has neither database nor, unless named, producer."""
    settings = {"api_keys": api_keys()} | more
    async with serving(NO_DATABASE, connected=False, producer_url=producer_url, more=settings) as api:
        yield api


def assert_refused(given: httpx.Response, status: int, error: str) -> None:
    assert (given.status_code, given.headers["content-type"]) == (status, "application/problem+json"), given.text
    assert given.headers["www-authenticate"].startswith('Bearer realm="tideline"')
    assert error in given.headers["www-authenticate"]


async def test_every_route_but_a_few_asks_for_a_key() -> None:
    async with guarded() as api:
        document = (await api.get("/openapi.json")).json()
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                answered = await api.request(method, re.sub(r"\{\w+\}", "lab", path))
                if path in FREE:
                    assert operation["security"] == []
                    assert (answered.status_code == 401) == (path == "/api/v1/session" and method == "post")
                else:
                    assert "security" not in operation
                    assert answered.status_code == 401, (method, path)


def test_routes_outside_the_document_are_pages() -> None:
    settings = settings_for(NO_DATABASE, {})
    app = build_app(settings, Connections(settings), stopping=None, now=None)  # type: ignore[arg-type]
    documented = set(app.openapi()["paths"])
    hidden = {str(route.path) for route in iter_route_contexts(app.routes)} - documented
    assert {path for path in hidden if not path.startswith(PAGES)} == set()


async def test_without_a_key_or_with_a_wrong_one_there_is_no_answer() -> None:
    async with guarded() as api:
        for headers, error in (({}, ""), (bearing("tideline_guessed"), 'error="invalid_token"')):
            for path in READS:
                assert_refused(await api.get(path, headers=headers), 401, error)
                assert (await api.head(path, headers=headers)).status_code == 401
            for method, path in CHANGES:
                assert_refused(await api.request(method, path, headers=headers), 401, error)
        assert_refused(await api.get("/metrics", headers={"Authorization": "Basic dGlkZWxpbmVfcmVhZHM6"}), 401, "")
        assert_refused(await api.get("/metrics", headers={"Cookie": "tideline_session=99999999999.00"}), 401, "")


async def test_probes_pages_and_the_session_are_free() -> None:
    async with guarded() as api:
        for path in ("/api/v1/health", "/docs", "/docs/docs.js", "/openapi.json", "/asyncapi", "/api/v1/session"):
            assert (await api.get(path)).status_code == 200, path
        assert (await api.get("/api/v1/ready")).status_code == 503
        for page in ("/", "/explore", "/streams/lab"):
            page = await api.get(page, headers={"Accept": "text/html"})
            assert page.status_code == 200 or "dashboard" in page.text, "a page, or why there is none"


async def test_read_reads_and_control_changes_too() -> None:
    async with fake_producer(lambda _line: answer("200 OK", b"{}")) as fake, guarded(fake.url) as api:
        for key in (READ, CONTROL):
            assert (await api.get("/metrics", headers=bearing(key))).status_code == 200
            assert (await api.get("/api/v1/streams", headers=bearing(key))).status_code == 503, "there is no database"
        for method, path in CHANGES:
            refused = await api.request(method, path, headers=bearing(READ))
            assert_refused(refused, 403, 'error="insufficient_scope", scope="control"')
        assert fake.asked == []
        for method, path in CHANGES:
            assert (await api.request(method, path, headers=bearing(CONTROL))).status_code == 200


async def test_a_browser_trades_the_key_for_a_cookie_that_no_script_reads() -> None:
    async with fake_producer(lambda _line: answer("200 OK", b"{}")) as fake, guarded(fake.url) as api:
        own = {"Origin": str(api.base_url).rstrip("/")}
        assert (await api.get("/api/v1/session")).json() == {"key_wanted": True, "name": None, "scope": None}
        assert_refused(await api.post("/api/v1/session", headers=own | bearing("tideline_guessed")), 401, "invalid")
        assert_refused(await api.post("/api/v1/session", headers=own), 401, "")
        begun = await api.post("/api/v1/session", headers=own | bearing(CONTROL))
        assert begun.json() == {"key_wanted": True, "name": "control", "scope": "control"}
        cookie = begun.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))
        assert CONTROL not in cookie
        assert begun.headers["cache-control"] == "no-store"

        assert (await api.get("/api/v1/session")).json()["scope"] == "control"
        assert (await api.get("/metrics")).status_code == 200
        assert (await api.post("/stream/lab", headers=own)).status_code == 200
        foreign = await api.post("/stream/lab", headers={"Origin": "https://evil.example"})
        assert foreign.status_code == 403, "a cookie does not help a page of another origin"

        ended = await api.delete("/api/v1/session", headers=own)
        assert ended.json() == {"key_wanted": True, "name": None, "scope": None}
        assert ended.headers["set-cookie"].startswith('tideline_session=""; ')
        assert (await api.get("/metrics")).status_code == 401


async def test_a_cookie_of_a_read_key_only_reads_and_a_key_counts_before_a_cookie() -> None:
    async with guarded() as api:
        await api.post("/api/v1/session", headers=bearing(READ))
        assert (await api.get("/metrics")).status_code == 200
        assert_refused(await api.post("/stream/lab"), 403, "insufficient_scope")
        assert_refused(await api.get("/metrics", headers=bearing("tideline_guessed")), 401, "invalid_token")


async def test_behind_https_the_cookie_goes_over_https_only() -> None:
    for public_url, secure in (("https://tideline.example", True), ("http://tideline.example", False), ("", False)):
        async with guarded(public_url=public_url) as api:
            begun = await api.post("/api/v1/session", headers=bearing(READ))
            assert ("Secure" in begun.headers["set-cookie"].split("; ")) is secure


async def test_a_session_outlives_a_restart_only_with_a_secret_of_its_own() -> None:
    for session, status in (({}, 401), ({"secret": "0123456789" * 4}, 200)):
        async with guarded(session=session) as api:
            await api.post("/api/v1/session", headers=bearing(READ))
            cookies = dict(api.cookies)
        async with guarded(session=session) as api:
            api.cookies.update(cookies)
            assert (await api.get("/metrics")).status_code == status


async def test_live_updates_come_by_cookie(database: Database) -> None:
    async with serving(database.api_dsn, more={"api_keys": api_keys()}) as api:
        assert_refused(await api.get("/api/v1/live"), 401, "")
        await api.post("/api/v1/session", headers=bearing(READ))
        async with api.stream("GET", "/api/v1/live") as live:
            assert live.status_code == 200
            assert "streams" in await anext(live.aiter_lines())


async def test_without_keys_everybody_may_do_everything() -> None:
    async with serving(NO_DATABASE, connected=False) as api:
        assert (await api.get("/api/v1/session")).json() == {"key_wanted": False, "name": None, "scope": "control"}
        begun = await api.post("/api/v1/session", headers=bearing("anything"))
        assert (begun.status_code, "set-cookie" in begun.headers) == (200, False)
        assert (await api.get("/metrics")).status_code == 200
        assert "securitySchemes" not in (await api.get("/openapi.json")).json()["components"]


async def test_each_key_has_its_own_pace_and_a_wrong_one_has_that_of_its_address() -> None:
    limits = {"changes_burst": 5, "changes_per_s": 0.01}
    more = {"api_keys": [*api_keys(), {"name": "other", "scope": "control", "sha256": "0" * 64}]}
    async with (
        fake_producer(lambda _line: answer("200 OK", b"{}")) as fake,
        serving(NO_DATABASE, connected=False, producer_url=fake.url, more=more, **limits) as api,
    ):

        async def statuses(keys: list[str]) -> list[int]:
            return [(await api.post("/stream/lab", headers=bearing(key))).status_code for key in keys]

        assert await statuses([CONTROL] * 7) == [200] * 5 + [429] * 2
        assert await statuses([READ]) == [403], "another key, another pace"
        assert await statuses([f"guess {n}" for n in range(7)]) == [401] * 5 + [429] * 2


async def test_the_document_says_what_needs_a_key() -> None:
    async with guarded() as api:
        document = (await api.get("/openapi.json")).json()
    schemes = document["components"]["securitySchemes"]
    assert (schemes["key"]["scheme"], schemes["session"]["in"]) == ("bearer", "cookie")
    assert document["security"] == [{"key": []}, {"session": []}]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert path in FREE or {"401", "403"} <= set(operation["responses"])


@pytest.mark.parametrize("key", ["schlüssel", "\x7f", "a" * 5_000])
async def test_a_strange_key_is_only_one_that_is_not_known(key: str) -> None:
    async with guarded() as api:
        given = await api.get("/metrics", headers={"Authorization": f"Bearer {key}".encode("latin-1")})
        assert given.status_code == 401
