"""What the query API says about itself: health, metrics, its own documentation."""

import asyncio
import re

from tests.support.databases import Database
from tests.support.query_api import serving


async def test_health_answers_without_a_database() -> None:
    async with serving("postgresql://127.0.0.1:9/nothing", connected=False) as api:
        assert (await api.get("/api/v1/health")).json() == {"status": "healthy"}
        assert "\ntideline_query_api_ready 0.0\n" in (await api.get("/metrics")).text
        assert (await api.get("/openapi.json")).status_code == 200
        assert (await api.get("/api/v1/series")).status_code == 503


async def test_requests_are_counted_by_route_and_never_by_what_was_sent(database: Database) -> None:
    async with serving(database.api_dsn) as api:
        await api.get("/api/v1/series?limit=0")
        await api.get("/zq7")
        await api.request("ZQ7", "/zq7")
        metrics = (await api.get("/metrics")).text
    assert 'tideline_http_requests_total{method="GET",route="/api/v1/series",status="422"} 1.0' in metrics
    assert 'tideline_http_requests_total{method="GET",route="unknown",status="404"} 1.0' in metrics
    assert "zq7" not in metrics.lower()
    assert "\ntideline_query_api_ready 1.0\n" in metrics


async def test_the_documentation_page_needs_no_other_host(database: Database) -> None:
    async with serving(database.api_dsn) as api:
        page = await api.get("/docs")
        named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert sorted(named) == ["/docs/docs.js", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css", "data:,"]
        for path in named[1:]:
            answer = await api.get(path)
            assert answer.status_code == 200
            assert len(answer.content) > 100
        assert "/openapi.json" in (await api.get("/docs/docs.js")).text


async def test_every_topic_is_described_and_nothing_can_be_published_from_there() -> None:
    async with serving("postgresql://127.0.0.1:9/nothing", connected=False) as api:
        page, document = await api.get("/asyncapi"), await api.get("/asyncapi.json")
        assert page.headers["content-type"] == document.headers["content-type"] == "application/json"
        assert page.content == document.content
        assert {one["address"] for one in document.json()["channels"].values()} == {"readings", "rows", "streams"}
        for path in ("/asyncapi/try", "/asyncapi", "/asyncapi.json"):
            assert (await api.post(path, json={})).status_code in (404, 405)


async def test_every_route_is_documented_with_an_example_and_its_errors(database: Database) -> None:
    async with serving(database.api_dsn) as api:
        document = (await api.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        for operation in methods.values():
            answers = operation["responses"]
            if path != "/metrics":
                success = next(answer for status, answer in answers.items() if status.startswith("2"))
                main = next(iter(success["content"].values()))
                assert main["example"], path
            for status, answer in answers.items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"], (path, status)
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(set(names)) == len(names), "clients name their functions so"
    assert {"get_home", "get_streams_stream", "post_streams_stream_pause", "get_prices_average"} < set(names)
    assert "ProblemBody" in document["components"]["schemas"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


async def test_an_answer_on_a_kept_connection_is_not_held_back(database: Database) -> None:
    """Nagle's algorithm beside delayed acknowledgements costs 40 ms an answer; twenty take far less without."""
    async with serving(database.api_dsn) as api:
        await api.get("/api/v1/health")
        began = asyncio.get_running_loop().time()
        for _ in range(20):
            await api.get("/api/v1/health")
        assert asyncio.get_running_loop().time() - began < 0.5
