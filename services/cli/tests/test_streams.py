"""`tideline streams`: each command asks for one thing and says what became of it."""

import json
import os
import pty
import subprocess
import sys
from typing import Any

import pytest
from services.cli.tests.conftest import Tideline
from services.cli.tests.fake_api import FakeApi, Reply, problem

LAB: dict[str, Any] = {
    "id": "lab",
    "kind": "simulation",
    "built_in": False,
    "spec": {"profile": "random-walk", "rate": 10.0},
    "desired": "running",
    "state": "running",
    "reason": None,
    "run": 2,
    "run_start": "2026-01-02T03:04:05Z",
    "position": 12345,
    "row_count": 24690,
    "owner": "producer",
    "progress": {"published": 12345, "behind_s": 3725.2},
    "created_at": "2026-01-02T03:04:05Z",
    "updated_at": "2026-01-02T04:04:05Z",
}
HOST = LAB | {
    "id": "host",
    "kind": "host",
    "built_in": True,
    "spec": {},
    "progress": {},
    "run": 1,
    "position": 7,
    "row_count": 56,
}


def test_a_list_is_a_table_for_a_person(api: FakeApi, tideline: Tideline) -> None:
    api.on("GET", "/api/v1/streams", Reply(200, [HOST, LAB]))
    result = tideline("streams list")
    heading, host, lab = result.stdout.splitlines()
    assert heading.split() == ["stream", "kind", "state", "run", "kept", "behind", "reason"]
    assert host.split() == ["host", "host,", "built", "in", "running", "1", "56"]
    assert lab.split() == ["lab", "simulation", "random-walk", "running", "2", "24,690", "1", "h", "2", "min"]
    assert (result.exit_code, result.stderr) == (0, "")
    assert "\x1b" not in result.output


def test_a_list_is_the_servers_json_for_a_program(api: FakeApi, tideline: Tideline) -> None:
    api.on("GET", "/api/v1/streams", Reply(200, [HOST, LAB]))
    assert json.loads(tideline("streams list --json").stdout) == [HOST, LAB]


def test_an_empty_list_says_how_to_begin(api: FakeApi, tideline: Tideline) -> None:
    api.on("GET", "/api/v1/streams", Reply(200, []))
    assert "tideline streams start ID" in tideline("streams list").stdout
    assert json.loads(tideline("streams list --json").stdout) == []


def test_what_could_steer_a_terminal_is_written_out(api: FakeApi, tideline: Tideline) -> None:
    reason = "\x1b[2J[red]gone[/red] :smile: \u202e"
    api.on("GET", "/api/v1/streams", Reply(200, [LAB | {"reason": reason}]))
    assert "\\x1b[2J[red]gone[/red] :smile: \\u202e" in tideline("streams list").stdout


@pytest.mark.parametrize("wish", ["stop", "pause", "resume"])
def test_a_wish_is_posted_and_its_answer_told(api: FakeApi, tideline: Tideline, wish: str) -> None:
    answer = LAB | {"state": "stopping", "reason": "stopped on request"}
    api.on("POST", f"/api/v1/streams/lab/{wish}", Reply(200, answer))
    assert tideline(f"streams {wish} lab").stdout == "lab is stopping: stopped on request\n"
    assert json.loads(tideline(f"streams {wish} lab --json").stdout) == answer


def test_start_sends_what_was_given_and_nothing_else(api: FakeApi, tideline: Tideline) -> None:
    api.on("POST", "/api/v1/streams", Reply(201, LAB | {"state": "pending", "run": 1}))
    api.on("POST", "/api/v1/streams/lab/start", problem(404, "there is no stream lab"))
    assert tideline("streams start lab").stdout == "lab is pending\n"
    every = (
        "streams start lab --profile random-walk --rate 10 --categories a,b --seed 7 --count 100 --duration 60 "
        "--start-time 2026-01-02 --latency-ms 5 --jitter-ms 2.5 --late-ratio 0.1 --duplicate-ratio 0.2 "
        "--disorder-ratio 0.3 --corrupt-ratio 0"
    )
    assert tideline(every).exit_code == 0
    assert [asked.json() for asked in api.of("POST", "/api/v1/streams")] == [
        {"id": "lab"},
        {
            "id": "lab",
            "profile": "random-walk",
            "rate": 10.0,
            "categories": ["a", "b"],
            "seed": 7,
            "count": 100,
            "duration": 60.0,
            "start_time": "2026-01-02T00:00:00+00:00",
            "latency_ms": 5.0,
            "jitter_ms": 2.5,
            "late_ratio": 0.1,
            "duplicate_ratio": 0.2,
            "disorder_ratio": 0.3,
            "corrupt_ratio": 0.0,
        },
    ]


