import json
import time

import httpx
import pytest
from tests.support.fixtures import StartService
from tests.support.processes import ServiceProcess
from tests.support.publisher import read_all
from tests.support.stack import Stack

from contracts.topics import Topics

SETTINGS = {f"TIDELINE_BUILT_IN__{name}": "false" for name in ("HOST", "DEMO", "PRICES")}


@pytest.fixture
def copy(start_service: StartService) -> ServiceProcess:
    return start_service("producer", TIDELINE_SAMPLE_LATENCY_MS="50", **SETTINGS).wait_ready()


def get(copy: ServiceProcess, path: str) -> httpx.Response:
    return httpx.get(copy.url + path, trust_env=False, timeout=20)


def test_each_sample_has_its_shape_and_the_rows_of_a_table_go_to_kafka(
    stack: Stack, topics: Topics, copy: ServiceProcess
) -> None:
    assert 0 <= get(copy, "/random-int").json()["value"] <= 100
    assert [set(point) for point in get(copy, "/time-series").json()] == [{"timestamp", "value"}] * 3000
    rows = get(copy, "/table").json()
    published = [json.loads(record.value) for record in read_all(stack.kafka_bootstrap, topics.rows)]
    assert [event["data"] for event in sorted(published, key=lambda event: event["row"])] == rows
    assert len(rows) == 250
    assert {event["stream"] for event in published} == {"table"}


@pytest.mark.parametrize("path", ["/random-int", "/table", "/time-series"])
def test_an_answer_comes_after_the_latency_that_is_asked_for(path: str, copy: ServiceProcess) -> None:
    begun = time.monotonic()
    assert get(copy, path + "?latency_ms=700").status_code == 200
    asked_for = time.monotonic() - begun
    begun = time.monotonic()
    get(copy, path)
    assert 0.7 <= asked_for < 5
    assert time.monotonic() - begun >= 0.05


@pytest.mark.parametrize("latency", ["-1", "10001", "nan", "inf", "soon"])
def test_a_latency_out_of_bounds_is_refused(latency: str, copy: ServiceProcess) -> None:
    answer = get(copy, f"/random-int?latency_ms={latency}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "latency_ms" in answer.text
