"""What Prometheus is told: well formed, by its conventions, and everything that dashboards and alerts ask for."""

import re
from collections.abc import Iterator

import asyncpg
import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from tests.repository.test_observability import ALERTS, DASHBOARDS
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.publisher import publish
from tests.support.stack import Stack
from tests.support.waiting import until

from contracts.topics import Topics

UNITS = ("seconds", "bytes", "records", "offsets")
OF_THE_CLIENT = ("python_", "process_")
KNOWN_ELSEWHERE = {"up"}


def families(text: str) -> Iterator[Metric]:
    assert text.endswith("\n")
    return text_string_to_metric_families(text)


def asked_for() -> set[str]:
    """Every metric that a dashboard or an alert names."""
    questions = [alert["expr"] for alert in ALERTS]
    for board in ("pipeline", "health"):
        questions += [target["expr"] for panel in DASHBOARDS[board]["panels"] for target in panel["targets"]]
    return {name for text in questions for name in re.findall(r"\b((?:tideline|process)_\w+|up)\b", text)}


def samples(url: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = httpx.get(f"{url}/metrics", trust_env=False).text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families(text)
        for sample in family.samples
    }


@pytest.fixture
def scraped(start_service: StartService, stack: Stack, topics: Topics) -> dict[str, str]:
    """`/metrics` of each service, after some work."""
    services = {
        name: start_service(name, **extra).wait_ready()
        for name, extra in {
            "producer": {f"TIDELINE_BUILT_IN__{name}": "false" for name in ("DEMO", "PRICES")},
            "processor": {},
            "query-api": {},
        }.items()
    }
    publish(stack.kafka_bootstrap, topics.readings, [b"{}", b"[]"])

    def taken() -> bool:
        found = samples(services["processor"].url)
        return (
            found.get(
                ("tideline_processor_dead_letters_total", (("reason", "missing_field"), ("topic", topics.readings)))
            )
            == 1
        )

    until(taken, 20, "the record is refused")
    httpx.get(f"{services['query-api'].url}/api/v1/series", trust_env=False)
    until(
        lambda: ("tideline_producer_streams", (("state", "running"),)) in samples(services["producer"].url),
        10,
        "counted",
    )
    return {name: httpx.get(f"{service.url}/metrics", trust_env=False).text for name, service in services.items()}


def test_every_metric_keeps_the_conventions_and_is_there_when_asked_for(scraped: dict[str, str]) -> None:
    names = set()
    for text in scraped.values():
        seen = set()
        for family in families(text):
            assert family.documentation
            assert family.name not in seen, "told once"
            seen.add(family.name)
            assert re.fullmatch(r"[a-z][a-z0-9_]*", family.name)
            assert family.name.startswith(("tideline_", *OF_THE_CLIENT))
            for sample in family.samples:
                names.add(sample.name)
                assert not set(sample.labels) & {"job", "instance"}, "Prometheus sets these"
                assert family.type != "counter" or sample.name.endswith(("_total", "_created"))
            if family.type == "histogram":
                assert family.name.endswith(UNITS)
    assert asked_for() - names - KNOWN_ELSEWHERE == set()


async def test_the_data_dashboard_reads_as_the_role_it_is_given(database: Database) -> None:
    connection = await asyncpg.connect(database.api_dsn)
    try:
        for panel in DASHBOARDS["data"]["panels"]:
            for target in panel["targets"]:
                query = re.sub(r"\$__timeFilter\(([\w.]+)\)", r"\1 > now() - interval '6 hours'", target["rawSql"])
                await connection.fetch(query.replace("$stream", "lab").replace("$category", "'temperature'"))
        for variable in DASHBOARDS["data"]["templating"]["list"]:
            await connection.fetch(variable["query"].replace("$stream", "lab"))
    finally:
        await connection.close()