def test_start_without_options_begins_a_known_stream_as_it_was(api: FakeApi, tideline: Tideline) -> None:
    api.on("POST", "/api/v1/streams/lab/start", Reply(200, LAB | {"state": "pending"}))
    assert tideline("streams start lab").stdout == "lab is pending\n"
    api.on("POST", "/api/v1/streams/lab/start", problem(409, "stream lab is running already"))
    assert tideline("streams start lab").stderr == "error: stream lab is running already\n"
    assert [asked.path for asked in api.asked] == ["/api/v1/streams/lab/start"] * 2


def test_a_pause_that_is_not_yet_carried_out_does_not_read_as_the_opposite(api: FakeApi, tideline: Tideline) -> None:
    asked = LAB | {"desired": "paused", "state": "running", "reason": "paused on request"}
    api.on("POST", "/api/v1/streams/lab/pause", Reply(200, asked))
    assert tideline("streams pause lab").stdout == "lab is still running: paused on request\n"


def test_what_only_outsiders_publish_to_has_no_state(api: FakeApi, tideline: Tideline) -> None:
    outside = dict.fromkeys(LAB, None) | {
        "id": "plant",
        "kind": "external",
        "built_in": False,
        "spec": {},
        "row_count": 3,
    }
    api.on("GET", "/api/v1/streams", Reply(200, [outside]))
    assert tideline("streams list").stdout.splitlines()[1].split() == ["plant", "external", "-", "-", "3"]


def test_all_pages_of_a_list_are_shown(api: FakeApi, tideline: Tideline) -> None:
    link = {"Link": f'<{api.url}/api/v1/streams?cursor=abc>; rel="next"'}
    api.on("GET", "/api/v1/streams", Reply(200, [HOST], link), Reply(200, [LAB]))
    assert json.loads(tideline("streams list --json").stdout) == [HOST, LAB]
    assert [asked.query for asked in api.asked] == [{}, {"cursor": ["abc"]}]


def test_a_conflict_is_a_sentence_and_exit_code_1(api: FakeApi, tideline: Tideline) -> None:
    detail = "5 streams run already, and 5 may: stop one of a, b, c, d, e"
    api.on("POST", "/api/v1/streams", problem(409, detail))
    result = tideline("streams start lab --rate 1")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"error: {detail}\n")


def test_fields_that_are_wrong_follow_the_sentence(api: FakeApi, tideline: Tideline) -> None:
    wrong = problem(422, "invalid: rate", {"parameter": "rate", "message": "Input should be greater than 0"})
    api.on("POST", "/api/v1/streams", wrong)
    result = tideline("streams start lab --rate 0")
    assert result.stderr == "error: invalid: rate\n  rate: Input should be greater than 0\n"
    as_json = tideline("streams start lab --rate 0 --json")
    assert (as_json.exit_code, as_json.stdout, json.loads(as_json.stderr)) == (1, "", wrong.body)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("stop a/b", "ID"),
        ("stop ..", "ID"),
        (f"stop {'a' * 65}", "ID"),
        ("start lab --profile tomorrow", "--profile"),
        ("start lab --seed x", "--seed"),
        ("start lab --categories a,,b", "--categories"),
        ("start lab --start-time soon", "--start-time"),
        ("start", "ID"),
        ("begin lab", "begin"),
        ("rm lab --data", "--yes"),
    ],
)
def test_a_wrong_command_line_asks_nothing_and_is_exit_code_2(
    api: FakeApi, tideline: Tideline, arguments: str, named: str
) -> None:
    result = tideline(f"streams {arguments}")
    assert (result.exit_code, api.asked) == (2, [])
    assert named in result.stderr


def test_rm_keeps_the_data_unless_told_otherwise(api: FakeApi, tideline: Tideline) -> None:
    api.on("DELETE", "/api/v1/streams/lab", Reply(200, LAB | {"desired": "deleted"}))
    assert tideline("streams rm lab").stdout == "lab is deleted; its data stays\n"
    assert tideline("streams rm lab --data --yes").stdout == "lab is deleted; its data goes in the background\n"
    assert [asked.query for asked in api.asked] == [{}, {"data": ["true"]}]


@pytest.mark.parametrize(("word", "code", "deletions"), [("n", 1, 0), ("y", 0, 1)])
def test_rm_of_data_asks_a_person_first(api: FakeApi, word: str, code: int, deletions: int) -> None:
    api.on("DELETE", "/api/v1/streams/lab", Reply(200, LAB))
    person, terminal = pty.openpty()
    command = [sys.executable, "-m", "tideline", "streams", "rm", "lab", "--data", "--url", api.url]
    try:
        os.write(person, f"{word}\n".encode())
        done = subprocess.run(command, stdin=terminal, capture_output=True, text=True, timeout=30, check=False)
    finally:
        os.close(person)
        os.close(terminal)
    assert "Delete lab and all readings, rows and windows of it?" in done.stderr
    assert (done.returncode, len(api.of("DELETE", "/api/v1/streams/lab"))) == (code, deletions)
