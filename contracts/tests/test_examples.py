"""The golden examples: what was ever accepted must always decode to the same event. Add to them, never change one."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest

from contracts.codec import (
    decode_reading,
    decode_row,
    decode_stream_state,
    encode_reading,
    encode_row,
    encode_stream_state,
)
from contracts.events import Limits, Place, Reading, Row, RunState, StreamKind, StreamState
from contracts.reasons import Refused
from contracts.samples import samples
from contracts.schema import message_schema

EXAMPLES = Path(__file__).parents[1] / "examples"


def load(name: str) -> dict[str, Any]:
    """One file of examples."""
    loaded: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
    return loaded


def cases(name: str, kind: str) -> list[Any]:
    """The accepted or refused examples of a file as parameters."""
    return [pytest.param(example, id=example["name"]) for example in load(name)[kind]]


def place(name: str) -> Place:
    """Where the examples of a file stand in Kafka."""
    fields = load(name)["place"]
    return Place(**fields | {"append_time": datetime.fromisoformat(fields["append_time"])})


def wire(record: dict[str, Any]) -> bytes:
    """The record as a publisher writes it."""
    return json.dumps(record).encode()


def typed(event: dict[str, Any]) -> dict[str, Any]:
    """An expected event with its texts as ids and times."""
    kinds: dict[str, Callable[[str], Any]] = {
        "id": UUID,
        "timestamp": datetime.fromisoformat,
        "at": datetime.fromisoformat,
    }
    return {key: kinds[key](value) if key in kinds else value for key, value in event.items()}


@pytest.mark.parametrize("example", cases("readings", "accepted"))
def test_an_accepted_reading_always_decodes_to_the_same_event(example: dict[str, Any]) -> None:
    reading = decode_reading(wire(example["record"]), place("readings"), Limits())
    assert reading == Reading(**typed(example["event"]))
    assert decode_reading(encode_reading(reading), place("readings"), Limits()) == reading


@pytest.mark.parametrize("example", cases("rows", "accepted"))
def test_an_accepted_row_always_decodes_to_the_same_event_and_samples(example: dict[str, Any]) -> None:
    row = decode_row(wire(example["record"]), place("rows"), Limits())
    assert row == Row(**typed(example["event"]))
    assert decode_row(encode_row(row), place("rows"), Limits()) == row
    assert [list(sample) for sample in samples(row).values] == example["samples"]
    assert samples(row).skipped == example["skipped"]


@pytest.mark.parametrize("example", cases("stream-states", "accepted"))
def test_a_stream_state_always_decodes_to_the_same_event(example: dict[str, Any]) -> None:
    state = decode_stream_state(wire(example["record"]), Limits())
    fields = typed(example["event"])
    assert state == StreamState(**fields | {"kind": StreamKind(fields["kind"]), "state": RunState(fields["state"])})
    assert decode_stream_state(encode_stream_state(state), Limits()) == state


@pytest.mark.parametrize("example", cases("readings", "refused"))
def test_a_refused_reading_is_told_why(example: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        decode_reading(wire(example["record"]), place("readings"), Limits())
    assert (refused.value.reason, refused.value.detail) == (example["reason"], example["detail"])


@pytest.mark.parametrize("example", cases("rows", "refused"))
def test_a_refused_row_is_told_why(example: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        decode_row(wire(example["record"]), place("rows"), Limits())
    assert (refused.value.reason, refused.value.detail) == (example["reason"], example["detail"])


@pytest.mark.parametrize(
    ("file", "message"), [("readings", "reading"), ("rows", "row"), ("stream-states", "stream-state")]
)
def test_the_schema_accepts_every_accepted_example(file: str, message: str) -> None:
    validator = jsonschema_rs.validator_for(message_schema(message))
    for example in load(file)["accepted"]:
        validator.validate(example["record"])


SEEN_ONLY_BY_DECODING = {"nul_character", "too_deep", "too_old", "in_the_future"}


@pytest.mark.parametrize(("file", "message"), [("readings", "reading"), ("rows", "row")])
def test_the_schema_refuses_what_a_schema_can_refuse(file: str, message: str) -> None:
    validator = jsonschema_rs.validator_for(message_schema(message))
    passed = [example for example in load(file)["refused"] if validator.is_valid(example["record"])]
    assert {example["reason"] for example in passed} <= SEEN_ONLY_BY_DECODING | {"bad_timestamp"}
    assert {example["name"] for example in passed if example["reason"] == "bad_timestamp"} <= {"February 30"}
