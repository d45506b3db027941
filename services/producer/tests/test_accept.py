import json
from datetime import UTC, datetime
from uuid import UUID

from contracts.events import Limits
from contracts.reasons import Reason
from producer.accept import Invalid, Valid, read_lines

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOOD = {"stream": "lab", "category": "t", "value": 1.5}
IDENTITY = {"id": "0195f2b4-7c1e-7d5a-9b3f-2f6a1c0d4e11", "timestamp": "2026-03-01T11:00:00Z"}


def lines(*events: object, request: str = "r1") -> list[Valid | Invalid]:
    body = b"\n".join(event if isinstance(event, bytes) else json.dumps(event).encode() for event in events)
    return read_lines(body, True, request, NOW, Limits())


def test_each_line_is_judged_by_itself_and_keeps_its_number() -> None:
    found = lines(GOOD, b"", b"{", {**GOOD, "value": "x"}, b"  ", GOOD)
    assert [(line.line, type(line)) for line in found] == [(1, Valid), (3, Invalid), (4, Invalid), (6, Valid)]
    refused = [line for line in found if isinstance(line, Invalid)]
    assert [line.reason for line in refused] == [Reason.NOT_JSON, Reason.WRONG_TYPE]
    assert refused[0].answer()["status"] == "refused"


def test_an_event_without_id_and_time_gets_both_and_no_two_share_an_id() -> None:
    found = lines(GOOD, GOOD) + lines(GOOD, request="r2")
    readings = [line.reading for line in found if isinstance(line, Valid)]
    assert len({reading.id for reading in readings}) == 3
    assert {reading.timestamp for reading in readings} == {NOW}


def test_an_event_with_its_identity_keeps_it() -> None:
    (line,) = lines({**GOOD, **IDENTITY})
    assert isinstance(line, Valid)
    assert line.reading.id == UUID(IDENTITY["id"])
    assert line.answer() == {
        "line": 1,
        "status": "accepted",
        "id": IDENTITY["id"],
        "timestamp": "2026-03-01T11:00:00.000000Z",
    }


def test_an_id_without_a_time_is_refused() -> None:
    (line,) = lines({**GOOD, "id": IDENTITY["id"]})
    assert isinstance(line, Invalid)
    assert line.reason is Reason.ID_WITHOUT_TIMESTAMP


def test_what_goes_to_kafka_is_keyed_and_holds_nothing_else() -> None:
    (line,) = lines({**GOOD, **IDENTITY, "unknown": [1, 2]})
    assert isinstance(line, Valid)
    key, value = line.record()
    assert key == b"lab/t"
    assert set(json.loads(value)) == {"id", "stream", "category", "timestamp", "value"}


def test_json_is_one_event_over_many_lines() -> None:
    (line,) = read_lines(json.dumps(GOOD, indent=2).encode(), False, "r", NOW, Limits())
    assert isinstance(line, Valid)
