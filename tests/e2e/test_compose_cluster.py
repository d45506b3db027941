"""Three brokers in containers: one goes with its address, as a machine does, and nothing is lost or counted twice."""

import os
import subprocess
import sys
import uuid
from datetime import UTC, datetime

import httpx
import pytest
from tests.support.compose import compose_up, needs_docker
from tests.support.stack import ROOT
from tests.support.waiting import until

pytestmark = [
    needs_docker,
    pytest.mark.skipif(
        not os.environ.get("TIDELINE_TEST_LONG"), reason="three brokers take minutes: TIDELINE_TEST_LONG=1 runs it"
    ),
    pytest.mark.timeout(900),
]
EVENTS = 200


def test_a_broker_that_is_gone_with_its_address_costs_seconds_and_no_event() -> None:
    with compose_up("--env-file", "infra/kafka/cluster.env") as compose:
        compose("kill", "kafka-2")
        for number in range(EVENTS):
            event = {"id": str(uuid.UUID(int=number + 1)), "timestamp": datetime.now(UTC).isoformat()}
            event |= {"stream": f"lab-{number % 12}", "category": "t", "value": 1.0}
            until(lambda event=event: accepted(compose.url("PRODUCER_PORT"), event), 60, "the event is accepted")
        ours = "FROM raw_readings r JOIN series s ON s.id = r.series_id WHERE s.stream LIKE 'lab-%'"
        counts = f"SELECT count(*), count(DISTINCT r.id) {ours}"

        def stored() -> bool:
            told = compose("exec", "-T", "postgres", "psql", "-U", "tideline", "-Atc", counts)
            return told.strip() == f"{EVENTS}|{EVENTS}"

        until(stored, 60, "every event is stored once", every_s=0.5)
        environment = os.environ | {"TIDELINE_URL": compose.url("QUERY_API_PORT")}
        command = [sys.executable, "-m", "tideline", "audit"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.stdout.startswith("PASS"), done.stdout + done.stderr


def accepted(url: str, event: dict[str, object]) -> bool:
    return httpx.post(f"{url}/events", json=event, timeout=30, trust_env=False).status_code == 202
