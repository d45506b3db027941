"""For any input: decoding answers or refuses, agrees with a slow reader of its own, and undoes encoding."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.malformed import MALFORMED, PLAIN, STRANGE
from tests.support.slow_reader import read_reading

from contracts.codec import decode_reading, decode_row, decode_row_data, encode_reading, encode_row
from contracts.events import Limits, Place, Reading, Row
from contracts.reasons import Reason, Refused
from contracts.wire import READING_DECODER, reading_is_plain

PLACE = Place(1, "readings", 0, 5, datetime(2026, 1, 3, tzinfo=UTC))
LIMITS = Limits()

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
streams = st.from_regex("[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
categories = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=128)
times = st.datetimes(datetime(2006, 1, 5), datetime(2026, 1, 3), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them naive
values = st.floats(-1e15, 1e15)
data = st.dictionaries(
    texts,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=20,
    ),
    max_size=5,
)


@given(st.builds(Reading, st.uuids(), streams, categories, times, values))
def test_a_reading_comes_back_exactly(reading: Reading) -> None:
    back = decode_reading(encode_reading(reading), PLACE, LIMITS)
    assert back == reading
    assert repr(back.value) == repr(reading.value)


@given(st.builds(Row, st.uuids(), streams, st.integers(0, 2**63 - 1), times, data))
def test_a_row_comes_back_exactly(row: Row) -> None:
    back = decode_row(encode_row(row), PLACE, LIMITS)
    assert back == row
    assert json.dumps(back.data) == json.dumps(row.data)


def check_against_the_slow_reader(value: bytes) -> None:
    """Decoding and the slow reader take the same records, with the same fields."""
    expected = read_reading(value, PLACE.append_time)
    if expected is None:
        with pytest.raises(Refused):
            decode_reading(value, PLACE, LIMITS)
        return
    reading = decode_reading(value, PLACE, LIMITS)
    fields = (expected["stream"], expected["category"], float(expected["value"]))
    assert (reading.stream, reading.category, reading.value) == fields


@given(st.binary(max_size=200))
def test_any_bytes_are_taken_or_refused(value: bytes) -> None:
    check_against_the_slow_reader(value)


short_records = [case.value for case in (*MALFORMED, *STRANGE) if case.value and len(case.value) < 3000]


@given(st.data())
def test_a_damaged_record_is_taken_or_refused(draw: st.DataObject) -> None:
    source = draw.draw(
        st.sampled_from([case.value for case in (*MALFORMED, *STRANGE) if case.value and len(case.value) < 3000])
    )
    start = draw.draw(st.integers(0, len(source)))
    end = draw.draw(st.integers(start, min(len(source), start + 10)))
    other = draw.draw(st.sampled_from([PLAIN, source]))
    piece = draw.draw(
        st.binary(max_size=4) | st.builds(lambda i, n: other[i : i + n], st.integers(0, 100), st.integers(0, 60))
    )
    check_against_the_slow_reader(source[:start] + piece + source[end:])


json_names = st.sampled_from(["id", "stream", "category", "timestamp", "value", "x", ""])
json_texts = st.sampled_from(
    ["lab", "0195f2b4-7c1e-7d5a-9b3f-2f6a1c0d4e11", "2026-01-02T03:04:05Z", 'a"b', "\\", "ä", "\x00"]
)
json_values = st.recursive(
    json_texts | st.floats() | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(json_names, inner, max_size=2),
    max_leaves=4,
)


@given(st.lists(st.tuples(json_names, json_values), max_size=4), st.booleans(), st.randoms(use_true_random=False))
@example([("x", {"id": "x", "": 1})], True, None)
def test_fields_in_any_order_number_and_spelling_are_taken_or_refused(
    extra: list[tuple[str, Any]], escaped: bool, shuffle: Any
) -> None:
    fields: list[tuple[str, Any]] = [("stream", "lab"), ("category", "c"), ("value", 1.5), *extra]
    if shuffle:
        shuffle.shuffle(fields)
    inside = ",".join(f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=escaped)}" for name, value in fields)
    value = ("{" + inside + "}").encode()
    check_against_the_slow_reader(value)
    try:
        record = READING_DECODER.decode(value)
    except (ValueError, UnicodeDecodeError):
        return
    names = [name for name, _ in fields]
    if reading_is_plain(value, record):
        assert len(set(names)) == len(names)
        assert set(names) <= {"id", "stream", "category", "timestamp", "value"}


@given(st.binary(max_size=60))
def test_any_bytes_as_a_row_are_taken_or_refused(piece: bytes) -> None:
    value = b'{"stream":"odd","row":1,"data":{"a":' + piece + b"}}"
    try:
        row = decode_row(value, PLACE, LIMITS)
    except Refused:
        return
    assert row.data == json.loads(value)["data"]


JSON_TOKENS = [
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"1",
    b"-2.5",
    b"1e999",
    b"NaN",
    b"null",
    b"true",
    b" ",
    b'"a"',
]
JSON_TOKENS += [b'"a":1', b'{"b":2}', b"\\u0041", b"\\ud800", b"\xff", b"9" * 20, b"\x00"]
pieces = st.lists(st.sampled_from(JSON_TOKENS), max_size=12).map(b"".join)


@given(pieces.map(lambda inside: b"{" + inside + b"}") | data.map(lambda found: json.dumps(found).encode()))
@example(b'{},"id":"0195f2b4-7c1e-7d5a-9b3f-2f6a1c0d4e11"')
@example(b'{"a":1}{"a":1}')
@example(b'{"a":{}}')
def test_data_that_is_taken_alone_is_taken_inside_a_row_and_nothing_else_is(piece: bytes) -> None:
    value = b'{"stream":"odd","row":1,"data":' + piece + b"}"
    alone, inside = (
        outcome(lambda: decode_row_data(piece, LIMITS)),
        outcome(lambda: decode_row(value, PLACE, LIMITS).data),
    )
    if is_one_object(piece):
        assert alone == inside
    else:
        assert isinstance(alone, Reason)


def outcome(decode: Callable[[], Any]) -> Any:
    """What it answers, or the reason of its refusal."""
    try:
        return decode()
    except Refused as refusal:
        return refusal.reason


def is_one_object(piece: bytes) -> bool:
    try:
        return isinstance(json.loads(piece), dict)
    except ValueError:
        return False


@pytest.mark.parametrize("levels", [18, 19])
def test_data_may_be_as_deep_as_inside_a_row(levels: int) -> None:
    piece = b'{"a":' * levels + b"{}" + b"}" * levels
    value = b'{"stream":"odd","row":1,"data":' + piece + b"}"
    if levels == 18:
        assert decode_row(value, PLACE, LIMITS).data == decode_row_data(piece, LIMITS)
        return
    for decode in (lambda: decode_row(value, PLACE, LIMITS), lambda: decode_row_data(piece, LIMITS)):
        with pytest.raises(Refused, match="too_deep"):
            decode()


def test_the_slow_reader_agrees_on_the_corpus() -> None:
    for case in (*MALFORMED, *STRANGE):
        if (
            case.value
            and not case.headers
            and getattr(case, "topic", "readings") == "readings"
            and len(case.value) < 1_048_576
        ):
            check_against_the_slow_reader(case.value)
