"""`tideline lag`, `tideline audit`, `tideline dead-letters`."""

import json
from typing import Any

import pytest
from services.cli.tests.conftest import Tideline
from services.cli.tests.fake_api import FakeApi, Reply, problem

LAG, AUDIT, LETTERS = "/api/v1/lag", "/api/v1/audit", "/api/v1/dead-letters"
LINE = {
    "topic": "readings", "partition": 3, "records_behind": 1500, "seconds_behind": 84.2, "in_per_s": 2000.0,
    "out_per_s": 2500.0, "trend": "falling", "drain_s": 3.0, "member": "processor-1-5d0e", "trouble": None,
}  # fmt: skip
CHECK = {"invariant": 5, "holds": "each window is its raw values", "result": "PASS", "findings": 0, "not_checkable": 2}
FINDING = {
    "check": "windows", "invariant": 5, "broken": "a window is not its raw values", "stream": "lab-0", "topic": None,
    "minute": "2026-01-02T03:04:00Z", "stored": {"count": 6}, "should_be": {"count": 5},
}  # fmt: skip
LETTER = {
    "topic": "readings", "partition": 3, "offset": 1204, "received_at": "2026-01-02T03:04:05Z", "reason": "not_json",
    "state": "open", "bytes": 4000, "value": "x" * 200, "stream": None, "fix": "Check for two objects.",
}  # fmt: skip


def report(result: str, *findings: dict[str, Any]) -> Reply:
    return Reply(200, {"result": result, "checks": [CHECK], "findings": list(findings)})


def test_lag_is_a_line_a_partition(api: FakeApi, tideline: Tideline) -> None:
    api.on("GET", LAG, Reply(200, [LINE, LINE | {"partition": 4, "trend": "growing", "drain_s": None}]))
    result = tideline("lag")
    heading, first, second = result.stdout.splitlines()
    assert heading.split()[:3] == ["topic", "partition", "behind"]
    assert first.split() == ["readings", "3", "1,500", "1", "min", "24", "s", "2,000.0", "2,500.0", "falling", "3", "s",
                             "processor-1-5d0e"]  # fmt: skip
    assert "never" in second
    assert json.loads(tideline("lag --json").stdout)[0] == LINE


def test_lag_without_kafka_is_exit_code_3(api: FakeApi, tideline: Tideline) -> None:
    api.on("GET", LAG, problem(503, "Kafka cannot be reached"))
    for arguments in ("lag", "lag --watch"):
        result = tideline(arguments)
        assert (result.exit_code, "Kafka cannot be reached" in result.stderr) == (3, True)


@pytest.mark.parametrize(
    ("answer", "code"), [(report("PASS"), 0), (report("DIFFERS", FINDING), 1), (report("INCOMPLETE"), 3)]
)
def test_the_exit_code_of_an_audit_is_its_result(api: FakeApi, tideline: Tideline, answer: Reply, code: int) -> None:
    api.on("GET", AUDIT, answer)
    result = tideline("audit --start now-1h")
    assert result.exit_code == code
    assert result.stdout.splitlines()[0] == answer.body["result"]
    assert api.of("GET", AUDIT)[0].query == {"start": ["now-1h"]}
    assert tideline("audit --json").exit_code == code


def test_a_deep_audit_says_what_of_kafka_was_read_and_what_not(api: FakeApi, tideline: Tideline) -> None:
    older = {"topic": "readings", "partition": 1, "records": 1_200, "not_covered": "offsets 0 to 9 are older"}
    covered = [{"topic": "readings", "partition": 0, "records": 34, "not_covered": None}, older]
    body = report("PASS").body | {"covered": covered, "compared_from": "2026-01-02T03:04:00Z"}
    api.on("GET", AUDIT, Reply(200, body))
    result = tideline("audit --deep")
    assert api.of("GET", AUDIT)[0].query == {"deep": ["true"]}
    assert result.stdout.splitlines()[-3:] == [
        "Kafka was read again: 1,234 records of 2 partitions.",
        "  readings/1: offsets 0 to 9 are older",
        "  Rows before 2026-01-02T03:04:00Z may be of records that Kafka has no longer.",
    ]
    assert result.stderr == ""


def test_a_finding_says_where_what_is_stored_and_what_it_should_be(api: FakeApi, tideline: Tideline) -> None:
    api.on("GET", AUDIT, report("DIFFERS", FINDING))
    assert tideline("audit").stdout.splitlines()[-1].strip() == (
        "a window is not its raw values: stream lab-0, minute 2026-01-02T03:04:00Z: "
        "stored {'count': 6}, should be {'count': 5}"
    )


def test_dead_letters_are_listed_with_the_beginning_of_their_bytes(api: FakeApi, tideline: Tideline) -> None:
    api.on("GET", LETTERS, Reply(200, [LETTER]))
    line = tideline("dead-letters list --reason not_json --reason empty --limit 5").stdout.splitlines()[1]
    assert line.split()[2:7] == ["readings/3/1204", "not_json", "-", "open", "4,000"]
    assert line.endswith("x" * 80 + "…")
    assert api.of("GET", LETTERS)[0].query == {"reason": ["not_json", "empty"], "limit": ["5"]}
    api.on("GET", LETTERS, Reply(200, []))
    assert tideline("dead-letters list").stdout == "There are no dead letters.\n"
    assert tideline("dead-letters list --reason wrong_type").stdout == "There are no such dead letters.\n"


def test_one_dead_letter_is_shown_by_its_place(api: FakeApi, tideline: Tideline) -> None:
    api.on("GET", f"{LETTERS}/readings/3/1204", Reply(200, LETTER | {"value": "\x1b[31mred"}))
    shown = tideline("dead-letters show readings/3/1204").stdout
    assert "Check for two objects." in shown
    assert "\\x1b[31mred" in shown
    assert tideline("dead-letters show readings-3").exit_code == 2
