"""The query API as a process of its own: it starts without Postgres, stops at once, and says in one line why not."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from tests.support.databases import Database
from tests.support.processes import ServiceProcess
from tests.support.stack import Stack
from tests.support.waiting import until

from chassis.server import listen


@pytest.fixture
def start(database: Database, tmp_path: Path) -> Iterator[object]:
    started = []

    def process(**env: str) -> ServiceProcess:
        started.append(ServiceProcess("query-api", {"TIDELINE_POSTGRES_DSN": database.api_dsn} | env, tmp_path))
        return started[-1]

    yield process
    for one in started:
        one.kill()


def test_it_starts_without_postgres_and_is_ready_once_that_is_there(start, stack: Stack) -> None:
    stack.postgres.stop()
    try:
        api = start()
        until(lambda: answers(api, "/api/v1/health"), what="health answers")
        unready = httpx.get(f"{api.url}/api/v1/ready", trust_env=False)
        assert unready.status_code == 503
        assert unready.headers["content-type"] == "application/problem+json"
        assert unready.json()["errors"][0]["reason"] == "database_not_connected"
    finally:
        stack.postgres.start()
    api.wait_ready()
    assert answers(api, "/api/v1/series")


def test_sigterm_ends_it_within_two_seconds(start) -> None:
    api = start().wait_ready()
    with httpx.Client(base_url=api.url, trust_env=False) as client:
        client.get("/api/v1/health")  # an idle connection stays open
        began = time.monotonic()
        assert api.terminate(5) == 0
    assert time.monotonic() - began < 2


def test_a_taken_port_is_one_line(start) -> None:
    with closing(listen("127.0.0.1", 0)) as taken:
        assert one_line(start(TIDELINE_HTTP_PORT=str(taken.getsockname()[1]))).startswith("error: cannot listen on")


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"TIDELINE_LIMITS__ROWS_MAX": "many-zq7"}, "TIDELINE_LIMITS__ROWS_MAX"),
        ({"TIDELINE_LIMITS__NO_SUCH": "zq7"}, "TIDELINE_LIMITS__NO_SUCH"),
        ({"TIDELINE_POSTGRES_DSN": "zq7"}, "TIDELINE_POSTGRES_DSN"),
        ({"TIDELINE_POSTGRES_DSN": "postgresql://nobody:zq7@{place}"}, "TIDELINE_POSTGRES_DSN"),
        ({"TIDELINE_CONFIG_DIR": "/nowhere"}, "TIDELINE_CONFIG_DIR"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(start, database: Database, env: dict[str, str], named: str) -> None:
    place = database.api_dsn.rpartition("@")[2]
    line = one_line(start(**{key: value.format(place=place) for key, value in env.items()}))
    assert named in line
    assert "zq7" not in line


def answers(api: ServiceProcess, path: str) -> bool:
    try:
        return httpx.get(f"{api.url}{path}", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def one_line(api: ServiceProcess) -> str:
    """What it says when it ends with code 2; log lines of before are not counted."""
    until(lambda: api.exit_code is not None, 15, "it has ended")
    assert api.exit_code == 2
    lines = [line for line in api.log.splitlines() if not line.startswith("{")]
    assert len(lines) == 1
    return lines[0]
