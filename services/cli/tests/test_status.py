"""`tideline status` and `tideline key new`."""

import json
import tomllib
from hashlib import sha256

import pytest
from services.cli.tests.conftest import Tideline
from services.cli.tests.fake_api import FakeApi, Reply, problem

READY, STREAMS = "/api/v1/ready", "/api/v1/streams"
LAB = {"id": "lab", "kind": "simulation", "built_in": False, "state": "running", "run": 1, "position": 5}
HOST = {"id": "host", "kind": "host", "built_in": True, "state": "running", "run": 1, "position": 5}


@pytest.fixture
def ready(api: FakeApi) -> FakeApi:
    api.on("GET", READY, Reply(200, {"status": "ready"}))
    api.on("GET", "/", Reply(200, {"row_count": 1234567, "task_count": 1}))
    api.on("GET", STREAMS, Reply(200, [LAB]))
    return api


def test_a_ready_server_is_said_to_be_ready(ready: FakeApi, tideline: Tideline) -> None:
    result = tideline("status")
    server, kept, running, _, heading, lab = result.stdout.splitlines()
    assert server.split() == ["server", ready.url, "ready"]
    assert kept.split() == ["kept", "1,234,567", "readings", "and", "rows"]
    assert running.split() == ["running", "1", "of", "your", "own,", "0", "built", "in"]
    assert (heading.split()[0], lab.split()[0]) == ("stream", "lab")
    assert result.exit_code == 0
    assert ready.of("GET", "/")[0].headers["Accept"] == "application/json"
    ready.on("GET", STREAMS, Reply(200, [HOST, LAB]))
    assert "1 of your own, 1 built in" in tideline("status").stdout


def test_the_same_for_a_program(ready: FakeApi, tideline: Tideline) -> None:
    assert json.loads(tideline("status --json").stdout) == {
        "url": ready.url,
        "ready": True,
        "reasons": [],
        "row_count": 1234567,
        "task_count": 1,
        "streams": [LAB],
    }


def test_what_is_away_is_said_and_does_not_hide_the_rest(ready: FakeApi, tideline: Tideline) -> None:
    ready.on("GET", STREAMS, problem(502, "the producer cannot be reached: is it running?"))
    result = tideline("status")
    assert result.exit_code == 3
    assert "not ready" in result.stdout
    assert "the producer cannot be reached" in result.stdout
    assert "1,234,567" in result.stdout
    told = json.loads(tideline("status --json").stdout)
    assert (told["ready"], told["streams"], told["row_count"]) == (False, None, 1234567)
    assert told["reasons"] == ["the producer cannot be reached: is it running?"]


def test_reasons_are_told_once(ready: FakeApi, tideline: Tideline) -> None:
    away = problem(503, "not ready", {"reason": "database", "message": "the database cannot be reached"})
    for path in (READY, "/", STREAMS):
        ready.on("GET", path, away)
    told = json.loads(tideline("status --json").stdout)
    assert told["reasons"] == ["not ready", "database: the database cannot be reached"]
    assert tideline("status").exit_code == 3


def test_a_new_key_is_shown_with_the_lines_that_know_it_by_its_sha256(tideline: Tideline) -> None:
    shown = tideline("key new bob --scope control").stdout
    key = next(line.strip() for line in shown.splitlines() if line.startswith("  "))
    settings = tomllib.loads(shown[shown.index("[[api_keys]]") :])
    digest = sha256(key.encode()).hexdigest()
    assert settings == {"api_keys": [{"name": "bob", "scope": "control", "sha256": digest}]}
    assert shown.count(key) == 1
    assert len(key) >= 40


def test_a_new_key_for_a_program_and_never_the_same(api: FakeApi, tideline: Tideline) -> None:
    made = [json.loads(tideline("key new ci --json").stdout) for _ in range(2)]
    assert all(one["sha256"] == sha256(one["key"].encode()).hexdigest() for one in made)
    assert {one["scope"] for one in made} == {"read"}
    assert made[0]["key"] != made[1]["key"]
    assert api.asked == []


@pytest.mark.parametrize("arguments", ['key new a"b', "key new bob --scope all", "key new", f"key new {'a' * 65}"])
def test_a_key_that_cannot_be_made_is_exit_code_2(tideline: Tideline, arguments: str) -> None:
    assert tideline(arguments).exit_code == 2
