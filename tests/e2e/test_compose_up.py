"""The compose file brings up the whole system: images build, all become healthy, an event goes in and comes out."""

import ast
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator

import httpx
import pytest
from tests.repository.test_compose import CONTAINERS, DOCKERFILE
from tests.support.compose import Compose, compose_up, needs_docker
from tests.support.publisher import publish
from tests.support.stack import ROOT
from tests.support.waiting import until

pytestmark = [needs_docker, pytest.mark.timeout(900)]
PYTHON = os.environ.get("PYTHON_IMAGE") or DOCKERFILE.partition("ARG PYTHON_IMAGE=")[2].split()[0]
IMAGES = {name: f"services/{name}" for name in ("producer", "processor", "query-api")} | {
    "provision": "infra/provision"
}


@pytest.fixture(scope="module")
def compose() -> Iterator[Compose]:
    with compose_up() as up:
        yield up


def docker(*arguments: str) -> str:
    """What a command of Docker prints."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout


def test_an_event_published_from_outside_is_served(compose: Compose) -> None:
    value = json.dumps({"stream": "lab-3", "category": "temperature", "value": 21.5}).encode()
    publish(f"127.0.0.1:{compose.ports['KAFKA_PORT']}", "readings", [value])
    url = f"{compose.url('QUERY_API_PORT')}/api/v1/raw-data?stream=lab-3"
    [reading] = until(lambda: httpx.get(url).json(), 10, "the reading is served")
    assert (reading["category"], reading["value"]) == ("temperature", 21.5)


@pytest.mark.usefixtures("compose")
@pytest.mark.parametrize(("image", "folder"), IMAGES.items())
def test_an_image_is_small_and_holds_what_its_lock_lists(image: str, folder: str) -> None:
    ours, below = (
        int(docker("image", "inspect", "--format", "{{.Size}}", name)) for name in (f"tideline/{image}", PYTHON)
    )
    assert ours - below < 150_000_000, "with the slim Python image, 130 MB, well below 300 MB"
    listing = "from importlib.metadata import distributions\nprint({one.name for one in distributions()})"
    command = ("run", "--rm", "--entrypoint", "python", f"tideline/{image}", "-c", listing)
    held = {name.lower().replace("_", "-").replace(".", "-") for name in ast.literal_eval(docker(*command))}
    lock = (ROOT / folder / "requirements.lock").read_text("utf-8")
    assert held - {"pip"} == set(re.findall(r"^([a-z0-9-]+)", lock, re.MULTILINE))


@pytest.mark.usefixtures("compose")
def test_promtool_finds_the_alerts_well_formed_and_each_fires_on_what_it_is_for() -> None:
    folder = f"{ROOT}/infra/prometheus:/etc/prometheus:ro"
    for task in (
        ("check", "config", "/etc/prometheus/prometheus.yml"),
        ("test", "rules", "/etc/prometheus/alerts.test.yml"),
    ):
        docker("run", "--rm", "--volume", folder, "--entrypoint", "promtool", CONTAINERS["prometheus"]["image"], *task)


def test_the_services_run_confined(compose: Compose) -> None:
    for service in ("producer", "processor", "query-api"):
        assert compose("exec", "-T", service, "id", "-u").strip() == "10001"
        writing = (
            "import pathlib\ntry:\n pathlib.Path('/app/x').touch()\nexcept OSError as error:\n print(error.strerror)"
        )
        assert compose("exec", "-T", service, "python", "-c", writing).strip() == "Read-only file system"


def test_kafkas_own_tool_tells_what_kafka_ui_tells(compose: Compose) -> None:
    group = f"{compose.url('KAFKA_UI_PORT')}/api/clusters/tideline/consumer-groups/tideline.processor"
    program = (
        "/opt/kafka/bin/kafka-consumer-groups.sh --bootstrap-server kafka:19092 --describe --group tideline.processor"
    )
    line = re.compile(r"^tideline\.processor +(\w+) +(\d+) +(\d+) +(\d+) +(\d+) ", re.MULTILINE)

    def both() -> bool:
        told = {
            (topic, int(n)): int(lag)
            for topic, n, _, _, lag in line.findall(compose("exec", "-T", "kafka", *program.split()))
        }
        shown = {(one["topic"], one["partition"]): one["consumerLag"] for one in httpx.get(group).json()["partitions"]}
        return len(told) == 12 and told == shown

    compose("stop", "producer")
    until(both, 60, "both tell the same lag of all partitions")
    compose("up", "--detach", "--wait", "--no-recreate", "producer")


def test_a_stop_ends_every_service_in_order_and_soon_and_nothing_is_taken_twice(compose: Compose) -> None:
    before = time.monotonic()
    compose("stop", "producer", "processor", "query-api")
    assert time.monotonic() - before < 15
    compose("up", "--detach", "--wait", "--no-recreate", "--scale", "processor=2")
    counts = "SELECT sum(accepted) > 0, sum(duplicate) FROM offsets"
    assert compose("exec", "-T", "postgres", "psql", "-U", "tideline", "-Atc", counts).strip() == "t|0"
    compose("stop")
    states = [json.loads(line) for line in compose("ps", "--all", "--format", "json").splitlines()]
    ours = {state["Service"]: state["ExitCode"] for state in states if state["Image"].startswith("tideline/")}
    assert set(ours.values()) == {0}
    assert {"producer", "processor", "query-api", "migrate", "topics"} == set(ours)
