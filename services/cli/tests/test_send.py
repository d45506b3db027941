"""`tideline send`: every line is confirmed or refused by its number."""

import json
import os
import subprocess
import sys
from typing import Any
from uuid import UUID

import pytest
from services.cli.tests.conftest import Tideline
from services.cli.tests.fake_api import Asked, FakeApi, Reply, problem

EVENTS = "/api/v1/events"


def event(value: object, **more: Any) -> bytes:
    return json.dumps({"stream": "lab-3", "category": "temperature", "value": value, **more}).encode()


def judge(asked: Asked) -> Reply:
    """As the producer answers: a value must be a number; nothing valid: 422."""
    answers: list[dict[str, object]] = []
    for number, line in enumerate(asked.body.split(b"\n"), start=1):
        try:
            read = json.loads(line)
            good = isinstance(read, dict) and isinstance(read.get("value"), int | float)
            reason, detail = "wrong_type", "value: must be a number"
        except ValueError:
            good, reason, detail = False, "not_json", "no JSON: at byte 0"
        if good:
            answers.append(
                {"line": number, "status": "accepted", "id": read.get("id"), "timestamp": read.get("timestamp")}
            )
        else:
            answers.append({"line": number, "status": "refused", "reason": reason, "detail": detail})
    if any(answer["status"] == "accepted" for answer in answers):
        return Reply(202, answers)
    errors = [{"parameter": f"line {a['line']}", "message": f"{a['reason']}: {a['detail']}"} for a in answers]
    return problem(422, "no valid event: …", *errors)


@pytest.fixture
def events(api: FakeApi) -> FakeApi:
    api.on("POST", EVENTS, judge)
    return api


def sent(api: FakeApi) -> list[list[Any]]:
    """The events of each request."""
    return [[json.loads(line) for line in asked.body.split(b"\n")] for asked in api.of("POST", EVENTS)]


def test_accepted_events_are_counted_and_sent_as_ndjson_in_one_request(events: FakeApi, tideline: Tideline) -> None:
    result = tideline("send", input=b"".join(event(n) + b"\n" for n in range(3)))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "3 accepted, 0 refused\n", "")
    assert events.asked[0].headers["Content-Type"] == "application/x-ndjson"
    assert [one["value"] for one in sent(events)[0]] == [0, 1, 2]


def test_refused_events_are_shown_by_their_lines_and_the_exit_code_is_1(events: FakeApi, tideline: Tideline) -> None:
    result = tideline("send", input=b"\n".join([event(1), b"", b"oh", event(2), b"  ", event("x"), event(3)]))
    assert result.exit_code == 1
    assert result.stdout == "3 accepted, 2 refused\n"
    assert result.stderr.splitlines() == [
        "line 3: not_json: no JSON: at byte 0",
        "line 6: wrong_type: value: must be a number",
    ]


def test_for_a_program_refusals_and_sums_are_lines_of_json(events: FakeApi, tideline: Tideline) -> None:
    result = tideline("send --json", input=b"\n\noh\n" + event(1))
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"line": 3, "reason": "not_json", "detail": "no JSON: at byte 0", "status": "refused"},
        {"accepted": 1, "refused": 1},
    ]
    assert (result.exit_code, result.stderr) == (1, "")


def test_a_portion_of_which_nothing_is_valid_does_not_end_it(events: FakeApi, tideline: Tideline) -> None:
    result = tideline("send", input=b"oh\n" * 2_000 + b"no\n" + event(1))
    assert (result.exit_code, result.stdout) == (1, "1 accepted, 2,001 refused\n")
    shown = result.stderr.splitlines()
    assert (shown[0], len(shown)) == ("line 1: not_json: no JSON: at byte 0", 101)
    assert "--json" in shown[-1]
    assert len(tideline("send --json", input=b"oh\n" * 2_001).stdout.splitlines()) == 2_002


def test_nothing_to_send_is_no_failure(events: FakeApi, tideline: Tideline) -> None:
    result = tideline("send", input=b"\n \n")
    assert (result.exit_code, result.stdout, events.asked) == (0, "0 accepted, 0 refused\n", [])


