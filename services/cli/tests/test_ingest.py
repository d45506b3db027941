"""`tideline ingest`: asks once, follows the ingest until it has ended, and says what became of it."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from services.cli.tests.conftest import Tideline
from services.cli.tests.fake_api import FakeApi, Reply, problem

from local_stack.ports import any_port
from tideline.commands import ingest
from tideline.ingestion import outcome, part_done, sentence, size, time_left
from tideline.text import span

STREAMS, MOLDING = "/api/v1/streams", "/api/v1/streams/molding"
SOURCE = "https://example.org/molding.json"
REJECTS = [
    {"row": 16, "line": 17, "code": "no_time", "detail": "the row has no time"},
    {"row": 41, "line": 42, "code": "not_json", "detail": "no JSON"},
]


def stream(state: str, reason: str | None = None, **progress: Any) -> dict[str, Any]:
    return {"id": "molding", "kind": "dataset", "state": state, "reason": reason, "progress": progress}


def done(**more: Any) -> dict[str, Any]:
    figures = {"phase": "done", "bytes": 997_596_521, "rows": 300_000, "published": 300_000, "rejected": 0}
    return stream("completed", **figures | more)


PENDING = stream("pending")
PULLING = stream("running", phase="pulling", bytes=4_000_000, bytes_total=8_000_000, bytes_per_s=2e6, seconds_left=2.0)
PUBLISHING = stream(
    "running", phase="publishing", bytes=8_000_000, bytes_total=8_000_000, bytes_read=2_000_000, rows=600,
    rows_per_s=8_123.4, rejected=1, rejects=REJECTS[:1], seconds_left=75.0,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "ASK_EVERY_S", 0.001)


@pytest.fixture
def molding(api: FakeApi) -> FakeApi:
    api.on("POST", STREAMS, Reply(201, PENDING))
    api.on("GET", MOLDING, Reply(200, PENDING), Reply(200, PULLING), Reply(200, PUBLISHING), Reply(200, done()))
    return api


def test_it_is_followed_until_it_is_completed(molding: FakeApi, tideline: Tideline) -> None:
    result = tideline(f"ingest {SOURCE} --id molding")
    assert molding.of("POST", STREAMS)[0].json() == {"kind": "dataset", "url": SOURCE, "id": "molding"}
    assert len(molding.of("GET", MOLDING)) == 4
    assert result.stdout == "molding is completed: 300,000 rows, 997.6 MB\n"
    assert (result.exit_code, result.stderr) == (0, "line 17: no_time: the row has no time\n")


def test_every_option_reaches_the_server(molding: FakeApi, tideline: Tideline) -> None:
    rules = "--split-by machine --split-by mold --include state.* --include a --exclude *.raw --timestamp-field at"
    tideline(f"ingest {SOURCE} {rules} --refresh")
    assert molding.of("POST", STREAMS)[0].json() == {
        "kind": "dataset",
        "url": SOURCE,
        "split_by": ["machine", "mold"],
        "fields": {"include": ["state.*", "a"], "exclude": ["*.raw"]},
        "timestamp_field": "at",
        "refresh": True,
    }


def test_rejected_rows_are_shown_once_by_their_lines_and_the_exit_code_is_1(api: FakeApi, tideline: Tideline) -> None:
    api.on("POST", STREAMS, Reply(201, stream("pending", phase="done", rejects=[{"line": 1, "code": "old"}])))
    api.on(
        "GET", MOLDING, Reply(200, PUBLISHING), Reply(200, PUBLISHING), Reply(200, done(rejected=2, rejects=REJECTS))
    )
    result = tideline(f"ingest {SOURCE}")
    assert result.stderr.splitlines() == ["line 17: no_time: the row has no time", "line 42: not_json: no JSON"]
    assert result.stdout == "molding is completed: 300,000 rows, 2 rejected, 997.6 MB\n"
    assert result.exit_code == 1


@pytest.mark.parametrize("state", ["failed", "stopped"])
def test_one_that_ends_otherwise_says_why_and_the_exit_code_is_1(api: FakeApi, tideline: Tideline, state: str) -> None:
    api.on("POST", STREAMS, Reply(201, PENDING))
    api.on("GET", MOLDING, Reply(200, stream(state, "http_404: the server has no such file")))
    result = tideline(f"ingest {SOURCE}")
    assert result.stdout == f"molding is {state} (http_404: the server has no such file)\n"
    assert result.exit_code == 1


def test_one_that_is_ingested_already_is_done(api: FakeApi, tideline: Tideline) -> None:
    api.on("POST", STREAMS, Reply(200, done() | {"message": "already ingested from this URL: 300000 rows"}))
    result = tideline(f"ingest {SOURCE}")
    assert (result.exit_code, len(api.asked)) == (0, 1)
    assert result.stderr == "already ingested from this URL: 300000 rows\n"
    assert result.stdout == "molding is completed: 300,000 rows, 997.6 MB\n"


def test_without_waiting_it_only_asks(molding: FakeApi, tideline: Tideline) -> None:
    result = tideline(f"ingest {SOURCE} --no-wait")
    assert (result.exit_code, result.stdout, len(molding.asked)) == (0, "molding is pending\n", 1)


def test_a_program_gets_the_stream_as_it_is_in_the_end(molding: FakeApi, tideline: Tideline) -> None:
    result = tideline(f"ingest {SOURCE} --json")
    assert json.loads(result.stdout) == done()


@pytest.mark.parametrize(("status", "code"), [(409, 1), (422, 1), (401, 4), (503, 3)])
def test_what_the_server_refuses_has_the_usual_exit_codes(
    api: FakeApi, tideline: Tideline, status: int, code: int
) -> None:
    api.on("POST", STREAMS, problem(status, "5 streams run already", {"parameter": "url", "message": "no URL"}))
    result = tideline(f"ingest {SOURCE}")
    assert (result.exit_code, result.stdout) == (code, "")
    assert "5 streams run already" in result.stderr
    assert "goes on" not in result.stderr


def test_a_server_that_is_away_for_a_moment_is_asked_again(api: FakeApi, tideline: Tideline) -> None:
    busy = problem(503, "the database cannot be reached")
    api.on("POST", STREAMS, Reply(201, PENDING))
    api.on("GET", MOLDING, busy, busy, Reply(200, PUBLISHING), Reply(200, done()))
    result = tideline(f"ingest {SOURCE}")
    assert result.exit_code == 0
    assert result.stderr.splitlines()[0] == "the database cannot be reached (trying again)"
    assert result.stderr.count("trying again") == 1


def test_a_server_that_stays_away_ends_the_command_not_the_ingest(
    api: FakeApi, tideline: Tideline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "AWAY_S_MAX", 0.05)
    api.on("POST", STREAMS, Reply(201, PENDING))
    api.on("GET", MOLDING, problem(503, "the database cannot be reached"))
    result = tideline(f"ingest {SOURCE}")
    assert result.exit_code == 3
    assert "the ingest goes on: see `tideline streams watch molding`; `streams stop molding` stops it" in result.stderr


def test_one_that_is_deleted_meanwhile_is_refused(api: FakeApi, tideline: Tideline) -> None:
    api.on("POST", STREAMS, Reply(201, PENDING))
    api.on("GET", MOLDING, problem(404, "there is no stream molding"))
    result = tideline(f"ingest {SOURCE}")
    assert (result.exit_code, result.stderr) == (1, "error: there is no stream molding\n")


def test_ctrl_c_leaves_it_running_and_says_so(molding: FakeApi) -> None:
    molding.on("GET", MOLDING, Reply(200, PUBLISHING))
    command = [sys.executable, "-m", "tideline", "ingest", SOURCE, "--url", molding.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"line 17: no_time: the row has no time\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"the ingest goes on: see `tideline streams watch molding`" in said
    assert [asked.method for asked in molding.asked if asked.method != "GET"] == ["POST"]


def test_a_terminal_sees_bytes_rows_rate_and_time_left(molding: FakeApi) -> None:
    slowly = [Reply(200, PULLING)] * 2 + [Reply(200, PUBLISHING)] * 2 + [Reply(200, done())]
    molding.on("GET", MOLDING, *slowly)
    person, terminal = os.openpty()
    command = [sys.executable, "-m", "tideline", "ingest", SOURCE, "--url", molding.url]
    env = os.environ | {"COLUMNS": "160"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal, env=env) as process:
        os.close(terminal)
        shown = b""
        while piece := _read(person):
            shown += piece
        assert process.wait(30) == 0
    os.close(person)
    assert b"pulling, 4.0 MB, 2.0 MB/s" in shown
    assert b"publishing, 600 rows, 1 rejected, 8,123 rows/s" in shown
    assert b"1 min 15 s left" in shown


def _read(person: int) -> bytes:
    try:
        return os.read(person, 65_536)
    except OSError:  # the terminal's other end is closed
        return b""


def test_figures_that_are_missing_do_no_harm() -> None:
    assert sentence(stream("running")) == "running"
    assert sentence(stream("paused", phase="publishing")) == "paused"
    assert sentence({"state": "running", "progress": None}) == "running"
    assert sentence(stream("running", phase="publishing")) == "publishing, 0 rows, 0 rows/s"
    assert part_done(stream("running", phase="pulling")) == (0, None)
    assert part_done(PUBLISHING) == (2_000_000, 8_000_000)
    assert time_left(stream("running", seconds_left=None)) == ""
    assert time_left(PUBLISHING) == f"{span(75)} left"
    assert outcome(stream("pending")) == "molding is pending"
    assert [size(99_999), size(123_456), size(None)] == ["99,999 bytes", "0.1 MB", "0 bytes"]


def test_no_server_is_no_ingest(tideline: Tideline) -> None:
    result = tideline(f"ingest {SOURCE} --url http://127.0.0.1:{any_port(1)[0]}")
    assert result.exit_code == 3
    assert "goes on" not in result.stderr
