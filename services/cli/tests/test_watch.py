"""`tideline streams watch`: follows live, asks where there is nothing live, and ends by Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from services.cli.tests.conftest import Tideline
from services.cli.tests.fake_api import FakeApi, Reply, problem

LIVE, STREAMS = "/api/v1/live", "/api/v1/streams"
LAB = {
    "stream": "lab",
    "desired": "running",
    "state": "running",
    "reason": None,
    "run": 1,
    "position": 5,
    "updated_at": "2026-01-02T03:04:05.678Z",
}
GONE = problem(404, "there is no stream lab")


def told(*events: tuple[str, object]) -> Reply:
    """Server-sent events, and then the end."""
    text = "".join(f"event: {name}\nid: 1:readings:0:1:42\ndata: {json.dumps(data)}\n\n" for name, data in events)
    return Reply(200, f": ping\nid: 1:readings:0:1:41\n\n{text}", kind="text/event-stream")


@contextmanager
def watching(api: FakeApi, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-X", "faulthandler", "-m", "tideline", "streams", "watch", *arguments, "--url", api.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Ctrl-C; exit code and what it wrote to stderr: of one that does not end, where it stands."""
    process.send_signal(signal.SIGINT)
    try:
        _, errors = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        _, errors = process.communicate(timeout=20)
    return process.returncode, errors


def test_each_change_of_state_is_a_line_until_ctrl_c(api: FakeApi) -> None:
    moved, paused = LAB | {"position": 1234}, LAB | {"state": "paused", "reason": "paused on request"}
    first = told(("streams", [LAB]), ("windows", [{"stream": "lab"}]), ("streams", [moved]), ("streams", [paused]))
    api.on("GET", LIVE, first, told(("streams", [])), told())
    with watching(api) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().rstrip("\n") for _ in range(3)]
        assert end(process) == (0, "")
    assert lines == [
        "2026-01-02 03:04:05Z  lab  running  run 1, position 5",
        "2026-01-02 03:04:05Z  lab  paused  run 1, position 5  (paused on request)",
        "-  lab  deleted",
    ]


def test_for_a_program_every_change_is_a_line_of_json(api: FakeApi) -> None:
    moved = LAB | {"position": 1234}
    api.on("GET", "/api/v1/streams/lab", Reply(200, {"id": "lab"}))
    api.on("GET", LIVE, told(("streams", [LAB]), ("streams", [moved])), told())
    with watching(api, "lab", "--json") as process:
        assert process.stdout is not None
        assert [json.loads(process.stdout.readline()) for _ in range(2)] == [LAB, moved]
        assert end(process) == (0, "")
    assert api.of("GET", LIVE)[0].query == {"stream": ["lab"]}


def test_a_connection_that_breaks_is_made_again_and_what_changed_meanwhile_is_told(api: FakeApi) -> None:
    stopped = LAB | {"state": "stopped"}
    lost = told(("streams", [LAB]), ("resync", [{"reason": "too slow", "stream": None}]), ("streams", [GONE.body]))
    api.on("GET", LIVE, lost, problem(503, "the service is stopping"), told(("streams", [stopped])), told())
    with watching(api) as process:
        assert process.stdout is not None
        assert [process.stdout.readline().split()[3] for _ in range(2)] == ["running", "stopped"]
        code, errors = end(process)
    assert (code, errors) == (0, "the service is stopping (still watching; Ctrl-C ends it)\n")


def test_a_server_without_live_updates_is_asked_every_second(api: FakeApi) -> None:
    lab, other = {**LAB, "id": "lab"}, {"id": "other", "state": "running"}
    del lab["stream"]
    api.on("GET", "/api/v1/streams/lab", Reply(200, lab))
    lists = [Reply(200, [lab, other]), Reply(200, [lab, other]), Reply(200, [lab | {"state": "completed"}, other])]
    api.on("GET", STREAMS, *lists)
    with watching(api, "lab") as process:
        assert process.stdout is not None
        assert [process.stdout.readline().split()[2:4] for _ in range(2)] == [["lab", "running"], ["lab", "completed"]]
        assert end(process) == (0, "")


def test_a_terminal_has_one_table(api: FakeApi) -> None:
    api.on("GET", LIVE, told(("streams", [LAB]), ("streams", [LAB | {"position": 99_999}])), told())
    person, terminal = os.openpty()
    command = [sys.executable, "-X", "faulthandler", "-m", "tideline", "streams", "watch", "--url", api.url]
    environment = os.environ | {"COLUMNS": "120", "TERM": "xterm"}
    try:
        with subprocess.Popen(command, stdout=terminal, stderr=subprocess.PIPE, env=environment) as process:
            shown = b""
            while b"99,999" not in shown:
                shown += os.read(person, 65_536)
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
    finally:
        os.close(person)
        os.close(terminal)
    assert b"position" in shown


def test_a_stream_that_does_not_exist_is_not_waited_for(api: FakeApi, tideline: Tideline) -> None:
    api.on("GET", "/api/v1/streams/lab", GONE)
    result = tideline("streams watch lab")
    assert (result.exit_code, result.stderr) == (1, "error: there is no stream lab\n")


def test_events_of_something_else_are_named_as_such(api: FakeApi, tideline: Tideline) -> None:
    for nonsense in ({"an": "object"}, ["text"]):
        api.on("GET", LIVE, told(("streams", nonsense)))
        assert "is not Tideline" in tideline("streams watch").stderr


def test_too_many_watchers_is_said_at_once(api: FakeApi, tideline: Tideline) -> None:
    api.on("GET", LIVE, problem(429, "1000 clients are connected"))
    assert tideline("streams watch").exit_code == 3
