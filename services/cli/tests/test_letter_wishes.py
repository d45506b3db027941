"""`tideline dead-letters replay` and `discard`: what is asked for, and what is said of it."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from services.cli.tests.conftest import Tideline
from services.cli.tests.fake_api import Asked, FakeApi, Reply, problem

LETTERS = "/api/v1/dead-letters"
REPLAY, DISCARD = f"{LETTERS}/replay", f"{LETTERS}/discard"
AT = {"topic": "readings", "partition": 3, "offset": 1204}
ONE = f"{LETTERS}/readings/3/1204"
OPEN: dict[str, Any] = AT | {"state": "open", "requested_at": None, "value": '{"value":"2"}', "value_encoding": "text"}
WAITING = OPEN | {"requested_at": "2026-01-02T03:04:05Z"}
REPLAYED, DISCARDED = OPEN | {"state": "replayed"}, OPEN | {"state": "discarded"}
REFUSED = OPEN | {"tried_reason": "wrong_type", "tried_detail": "`value` must be a number"}


def booked(*outcomes: str, following: str | None = None) -> Reply:
    letters = [AT | {"generation": 1, "outcome": outcome} for outcome in outcomes]
    return Reply(202, {"requested": outcomes.count("requested"), "next": following, "letters": letters})


def test_one_is_sent_again_and_followed_until_it_counted(api: FakeApi, tideline: Tideline) -> None:
    api.on("POST", REPLAY, booked("requested"))
    api.on("GET", ONE, Reply(200, WAITING), Reply(200, REPLAYED))
    result = tideline("dead-letters replay readings/3/1204")
    assert (result.exit_code, result.stdout) == (0, "1 replayed\n")
    assert api.of("POST", REPLAY)[0].json() == {"letters": [AT]}
    assert [asked.query for asked in api.of("GET", ONE)] == [{"generation": ["1"]}] * 2
    assert json.loads(tideline("dead-letters replay readings/3/1204 --json").stdout)[0]["outcome"] == "replayed"


def test_one_refused_again_is_exit_code_1_and_says_why(api: FakeApi, tideline: Tideline) -> None:
    api.on("POST", REPLAY, booked("requested"))
    api.on("GET", ONE, Reply(200, REFUSED))
    result = tideline("dead-letters replay readings/3/1204")
    assert (result.exit_code, result.stdout) == (1, "1 refused again\n")
    assert "readings/3/1204 is refused again: wrong_type: `value` must be a number" in result.stderr


@pytest.mark.parametrize("outcome", ["unknown", "too_large"])
def test_what_cannot_be_sent_is_exit_code_1(api: FakeApi, tideline: Tideline, outcome: str) -> None:
    api.on("POST", REPLAY, booked("replayed", outcome))
    result = tideline("dead-letters replay readings/3/1204 readings/3/9")
    assert (result.exit_code, result.stdout) == (1, f"1 replayed, 1 {outcome.replace('_', ' ')}\n")
    api.on("POST", REPLAY, problem(404, "there is no such dead letter"))
    assert "there is no such dead letter" in tideline("dead-letters replay readings/3/9").stderr


def test_many_go_page_by_page_up_to_the_limit(api: FakeApi, tideline: Tideline) -> None:
    api.on("POST", REPLAY, booked(*["requested"] * 500, following="more"), booked("requested", "requested"))
    result = tideline("dead-letters replay --reason not_json --reason empty --stream lab-1 --limit 502 --no-wait")
    assert (result.exit_code, result.stdout) == (0, "502 requested\n")
    chosen = {"reason": ["not_json", "empty"], "stream": "lab-1"}
    first, second = (asked.json() for asked in api.of("POST", REPLAY))
    assert first == {"filter": chosen, "limit": 500}
    assert second == {"filter": chosen, "limit": 2, "cursor": "more"}


def test_a_value_comes_from_a_file_or_stdin_byte_by_byte(api: FakeApi, tideline: Tideline, tmp_path: Path) -> None:
    api.on("POST", REPLAY, booked("requested"))
    api.on("GET", ONE, Reply(200, REPLAYED))
    (tmp_path / "value.bin").write_bytes(b'{"value":2}\n\xff')
    for source, sent in ((f"{tmp_path}/value.bin", b'{"value":2}\n\xff'), ("-", b"from stdin")):
        assert tideline(f"dead-letters replay readings/3/1204 --value-file {source}", b"from stdin").exit_code == 0
        body = api.of("POST", REPLAY)[-1].json()
        assert (b64decode(body["value"]), body["value_encoding"]) == (sent, "base64")


def test_a_value_is_changed_in_an_editor(api: FakeApi, tideline: Tideline, tmp_path: Path) -> None:
    api.on("POST", REPLAY, booked("requested"))
    api.on("GET", ONE, Reply(200, OPEN), Reply(200, REPLAYED))
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i \'s/"2"/2/\' "$1"\ntouch -d tomorrow "$1"\n')
    editor.chmod(0o755)
    assert tideline("dead-letters replay readings/3/1204 --edit", EDITOR=str(editor), VISUAL=None).exit_code == 0
    assert api.of("POST", REPLAY)[0].json() == {"letters": [AT], "value": '{"value":2}'}
    for command, said in (
        ("true", "nothing was changed"),
        ("false", "ended with 1"),
        ("", "no editor"),
        ("/no/such", "started"),
    ):
        result = tideline("dead-letters replay readings/3/1204 --edit", EDITOR=command, VISUAL=None)
        assert (result.exit_code, said in result.stderr) == (1, True)
    api.on("GET", ONE, Reply(200, OPEN | {"value_encoding": "base64"}))
    result = tideline("dead-letters replay readings/3/1204 --edit")
    assert (result.exit_code, "give --value-file" in result.stderr.replace("\n", " ")) == (2, True)


def test_some_are_set_aside_with_a_note(api: FakeApi, tideline: Tideline) -> None:
    def answer(asked: Asked) -> Reply:
        assert asked.json() == {"filter": {}, "limit": 500, "note": "tests"}
        return booked("requested", "discarded")

    api.on("POST", DISCARD, answer)
    api.on("GET", ONE, Reply(200, DISCARDED))
    result = tideline("dead-letters discard --all --note tests")
    assert (result.exit_code, result.stdout) == (0, "2 discarded\n")


@pytest.mark.parametrize(
    "arguments",
    [
        "replay", "replay --all --reason empty", "replay readings/3/1 --all", "replay readings/3", "discard --all",
        "replay --all --edit", "replay a/1/1 a/1/2 --edit", "discard --note x",
    ],
)  # fmt: skip
def test_a_wrong_command_line_asks_nobody(api: FakeApi, tideline: Tideline, arguments: str) -> None:
    assert tideline(f"dead-letters {arguments}").exit_code == 2
    assert api.asked == []
