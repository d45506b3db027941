"""Who may change something: under which names, from which pages, how fast."""

import asyncio
from collections import Counter

import httpx
from tests.support.fake_producer import answer, fake_producer
from tests.support.query_api import serving

CHANGES = [
    ("POST", "/api/v1/streams"),
    ("DELETE", "/api/v1/streams/lab"),
    ("POST", "/stream/lab"),
    ("POST", "/api/v1/events"),
    ("POST", "/api/v1/stop-ingestion"),
]
NO_DATABASE = "postgresql://127.0.0.1:9/nothing"


def assert_problem(given: httpx.Response, status: int, *words: str) -> None:
    assert (given.status_code, given.headers["content-type"]) == (status, "application/problem+json"), given.text
    assert given.headers["x-content-type-options"] == "nosniff"
    for word in words:
        assert word in given.text


async def test_under_another_name_nothing_is_answered_but_probes() -> None:
    async with serving(NO_DATABASE, connected=False) as api:
        for host in ("evil.example", "localhost.evil.example:8000", "", "127.0.0.1.evil.example"):
            for path in ("/", "/docs", "/openapi.json", "/api/v1/streams", "/metrics"):
                assert_problem(await api.get(path, headers={"Host": host}), 400, "allowed_hosts")
            assert (await api.get("/api/v1/health", headers={"Host": host})).status_code == 200
        for host in ("localhost", "LOCALHOST:1234", "127.0.0.1:80", "[::1]:8000"):
            assert (await api.get("/openapi.json", headers={"Host": host})).status_code == 200


async def test_names_can_be_added() -> None:
    for names, status in ((["query-api"], 200), (["*"], 200), (["other"], 400)):
        async with serving(NO_DATABASE, connected=False, more={"allowed_hosts": names}) as api:
            given = await api.get("/openapi.json", headers={"Host": "query-api:8000"})
            assert given.status_code == status


async def test_a_page_of_another_origin_changes_nothing() -> None:
    async with (
        fake_producer(lambda _line: answer("200 OK", b"{}")) as fake,
        serving(NO_DATABASE, connected=False, producer_url=fake.url) as api,
    ):
        own = str(api.base_url).rstrip("/")
        for method, path in CHANGES:
            for origin in ("https://evil.example", "null", "http://127.0.0.1", own.replace("http", "ftp")):
                assert_problem(await api.request(method, path, headers={"Origin": origin}), 403, "origin")
        assert fake.asked == []
        for method, path in CHANGES:
            assert (await api.request(method, path, headers={"Origin": own})).status_code == 200
        assert (await api.get("/openapi.json", headers={"Origin": "https://evil.example"})).status_code == 200


async def test_changes_have_a_pace_and_reads_and_events_have_not() -> None:
    async with (
        fake_producer(lambda _line: answer("200 OK", b"{}")) as fake,
        serving(NO_DATABASE, connected=False, producer_url=fake.url, changes_burst=30, changes_per_s=0.1) as api,
    ):
        forged = [{"X-Forwarded-For": f"10.0.0.{n}"} for n in range(60)]
        answers = await asyncio.gather(*(api.post("/stream/lab", headers=headers) for headers in forged))
        assert Counter(given.status_code for given in answers) == {200: 30, 429: 30}
        refused = next(given for given in answers if given.status_code == 429)
        assert_problem(refused, 429)
        assert 1 <= int(refused.headers["retry-after"]) <= 11
        assert (await api.post("/api/v1/events", json={})).status_code == 200
        assert (await api.get("/openapi.json")).status_code == 200
    assert len(fake.asked) == 31
