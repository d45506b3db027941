"""Where the server is, what key it wants, and what is said when it is not there or is something else."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from services.cli.tests.conftest import Tideline
from services.cli.tests.fake_api import FakeApi, Reply, problem
from tests.support.stack import ROOT

from local_stack.ports import any_port
from tideline.options import USUAL_URL
from tideline.session import url_here


def test_the_option_beats_the_environment_and_a_slash_at_the_end_does_no_harm(api: FakeApi, tideline: Tideline) -> None:
    api.on("GET", "/api/v1/streams", Reply(200, []))
    nowhere = f"http://127.0.0.1:{any_port(1)[0]}"
    assert tideline(f"streams list --url {api.url}/", TIDELINE_URL=nowhere).exit_code == 0


def test_without_an_address_the_run_of_the_same_folder_is_asked(
    api: FakeApi, tideline: Tideline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDELINE_DATA_DIR", str(tmp_path))
    api.on("GET", "/api/v1/streams", Reply(200, []))
    assert url_here() == USUAL_URL
    (tmp_path / "run").mkdir()
    noted = tmp_path / "run" / "state.json"
    noted.write_text(json.dumps({"api_url": api.url}))
    assert tideline("streams list", TIDELINE_URL=None).exit_code == 0
    for damaged in ("", "{}", "[]", "7"):
        noted.write_text(damaged)
        assert url_here() == USUAL_URL


def test_where_the_run_of_the_same_folder_has_ended_no_other_is_asked(tideline: Tideline, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "lock").touch()
    result = tideline("streams list", TIDELINE_URL=None, TIDELINE_DATA_DIR=str(tmp_path))
    assert result.exit_code == 3
    assert result.stderr.startswith("error: Tideline does not run in this folder: `make run` starts it; ")


def test_the_key_is_sent_and_an_empty_one_is_none(api: FakeApi, tideline: Tideline) -> None:
    api.on("GET", "/api/v1/streams", Reply(200, []))
    tideline("streams list")
    tideline("streams list", TIDELINE_KEY="")
    tideline("streams list", TIDELINE_KEY="one")
    tideline("streams list --key two", TIDELINE_KEY="one")
    sent = [asked.headers.get("Authorization") for asked in api.asked]
    assert sent == [None, None, "Bearer one", "Bearer two"]


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", "ftp://x", "http://", "http://u:p@x", "http://x?y", "http://x:99999", "http://x:y", "x"]
)
def test_an_address_that_is_none_is_exit_code_2(tideline: Tideline, url: str) -> None:
    result = tideline(f"streams list --url {url}")
    assert result.exit_code == 2
    assert "--url" in result.stderr


def test_a_key_that_cannot_be_sent_is_not_repeated(api: FakeApi, tideline: Tideline) -> None:
    result = tideline("streams list", TIDELINE_KEY="schlüssel")
    assert (result.exit_code, api.asked) == (2, [])
    assert "schl" not in result.output


def test_no_server_is_one_line_that_says_make_run_and_exit_code_3(tideline: Tideline) -> None:
    url = f"http://127.0.0.1:{any_port(1)[0]}"
    for command in ("streams list", "streams watch", "averages", "status", "send", "ingest http://x/y"):
        result = tideline(command, input=b"{}\n", TIDELINE_URL=url)
        line = result.stderr.splitlines()[0]
        assert line.startswith(f"error: no server answers at {url}: ")
        assert "`make run`" in line
        assert result.exit_code == 3


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, "<html>", kind="text/html"),
        Reply(200, {"an": "object"}),
        Reply(200, ["a", "list"]),
        Reply(302, "", {"Location": "/login"}),
        Reply(404, "nothing here", kind="text/plain"),
    ],
    ids=["page", "object", "list", "redirect", "404"],
)
def test_something_else_that_answers_is_named_as_such(api: FakeApi, tideline: Tideline, reply: Reply) -> None:
    api.on("GET", "/api/v1/streams", reply)
    result = tideline("streams list")
    assert result.stderr == f"error: what answers at {api.url} is not Tideline: correct --url or TIDELINE_URL\n"
    assert result.exit_code == 3


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (problem(401, "a key is needed"), 4, "a key is needed: give a key with --key or TIDELINE_KEY"),
        (problem(403, "the key is for reading"), 4, "the key is for reading"),
        (problem(429, "64 requests are being answered"), 3, "64 requests"),
        (problem(502, "the producer cannot be reached"), 3, "the producer cannot be reached"),
        (problem(503, "the database cannot be reached"), 3, "the database cannot be reached"),
        (problem(504, "the query took longer"), 3, "the query took longer"),
        (problem(500, "an unexpected error"), 1, "an unexpected error"),
        (Reply(502, "<html>", kind="text/html"), 3, "answers with status 502"),
        (Reply(500, "oh"), 1, "answers with status 500"),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Reply) else "",
)
def test_each_error_of_the_server_has_its_exit_code(
    api: FakeApi, tideline: Tideline, reply: Reply, code: int, words: str
) -> None:
    api.on("GET", "/api/v1/streams", reply)
    result = tideline("streams list")
    assert (result.exit_code, result.stdout) == (code, "")
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("detail", ["is no web address", "url: is no web address"])
def test_what_is_wrong_is_said_once(api: FakeApi, tideline: Tideline, detail: str) -> None:
    api.on("GET", "/api/v1/streams", problem(422, detail, {"parameter": "url", "message": "is no web address"}))
    assert tideline("streams list").stderr == f"error: {detail}\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_takes_nothing_is_one_line(api: FakeApi, unbuffered: str) -> None:
    api.on("GET", "/api/v1/streams", Reply(200, []))
    command = [sys.executable, "-m", "tideline", "streams", "list", "--url", api.url]
    with Path(os.devnull).open("rb") as unwritable:
        done = subprocess.run(
            command,
            stdout=unwritable,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )
    assert (done.returncode, done.stderr) == (1, "error: the output: Bad file descriptor\n")


def test_the_version_is_that_of_the_package(tideline: Tideline) -> None:
    declared = tomllib.loads((ROOT / "services/cli/pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert tideline("--version").stdout == f"tideline {declared}\n"


def test_every_command_explains_itself(tideline: Tideline) -> None:
    commands = ["status", "send", "averages", "ingest", "dataset", "key new"]
    commands += [f"streams {name}" for name in ("list", "start", "stop", "pause", "resume", "rm", "watch")]
    for command in commands:
        result = tideline(f"{command} --help")
        assert result.exit_code == 0
        assert f"Usage: tideline {command}" in result.stdout
        assert ("--url" in result.stdout) == (command not in ("key new", "dataset"))
        assert "--json" in result.stdout
