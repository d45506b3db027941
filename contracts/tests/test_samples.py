"""Which fields of a row become samples."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from contracts.events import Row
from contracts.samples import Rules, labels, samples


def row(data: dict[str, Any]) -> Row:
    """A row with this data."""
    return Row(UUID(int=1), "molding", 0, datetime(2025, 1, 1, tzinfo=UTC), data)


def test_numbers_and_booleans_are_samples_under_dotted_names() -> None:
    data = {"CycleTime": 12.25, "state": {"ShotCount": 4711, "on": True, "deep": {"off": False}}}
    expected = [("CycleTime", 12.25), ("state.ShotCount", 4711.0), ("state.on", 1.0), ("state.deep.off", 0.0)]
    assert samples(row(data)) == (expected, 0)
    assert all(type(value) is float for _, value in samples(row(data)).values)


@pytest.mark.parametrize(
    ("data", "skipped"),
    [
        ({"text": "x"}, 1),
        ({"list": [1, 2]}, 1),
        ({"lists": [], "texts": ""}, 2),
        ({"null": None}, 0),
        ({"empty": {}}, 0),
        ({"large": 1e15}, 0),
        ({"large": -1e15}, 0),
        ({"too large": 1000000000000000.2}, 1),
        ({"too large": -(10**400)}, 1),
        ({"": 1}, 1),
        ({"x" * 128: 1}, 0),
        ({"x" * 129: 1}, 1),
        ({"x" * 100: {"y" * 27: 1}}, 0),
        ({"x" * 100: {"y" * 28: 1}}, 1),
        ({"line\nbreak": 1}, 1),
        ({"no\u00a0break": 1}, 0),
        ({"a.b": 1, "a": {"b": 2}}, 1),
    ],
)
def test_a_field_that_cannot_be_a_sample_is_counted(data: dict[str, Any], skipped: int) -> None:
    assert samples(row(data)).skipped == skipped


def test_of_two_fields_with_one_name_the_first_is_taken() -> None:
    assert samples(row({"a": {"b": 2}, "a.b": 1})).values == [("a.b", 2.0)]


def test_the_first_512_samples_are_taken_and_the_rest_is_counted() -> None:
    data: dict[str, Any] = {"text": "x"} | {f"f{number}": number for number in range(515)}
    found = samples(row(data))
    assert [name for name, _ in found.values] == [f"f{number}" for number in range(512)]
    assert found.skipped == 4


PRODUCT: dict[str, Any] = {
    "machine": "M-3",
    "line": 7,
    "state": {"CycleTime": 12.25, "Barrel1": 201, "mold": {"id": "A,b=c{d}%", "on": True}},
    "note": "x",
}


def categories(data: dict[str, Any], **rules: tuple[str, ...]) -> list[str]:
    return [name for name, _ in samples(row(data), Rules(**rules)).values]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"include": ("state.*",)}, ["state.CycleTime", "state.Barrel1", "state.mold.on"]),
        ({"include": ("*.on", "line")}, ["line", "state.mold.on"]),
        ({"exclude": ("state.*",)}, ["line"]),
        ({"include": ("state.*",), "exclude": ("*1", "state.mold.*")}, ["state.CycleTime"]),
        ({"include": ("state.Barrel[0-9]",)}, ["state.Barrel1"]),
        ({"include": ("state.barrel1",)}, []),
        ({"include": ("CycleTime",)}, []),
    ],
)
def test_patterns_choose_fields_by_their_dotted_names(rules: dict[str, tuple[str, ...]], expected: list[str]) -> None:
    assert categories(PRODUCT, **rules) == expected


def test_what_the_rules_leave_out_is_not_counted_as_skipped() -> None:
    assert samples(row(PRODUCT)).skipped == 3
    assert samples(row(PRODUCT), Rules(exclude=("machine", "line"))).skipped == 2
    assert samples(row(PRODUCT), Rules(include=("state.CycleTime",))).skipped == 0


def test_what_the_rules_leave_out_does_not_count_towards_the_512() -> None:
    data = {f"out{number}": number for number in range(600)} | {f"in{number}": number for number in range(512)}
    assert samples(row(data), Rules(exclude=("out*",))).skipped == 0


@pytest.mark.parametrize(
    ("split_by", "expected"),
    [
        ((), ""),
        (("machine",), "{machine=M-3}"),
        (("machine", "line"), "{machine=M-3,line=7}"),
        (("line", "machine"), "{line=7,machine=M-3}"),
        (("state.mold.id",), "{state.mold.id=A%2Cb%3Dc%7Bd%7D%25}"),
        (("state.mold.on", "state.CycleTime"), "{state.mold.on=true,state.CycleTime=12.25}"),
        (("absent", "state", "machine"), "{machine=M-3}"),
        (("absent",), ""),
    ],
)
def test_labels_stand_in_the_order_of_split_by(split_by: tuple[str, ...], expected: str) -> None:
    assert labels(PRODUCT, split_by) == expected


def test_a_label_becomes_part_of_every_category() -> None:
    data = {"machine": "3", "state": {"CycleTime": 1}, "a{b}": 2}
    assert categories(data, split_by=("machine",)) == ["state.CycleTime{machine=3}", "a%7Bb%7D{machine=3}"]
    assert categories({"state": {"CycleTime": 1}}, split_by=("machine",)) == ["state.CycleTime"]


def test_a_field_cannot_pass_for_one_with_a_label() -> None:
    split = categories({"m": "1", "x": 1}, split_by=("m",))
    assert not set(split) & set(categories({"x{m=1}": 1}, split_by=("m",)))


def test_patterns_see_names_without_labels() -> None:
    rules = {"include": ("*Time",), "split_by": ("machine",)}
    assert categories(PRODUCT, **rules) == ["state.CycleTime{machine=M-3}"]


@pytest.mark.parametrize("machine", ["x" * 120, "line\nbreak"])
def test_a_label_that_makes_no_category_takes_the_samples_away(machine: str) -> None:
    assert samples(row({"machine": machine, "CycleTime": 1}), Rules(split_by=("machine",))) == ([], 2)


def test_of_two_fields_with_one_dotted_name_the_first_is_the_label() -> None:
    assert labels({"a": {"b": "in"}, "a.b": "out"}, ("a.b",)) == "{a.b=in}"
    assert labels({"a.b": "out", "a": {"b": "in"}}, ("a.b",)) == "{a.b=out}"
    assert labels({"a": {"c": 1}, "a.b": "out"}, ("a.b",)) == "{a.b=out}"


@pytest.mark.parametrize(
    ("spec", "rules"),
    [
        ({}, Rules()),
        ({"url": "https://example.org/x.json", "fields": {}, "split_by": []}, Rules()),
        ({"fields": {"include": ["a", "b"]}}, Rules(include=("a", "b"))),
        ({"fields": {"exclude": ["a"]}, "split_by": ["m"]}, Rules(exclude=("a",), split_by=("m",))),
        ({"fields": None, "split_by": None}, Rules()),
    ],
)
def test_the_rules_are_read_from_a_streams_spec(spec: dict[str, Any], rules: Rules) -> None:
    assert Rules.of(spec) == rules
