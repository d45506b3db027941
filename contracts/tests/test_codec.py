"""What encode refuses, what keys look like, and which of several faults is named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.checks import place_id
from contracts.codec import (
    decode_reading,
    decode_row,
    encode_reading,
    encode_row,
    reading_key,
    row_key,
    stream_state_key,
)
from contracts.events import Limits, Place, Reading, Row
from contracts.reasons import Reason, Refused

PLACE = Place(1, "readings", 2, 41, datetime(2026, 1, 2, 3, 4, 6, 789000, UTC))
READING = Reading(
    UUID("0195f2b4-7c1e-7d5a-9b3f-2f6a1c0d4e11"), "lab-3", "temperature", datetime(2026, 1, 2, 3, 4, 5, 0, UTC), 21.5
)


def refusal(value: bytes, limits: Limits | None = None) -> Refused:
    """The refusal of a reading."""
    with pytest.raises(Refused) as refused:
        decode_reading(value, PLACE, limits or Limits())
    return refused.value


def test_a_reading_is_written_compact_and_in_the_documented_order() -> None:
    assert encode_reading(READING) == (
        b'{"id":"0195f2b4-7c1e-7d5a-9b3f-2f6a1c0d4e11","stream":"lab-3","category":"temperature",'
        b'"timestamp":"2026-01-02T03:04:05.000000Z","value":21.5}'
    )


def test_a_row_is_written_compact_and_in_the_documented_order() -> None:
    row = Row(READING.id, "molding", 7, READING.timestamp, {"a": [1, None, True], "ä": 0.1})
    assert (
        encode_row(row)
        == (
            '{"id":"0195f2b4-7c1e-7d5a-9b3f-2f6a1c0d4e11","stream":"molding","row":7,'
            '"timestamp":"2026-01-02T03:04:05.000000Z","data":{"a":[1,null,true],"ä":0.1}}'
        ).encode()
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_not_finite_is_not_written(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        encode_reading(replace(READING, value=value))


def test_keys_name_the_stream_first() -> None:
    assert reading_key("lab-3", "a/b") == b"lab-3/a/b"
    assert row_key("molding", 999) == b"molding/0"
    assert row_key("molding", 1000) == b"molding/1"
    assert stream_state_key("demo") == b"demo"


@pytest.mark.parametrize("field", ["generation", "topic", "partition", "offset"])
def test_an_event_without_id_is_another_one_at_every_other_place(field: str) -> None:
    other: dict[str, Any] = {field: "other" if field == "topic" else 77}
    elsewhere = replace(PLACE, **other)
    assert place_id(PLACE) == UUID("a4894480-2b20-5ded-bf92-bd3205ff9037")
    assert place_id(elsewhere) != place_id(PLACE)


def test_the_limits_of_size_and_depth_are_arguments() -> None:
    record = b'{"stream":"a","category":"c","value":1,"x":[[]]}'
    assert decode_reading(record, PLACE, Limits(max_bytes=len(record), max_depth=3)).value == 1
    assert refusal(record, Limits(max_bytes=len(record) - 1)).reason == Reason.TOO_LARGE
    assert refusal(record, Limits(max_depth=2)).reason == Reason.TOO_DEEP


def test_the_first_fault_is_named() -> None:
    assert refusal(b'{"stream":"a b","category":"","id":"7","value":true}').reason == Reason.WRONG_TYPE
    assert refusal(b'{"stream":"a b","category":"","id":"7","value":1e300}').reason == Reason.BAD_STREAM
    assert refusal(b'{"stream":"a","category":"","id":"7","value":1e300}').reason == Reason.BAD_CATEGORY
    assert refusal(b'{"stream":"a","category":"c","id":"7","value":1e300}').reason == Reason.ID_WITHOUT_TIMESTAMP
    assert (
        refusal(b'{"stream":"a","category":"c","id":"7","timestamp":"","value":1e300}').reason == Reason.BAD_TIMESTAMP
    )


def test_a_refusal_never_repeats_what_the_publisher_sent() -> None:
    secret = b"hunter2"
    for value in (b'{"stream":"%s "}', b'{"%s":1}', b'{"stream":"a","category":"c","value":"%s"}', b'{"x":"%s"', b"%s"):
        assert "hunter2" not in refusal(value.replace(b"%s", secret)).detail


@pytest.mark.parametrize(
    ("kept_from", "reason"),
    [(READING.timestamp, None), (READING.timestamp + timedelta(microseconds=1), Reason.TOO_LATE)],
)
def test_an_event_is_too_late_from_before_raw_data_is_kept(kept_from: datetime, reason: Reason | None) -> None:
    """Also one without a time of its own, and what is wrong with an event comes first."""
    limits = Limits(kept_from=kept_from)
    row = encode_row(Row(READING.id, "molding", 7, READING.timestamp, {}))
    place = replace(PLACE, append_time=READING.timestamp)
    for decode, value in (
        (decode_reading, encode_reading(READING)),
        (decode_row, row),
        (decode_reading, b'{"stream":"a","category":"c","value":1}'),
    ):
        if reason is None:
            assert decode(value, place, limits)
            continue
        with pytest.raises(Refused) as refused:
            decode(value, place, limits)
        assert refused.value.reason == reason
    late = b'{"stream":"a","category":"c","timestamp":"2025-12-31T00:00:00Z","value":1e300}'
    assert refusal(late, limits).reason == Reason.OUT_OF_RANGE
