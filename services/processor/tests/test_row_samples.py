"""Rows as columns: what they contribute is what contracts say of each row by itself."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from services.processor.tests.makers import CLAIM, records

from contracts.codec import decode_row
from contracts.events import Limits, Row
from contracts.flat import flatten
from contracts.reasons import Reason, Refused
from contracts.samples import ALL_FIELDS, Rules, samples
from processor.decode import _place, by_headers, decode_rows
from processor.plan import Decoded
from processor.row_samples import SHAPES_MAX, Shapes, sample_rows

LIMITS = Limits()
AT = datetime(2026, 3, 1, 11, tzinfo=UTC)
Sample = tuple[str, str, float, int]


def row(data: dict[str, Any], number: int = 0, stream: str = "molding") -> Row:
    return Row(UUID(int=number), stream, number, AT, data)


def wire(data: object, number: int = 0) -> bytes:
    fields = {"id": str(UUID(int=number)), "stream": "molding", "row": number, "timestamp": "2026-03-01T11:00:00Z"}
    return json.dumps({**fields, "data": data}, ensure_ascii=False).encode()


def sampled(rows: Sequence[Row], rules: Rules = ALL_FIELDS, shapes: Shapes | None = None) -> Decoded:
    flat = [(one, flatten(one.data, LIMITS.max_depth - 1)) for one in rows]
    return sample_rows(flat, {"molding": rules}, shapes or Shapes())


def listed(decoded: Decoded) -> list[Sample]:
    """(stream, category, value, position of the row), sorted."""
    assert decoded.samples is not None
    columns = decoded.samples
    found = zip(columns.pair.tolist(), columns.value.tolist(), columns.row.tolist(), strict=True)
    return sorted((*decoded.pairs[pair], value, position) for pair, value, position in found)


def by_contracts(rows: Sequence[Row], rules: Rules) -> list[Sample]:
    return sorted(
        (one.stream, name, value, position)
        for position, one in enumerate(rows)
        for name, value in samples(one, rules).values
    )


def test_a_row_is_kept_whole_and_gives_a_sample_per_number() -> None:
    data = {"CycleTime": 21.5, "ok": True, "note": "x", "deep": {"value": 3}}
    rows, letters = decode_rows(by_headers(records([wire(data), b"{}"]), CLAIM).placed, LIMITS)
    decoded = sample_rows(rows, {}, Shapes())
    assert json.loads(decoded.rows[0].data) == data
    assert decoded.samples is not None
    assert decoded.pairs == [("molding", "CycleTime"), ("molding", "ok"), ("molding", "deep.value")]
    assert (decoded.samples.pair.tolist(), decoded.samples.value.tolist()) == ([0, 1, 2], [21.5, 1.0, 3.0])
    assert [letter.reason for letter in letters] == [Reason.MISSING_FIELD]


def test_the_rules_of_a_stream_choose_and_split_its_fields() -> None:
    rows = [row({"machine": f"M-{n}", "CycleTime": n, "Shot": 1}, n) for n in (3, 4)]
    decoded = sampled(rows, Rules(exclude=("Shot",), split_by=("machine",)))
    assert decoded.samples is not None
    assert decoded.pairs == [("molding", "CycleTime{machine=M-3}"), ("molding", "CycleTime{machine=M-4}")]
    assert decoded.samples.row.tolist() == [0, 1]


@pytest.mark.parametrize(
    "data",
    [
        [{"a": 1, "b": {"x": 2}}, {"a": {"x": 1}, "b": 2}],
        [{"a": {}, "b": {"x": 1}}, {"a": {"x": 1}, "b": {}}],
        [{"a": {"x": {}}, "b": 1}, {"a": {"x": 1}, "b": {}}],
        [{"a": "1", "b": 2}, {"a": 1, "b": "2"}],
        [{"a": "1", "b": {"x": 1}}, {"a": {"x": 1}, "b": "1"}],
        [{"a": None, "b": 2}, {"a": 1, "b": None}, {"a": None, "b": None}],
        [{"a": [1], "b": 2}, {"a": 1, "b": [2]}],
    ],
)
def test_rows_that_look_alike_are_not_taken_for_each_other(data: list[dict[str, Any]]) -> None:
    rows = [row(one, number) for number, one in enumerate(data)]
    assert listed(sampled(rows)) == by_contracts(rows, ALL_FIELDS)


def test_more_shapes_than_are_kept_change_nothing() -> None:
    rows = [row({f"f{number % (SHAPES_MAX + 7)}": number}, number) for number in range(2 * SHAPES_MAX + 20)]
    shapes = Shapes()
    assert listed(sampled(rows, ALL_FIELDS, shapes)) == by_contracts(rows, ALL_FIELDS)
    assert listed(sampled(rows[::-1], ALL_FIELDS, shapes)) == by_contracts(rows[::-1], ALL_FIELDS)


KEYS = st.sampled_from(["a", "b", "c", "a.b", "b.c", "", "x" * 120, "é{", "line\nbreak"])
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.sampled_from([10**15, 10**15 + 1, -(10**15) - 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**400, 1e15, 1.1e15, -0.0]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "M-1", "12", "ünï", 'quo"te', "back\\slash"]),
    st.lists(st.one_of(st.integers(0, 3), st.text("ab", max_size=2), st.just({"k": "v"})), max_size=3),
)
DATA = st.recursive(
    st.dictionaries(KEYS, LEAVES, max_size=4), lambda inner: st.dictionaries(KEYS, LEAVES | inner, max_size=4)
)
RULES = st.builds(
    Rules,
    include=st.lists(st.sampled_from(["*", "a*", "b.*"]), max_size=2).map(tuple),
    exclude=st.lists(st.sampled_from(["c", "*.b"]), max_size=1).map(tuple),
    split_by=st.lists(st.sampled_from(["a", "b.c"]), max_size=2, unique=True).map(tuple),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(DATA, min_size=1, max_size=5), RULES)
@example([{f"f{number}": number for number in range(513)}] * 2, ALL_FIELDS)
@example([{f"f{number}": None if number < 9 else number for number in range(520)}] * 2, ALL_FIELDS)
@example([{"a": {"b": None}, "a.b": 1}, {"a": {"b": 2}, "a.b": 1}], ALL_FIELDS)
def test_columns_are_what_contracts_say_of_each_row(data: list[dict[str, Any]], rules: Rules) -> None:
    rows = [row(one, number) for number, one in enumerate([*data, *data])]
    assert listed(sampled(rows, rules)) == by_contracts(rows, rules)


@settings(max_examples=200, deadline=None)
@given(st.lists(DATA, min_size=1, max_size=4))
def test_the_same_records_are_accepted_and_refused(data: list[dict[str, Any]]) -> None:
    """Those with escapes and huge integers are read a second time by the exact reader; the outcome is one."""
    given_records = records([wire(one, number) for number, one in enumerate(data)])
    rows, letters = decode_rows(by_headers(given_records, CLAIM).placed, LIMITS)
    wanted: list[Row] = []
    reasons: list[Reason] = []
    for record in given_records:
        try:
            wanted.append(decode_row(record.value, _place(record, CLAIM), LIMITS))
        except Refused as refused:
            reasons.append(refused.reason)
    assert [one for one, _ in rows] == wanted
    assert [letter.reason for letter in letters] == reasons
    assert listed(sample_rows(rows, {}, Shapes())) == by_contracts(wanted, ALL_FIELDS)