def test_events_without_an_id_keep_the_one_they_got_when_they_are_sent_again(
    events: FakeApi, tideline: Tideline
) -> None:
    busy = problem(503, "Kafka has not acknowledged 1 of 2 valid events", {"parameter": "line 1", "message": "…"})
    events.on("POST", EVENTS, Reply(busy.status, busy.body, {"Retry-After": "0"}, busy.kind), judge)
    own = event(2, id="a1b2", timestamp="2026-01-02T03:04:05Z")
    result = tideline("send", input=event(1) + b"\n" + own + b"\n")
    assert (result.exit_code, result.stdout) == (0, "2 accepted, 0 refused\n")
    assert result.stderr == "Kafka has not acknowledged 1 of 2 valid events (trying again)\n"
    first, second = sent(events)
    assert first == second
    assert UUID(first[0]["id"]).version == 4
    assert first[1] == json.loads(own)


def test_a_server_that_stays_away_ends_it_and_says_how_far_it_came(events: FakeApi, tideline: Tideline) -> None:
    away = problem(503, "Kafka is away: nothing was published, send it again", Retry_After="2")
    events.on("POST", EVENTS, judge, away)
    result = tideline("send --wait 1", input=(event(1) + b"\n") * 2_000 + b"\n" + event(2) + b"\n")
    assert (result.exit_code, result.stdout) == (3, "2,000 accepted, 0 refused\n")
    assert "error: Kafka is away" in result.stderr
    assert "confirmed up to line 2000: send the rest again from line 2001 on" in result.stderr


def test_a_server_that_takes_smaller_bodies_gets_smaller_bodies(events: FakeApi, tideline: Tideline) -> None:
    def strict(asked: Asked) -> Reply:
        return judge(asked) if len(asked.body) < 400 else problem(413, "the body must not be larger than 400 bytes")

    events.on("POST", EVENTS, strict)
    lines = [event(1), event(2), event(3), event("x" * 500), event(4), b"oh"]
    result = tideline("send", input=b"\n".join(lines))
    assert (result.exit_code, result.stdout) == (1, "4 accepted, 2 refused\n")
    assert result.stderr.splitlines() == [
        "line 4: too_large: longer than the server takes",
        "line 6: not_json: no JSON: at byte 0",
    ]


def test_a_line_that_is_too_long_is_refused_here(events: FakeApi, tideline: Tideline) -> None:
    result = tideline("send", input=event(1) + b"\n" + b"x" * 1_000_001 + b"\n" + event(2))
    assert (result.exit_code, result.stdout) == (1, "2 accepted, 1 refused\n")
    assert result.stderr == "line 2: too_large: longer than 1,000,000 bytes\n"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (problem(415, "send one event as application/json"), 1),
        (problem(401, "a key is needed"), 4),
        (problem(422, "unknown parameter; this route takes none", {"parameter": "query", "message": "…"}), 1),
        (Reply(202, [{"line": 2, "status": "accepted"}]), 3),
        (Reply(202, []), 3),
        (Reply(202, "hello", kind="text/plain"), 3),
    ],
    ids=["415", "401", "other 422", "other line", "no line", "no JSON"],
)
def test_any_other_answer_ends_it(events: FakeApi, tideline: Tideline, reply: Reply, code: int) -> None:
    events.on("POST", EVENTS, reply)
    result = tideline("send --wait 0", input=event(1))
    assert (result.exit_code, result.stdout) == (code, "0 accepted, 0 refused\n")
    assert "confirmed up to line 0" in result.stderr


def test_events_that_come_slowly_are_sent_as_they_come(events: FakeApi) -> None:
    command = [sys.executable, "-m", "tideline", "send", "--json", "--url", events.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(b"oh %d\n" % number)
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["line"] == number + 1
        process.stdin.close()
        assert json.loads(process.stdout.readline()) == {"accepted": 0, "refused": 3}
        assert process.wait(20) == 1
    assert len(events.of("POST", EVENTS)) == 3


def test_progress_is_shown_on_a_terminal_only_and_beside_the_result(events: FakeApi, tmp_path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"\n".join(event(n) for n in range(10)))
    person, terminal = os.openpty()
    command = [sys.executable, "-m", "tideline", "send", "--url", events.url]
    try:
        with file.open("rb") as source:
            done = subprocess.run(
                command, stdin=source, stdout=subprocess.PIPE, stderr=terminal, timeout=30, check=False
            )
        shown = os.read(person, 65_536)
    finally:
        os.close(person)
        os.close(terminal)
    assert (done.returncode, done.stdout) == (0, b"10 accepted, 0 refused\n")
    assert b"10 accepted" in shown
    assert b"\xe2\x94\x81" in shown, "a bar"
