"""The fast way and the slow way accept and refuse the same records."""

import json
from datetime import datetime, timedelta

import hypothesis.strategies as st
from hypothesis import given, settings
from services.processor.tests.makers import CLAIM, NOON, FakeRecord, later, records, wire
from tests.support.malformed import MALFORMED

from contracts.codec import decode_reading
from contracts.events import AGE_DAYS_MAX, AHEAD_S_MAX, Limits, Place
from contracts.reasons import Reason, Refused
from contracts.times import APPEND_MS_MAX
from processor.columns import microseconds
from processor.decode import _as_columns, _looking_plain, decode_readings
from processor.plan import Decoded

LIMITS = Limits()
BARE = b'{"stream":"lab","category":"c","value":1}'

times = st.sampled_from(
    [
        "2026-03-01T11:00:00Z",
        "2026-03-01T11:00:00.5Z",
        "2026-03-01T12:00:00+01:00",
        "2026-03-02T12:00:00.000001Z",
        "1926-01-01T00:00:00Z",
        "yesterday",
    ]
)
ids = st.uuids().map(str) | st.sampled_from(["", "x" * 36, "0195F2B4-7C1E-7D5A-9B3F-2F6A1C0D4E11"])
texts = st.sampled_from(["lab", "größe", "a b", "", "x" * 200, 'quo"te', "nul\0", "tab\t", "\x7f", "back\\slash"])
numbers = st.floats() | st.integers() | st.booleans() | st.none() | st.just("3.5") | st.just(-0.0) | st.just(1e15)
fields = st.fixed_dictionaries(
    {},
    optional={
        "id": ids,
        "stream": texts,
        "category": texts,
        "timestamp": times,
        "value": numbers,
        "more": st.just({"x": [1]}),
    },
)
plain = st.builds(wire, st.integers(0, 10**9), value=st.floats(-1e15, 1e15), category=st.sampled_from(["a", "é", "°C"]))
edges = st.sampled_from([later(days=1), later(days=1, seconds=1), later(days=-7_305), later(days=-7_306)])
horizons = st.sampled_from([None, later(days=-8_000), later(hours=-1), NOON, later(microseconds=1)])
one_field_off = st.one_of(
    st.builds(wire, st.integers(0, 99), at=edges),
    st.builds(wire, st.integers(0, 99), value=st.sampled_from([1e15, 1.0001e15, -2e15])),
    st.builds(wire, st.integers(0, 99), id=ids),
    st.builds(wire, st.integers(0, 99), stream=texts),
)
anything = st.one_of(
    plain,
    one_field_off,
    fields.map(lambda made: json.dumps(made).encode()),
    fields.map(lambda made: json.dumps(made, ensure_ascii=False).encode()),
    st.sampled_from([case.value for case in MALFORMED if case.topic == "readings"]),
    st.binary(max_size=40),
)


def decode(values: list[bytes | None], limits: Limits = LIMITS) -> Decoded:
    return decode_readings(records(values), CLAIM, limits)


def one_by_one(
    values: list[bytes | None], limits: Limits
) -> tuple[list[tuple[str, str, int, int, float]], list[tuple[int, Reason]]]:
    """What contracts says of each record alone."""
    taken, refused = [], []
    for offset, value in enumerate(values):
        try:
            reading = decode_reading(value, Place(1, "readings", 0, offset, NOON), limits)
        except Refused as refusal:
            refused.append((offset, refusal.reason))
            continue
        at = microseconds(reading.timestamp)
        taken.append((reading.stream, reading.category, at, reading.id.int, reading.value))
    return taken, refused


@settings(max_examples=500, deadline=None)
@given(st.lists(plain, max_size=5), st.lists(anything, max_size=3), horizons)
def test_both_ways_agree_on_every_record(
    good: list[bytes], odd: list[bytes | None], kept_from: datetime | None
) -> None:
    values, limits = [*good, *odd], Limits(kept_from=kept_from)
    decoded = decode(values, limits)
    taken = [
        (*decoded.pairs[pair], int(at), (int(high) << 64) + int(low), value)
        for pair, at, (high, low), value in zip(
            decoded.pair, decoded.timestamp_us, decoded.ids, decoded.value.tolist(), strict=True
        )
    ]
    assert (taken, [(letter.record.offset, letter.reason) for letter in decoded.letters]) == one_by_one(values, limits)


