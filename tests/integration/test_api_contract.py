"""Thousands of generated requests, good and bad: no 5xx, every answer as the OpenAPI document says."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.keys import CONTROL, READ, api_keys, bearing
from tests.support.pipeline import taken
from tests.support.processes import ServiceProcess
from tests.support.publisher import publish
from tests.support.stack import Stack
from tests.support.stored import Stored, StoredRow, store, store_rows

from contracts.topics import Topics
from local_stack.waiting import in_own_loop

START = datetime(2025, 1, 6, tzinfo=UTC)
SCHEMATHESIS = (
    *("--checks", "all", "--exclude-checks", "positive_data_acceptance", "--seed", "1", "--workers", "2"),
    *("--phases", "examples,coverage,fuzzing", "--generation-database", "none"),
    *("--no-color", "--request-timeout", "20"),
)
DOOR = (
    "^/(api/v1/(streams|events|start-|stop-|random|table|time|aggregate|dead-letters/(replay|discard))"
    "|stream|tasks|agg|$)"
)
"""The routes that control something or are passed on to the producer."""
DATA = ("--exclude-path-regex", DOOR, "--exclude-path", "/api/v1/live", "--max-examples", "400")
DOORS = ("--include-path-regex", DOOR, "--exclude-operation-id", "follow_stream__batch_id__get")
"""What never ends is left out; test_api_live.py and test_door_follow.py have it."""
CONFIGURATION = """hooks = "hooks.py"
[parameters]
"query.latency_ms" = 0
"""
HOOKS = """import schemathesis

@schemathesis.serializer("application/x-ndjson")
def ndjson(_context, value):
    return value if isinstance(value, bytes) else str(value).encode()
"""
HEADER = "Authorization: Bearer {}"
CALM = {f"TIDELINE_BUILT_IN__{name}": "false" for name in ("HOST", "DEMO", "PRICES")} | {
    "TIDELINE_PUBLISH__CHUNK_EVENTS": "1",
    "TIDELINE_PUBLISH__CHUNKS_IN_FLIGHT": "1",
}
"""The streams that are generated may be as large as they like: this producer is slow."""

UNHURRIED = {"TIDELINE_LIMITS__CHANGES_BURST": "100000"}


def assert_as_documented(service: ServiceProcess, folder: Path, cases: int, *options: str) -> None:
    """At least so many generated requests were all answered as the service's own document says."""
    program = Path(sys.executable).with_name("st")
    command = [str(program), "run", f"{service.url}/openapi.json", *SCHEMATHESIS, *options]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=280)
    assert run.returncode == 0, run.stdout[-10_000:]
    generated = re.search(r"(\d+) generated, (\d+) passed", run.stdout)
    assert generated is not None
    assert int(generated[1]) == int(generated[2]) >= cases
    assert '"level": "error"' not in service.log


@pytest.mark.timeout(300)
def test_every_answer_about_data_is_as_documented(
    database: Database, tmp_path: Path, start_service: StartService
) -> None:
    at = [START + timedelta(minutes=7 * n) for n in range(300)]
    in_own_loop(store(database.owner_dsn, [Stored(s, "EURUSD", time, 1.25) for time in at for s in ("prices", "demo")]))
    in_own_loop(store_rows(database.owner_dsn, [StoredRow("molding", n, time, {"a": n}) for n, time in enumerate(at)]))
    assert_as_documented(start_service("query-api").wait_ready(), tmp_path, 2_000, *DATA)


@pytest.mark.timeout(300)
def test_every_answer_about_streams_is_as_documented(
    stack: Stack, database: Database, topics: Topics, tmp_path: Path, start_service: StartService
) -> None:
    publish(stack.kafka_bootstrap, topics.readings, [b"no JSON", None, b"[]"], partition=0)
    start_service("processor").wait_ready()
    in_own_loop(taken(database, 3))
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    (tmp_path / "hooks.py").write_text(HOOKS)
    producer = start_service("producer", **CALM).wait_ready()
    service = start_service("query-api", TIDELINE_PRODUCER_URL=producer.url, **UNHURRIED).wait_ready()
    assert_as_documented(service, tmp_path, 1_000, *DOORS, "--max-examples", "80")
    assert '"level": "error"' not in producer.log


LONG = bool(os.environ.get("TIDELINE_TEST_LONG"))
"""Whether to send so many requests that it takes a minute or more."""
QUICK = () if LONG else ("--phases", "examples,fuzzing")


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("key", "answered"), [(READ, {200, 403}), (CONTROL, {200, 202})][: 1 + LONG])
def test_with_keys_every_answer_is_as_documented_too(
    key: str, answered: set[int], tmp_path: Path, start_service: StartService
) -> None:
    """401 without a key or with another, 403 for a change with a key that may only read; never a 5xx."""
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    (tmp_path / "hooks.py").write_text(HOOKS)
    producer = start_service("producer", **CALM).wait_ready()
    env = {"TIDELINE_API_KEYS": json.dumps(api_keys()), "TIDELINE_PRODUCER_URL": producer.url, **UNHURRIED}
    service = start_service("query-api", **env).wait_ready()
    every = ("--exclude-path", "/api/v1/live", "--exclude-operation-id", "follow_stream__batch_id__get")
    bearer = ("--header", HEADER.format(key), "--max-examples", "8")
    assert_as_documented(service, tmp_path, 200, *every, *bearer, *QUICK)
    told = httpx.get(f"{service.url}/metrics", headers=bearing(key)).text
    counted = {int(status) for status in re.findall(r'status="(\d+)"', told)}
    assert answered | {401} <= counted
