"""Lines are cut, numbered and identified; whatever the pieces that they arrive in."""

import json
from itertools import count, pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given

from tideline import portions as module
from tideline.portions import LINE_BYTES_MAX, PORTION_LINES, Line, identified, portions

BOM = b"\xef\xbb\xbf"
LETTERS = st.sampled_from([b"a", b"bc", b" ", b"\r", b"\t", b"\n", b"\n\n", b"\x00", "ü".encode()])


def cut(text: bytes, places: list[int]) -> list[bytes]:
    """The text in pieces that end at these places."""
    ends = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    return [text[start:end] for start, end in pairwise(ends)]


@given(st.lists(LETTERS).map(b"".join), st.lists(st.integers(0, 10_000)), st.integers(1, 20))
def test_every_line_arrives_once_in_order_with_its_number(text: bytes, places: list[int], bytes_max: int) -> None:
    made = list(portions(cut(text, places), bytes_max))
    expected = [Line(number, line.strip(b" \r\t")) for number, line in enumerate(text.split(b"\n"), 1)]
    expected = [line for line in expected if line.data]
    assert [line for portion in made for line in portion] == expected
    assert all(len(portion) == 1 or sum(len(line.data or b"") + 1 for line in portion) <= bytes_max for portion in made)
    assert all(made)


def test_what_a_piece_ends_is_not_kept_back() -> None:
    seen: list[str] = []

    def pieces():
        seen.append("first")
        yield b"1\n2"
        seen.append("second")
        yield b"\n"

    coming = portions(pieces())
    assert next(coming) == [Line(1, b"1")]
    assert seen == ["first"]
    assert next(coming) == [Line(2, b"2")]


def test_a_portion_has_a_limited_number_of_lines() -> None:
    sizes = [len(portion) for portion in portions([b"1\n" * (2 * PORTION_LINES + 5)])]
    assert sizes == [PORTION_LINES, PORTION_LINES, 5]


def test_a_line_that_is_too_long_is_not_kept_and_the_next_one_is_read() -> None:
    half = b"x" * (LINE_BYTES_MAX // 2 + 1)
    found = [line for portion in portions([b"1\n" + half, half, half + b"\n2"]) for line in portion]
    assert found == [Line(1, b"1"), Line(2, None), Line(3, b"2")]


def test_a_line_of_just_the_limit_is_kept() -> None:
    ((line,),) = portions([b"x" * LINE_BYTES_MAX])
    assert line == Line(1, b"x" * LINE_BYTES_MAX)


@pytest.fixture
def identify():
    numbers = count(1)
    return lambda line: identified(line, lambda: f"id-{next(numbers)}", lambda: "2026-01-02T03:04:05Z")


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        (b'{"stream":"a"}', b'{"id": "id-1", "timestamp": "2026-01-02T03:04:05Z","stream":"a"}'),
        (b' { "timestamp":"x"}', b'{"id": "id-1", "timestamp":"x"}'),
        (
            b'{"value":1e999, "value":0.10}',
            b'{"id": "id-1", "timestamp": "2026-01-02T03:04:05Z","value":1e999, "value":0.10}',
        ),
    ],
)
def test_an_event_without_id_gets_one_and_the_rest_of_it_stays(identify, line: bytes, sent: bytes) -> None:
    assert identify(line) == sent
    assert json.loads(sent).items() >= json.loads(line).items()


@pytest.mark.parametrize(
    "line",
    [
        b'{"id":"x"}',
        b'{"id":null}',
        b"{}",
        b"[]",
        b'"{"',
        b"{",
        b"\xff",
        b"7",
        b"[" * 100_000,
        BOM + b'{"a":1}',
        '{"a":1}'.encode("utf-16"),
    ],
)
def test_what_has_an_id_or_is_no_event_stays_as_it_is(identify, line: bytes) -> None:
    assert identify(line) == line


def test_the_limits_of_a_portion_are_below_those_of_the_server() -> None:
    """1 MiB is the largest body that the query API takes by default, and identities add to a line."""
    identity = len(identified(b'{"a":1}', lambda: "i" * 36, lambda: "2026-01-02T03:04:05.123456Z"))
    assert module.PORTION_BYTES + module.PORTION_LINES * identity < 1_048_576
    assert LINE_BYTES_MAX + identity < 1_048_576