def test_a_plain_chunk_is_read_as_columns() -> None:
    decoded = _as_columns(records([wire(1), wire(2, category="°C")]), LIMITS)
    assert decoded is not None
    assert decoded.pairs == [("lab", "c"), ("lab", "°C")]


def test_odd_records_do_not_keep_the_others_from_being_read_as_columns() -> None:
    """Only those that look odd go one by one, and limits as far as anybody sets them hinder nobody."""
    values = [wire(1), b"not json", wire(2, at=later(days=-8_000)), wire(3, value=2e15), wire(1, value=9.0)]
    for limits in (LIMITS, Limits(max_age_days=10**6, max_ahead_s=10**11)):
        plain = _looking_plain(records(values), limits)
        assert [record.offset for record in plain] == [0, *([2] if limits.max_age_days > 8_000 else []), 4]
        assert _as_columns(plain, limits) is not None
        decoded = decode_readings(records(values), CLAIM, limits)
        assert decoded.offset.tolist() == [record.offset for record in plain]


def test_minus_zero_is_zero() -> None:
    decoded = decode([wire(1, value=-0.0)])
    assert str(decoded.value[0]) == "0.0"


def test_validity_is_told_by_the_append_time_not_by_a_clock() -> None:
    at = later(days=1)
    assert not decode([wire(1, at=at)]).letters
    refused = decode([wire(1, at=at + timedelta(microseconds=1))]).letters
    assert [letter.reason for letter in refused] == [Reason.IN_THE_FUTURE]


def test_a_record_without_a_usable_time_in_kafka_is_refused_by_itself() -> None:
    """On a topic with CreateTime its publisher writes any number; aiokafka's parser in Python goes beyond 64 bits."""
    none = [-(2**63) - 5, -(2**63), -62_135_596_800_001, -1, 0, APPEND_MS_MAX, 253_402_300_800_000, 2**63 - 1, 2**63]
    for written in none:
        odd = [FakeRecord(n, value, timestamp=written) for n, value in enumerate([wire(1), BARE, wire(2, more='"')])]
        decoded = decode_readings([*odd, FakeRecord(3, wire(3))], CLAIM, LIMITS)
        refused = [(letter.record.offset, letter.reason) for letter in decoded.letters]
        assert (refused, decoded.offset.tolist()) == ([(n, Reason.BAD_TIMESTAMP) for n in range(3)], [3]), written
        assert decode_readings(odd[:1], CLAIM, LIMITS).letters, written
    for at in (1, APPEND_MS_MAX - 1):
        assert decode_readings([FakeRecord(0, BARE, timestamp=at)], CLAIM, LIMITS).timestamp_us.tolist() == [at * 1_000]


def test_what_is_older_than_raw_data_is_kept_is_refused_and_nothing_else() -> None:
    limits = Limits(kept_from=NOON)
    before, since = wire(1, at=later(microseconds=-1)), wire(2, at=NOON)
    assert _as_columns(records([since]), limits)
    assert _as_columns(records([since, before]), limits) is None
    decoded = decode([since, before, since], limits)
    assert [(letter.record.offset, letter.reason) for letter in decoded.letters] == [(1, Reason.TOO_LATE)]
    assert decoded.offset.tolist() == [0, 2]


def test_a_record_with_odd_headers_is_refused_and_its_neighbours_are_not() -> None:
    odd = FakeRecord(2, wire(3), headers=[("trace", b"\xff")])
    decoded = decode_readings([*records([wire(1), wire(2)]), odd], CLAIM, LIMITS)
    assert [letter.reason for letter in decoded.letters] == [Reason.BAD_HEADERS]
    assert len(decoded.pair) == 2


def test_the_farthest_limits_that_can_be_set_take_the_farthest_times() -> None:
    limits = Limits(max_age_days=AGE_DAYS_MAX, max_ahead_s=AHEAD_S_MAX)
    values = [wire(n, timestamp=at) for n, at in enumerate(["0028-01-01T00:00:00Z", "5194-01-01T00:00:00Z"])]
    for more in ([], [b"odd"]):  # as columns, and one by one
        assert len(decode_readings(records([*values, *more]), CLAIM, limits).value) == 2
