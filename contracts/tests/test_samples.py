"""Which fields of a row become samples."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from contracts.events import Row
from contracts.samples import samples


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
