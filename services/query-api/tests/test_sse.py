"""Server-sent events on the wire, and the vector that is their id."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query_api.sse import Partition, Position, decode, encode, event, later, pieces, ping, reached

topics = st.from_regex(r"[A-Za-z0-9._-]{1,60}", fullmatch=True)
vectors = st.dictionaries(
    st.builds(Partition, st.integers(1, 99), topics, st.integers(0, 999)),
    st.builds(Position, st.integers(1, 99), st.integers(0, 2**50)),
)
VECTOR = {Partition(1, "readings", 0): Position(1, 42), Partition(1, "rows", 3): Position(2, 7)}


@given(vectors)
def test_a_vector_comes_back_as_it_went(vector: dict[Partition, Position]) -> None:
    text = encode(vector)
    assert decode(text) == vector
    assert text.isascii()
    assert text.isprintable()


@given(st.text())
def test_anything_else_is_no_vector_and_nothing_worse(text: str) -> None:
    try:
        vector = decode(text)
    except ValueError:
        return
    assert decode(encode(vector)) == vector


@pytest.mark.parametrize(
    "text", [",", "1:readings:0:1", "1:readings:0:1:-5", "1:a b:0:1:5", "1:r:0:1:5,", "x" * 10_000]
)
def test_a_damaged_vector_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="vector"):
        decode(text)


def test_an_event_has_its_name_its_vector_and_one_line_of_json() -> None:
    assert event("windows", [{"category": "a\nb"}], VECTOR) == (
        b'event: windows\nid: 1:readings:0:1:42,1:rows:3:2:7\ndata: [{"category":"a\\nb"}]\n\n'
    )


def test_a_ping_moves_the_id_and_is_no_event() -> None:
    assert ping(VECTOR) == b": ping\nid: 1:readings:0:1:42,1:rows:3:2:7\n\n"


@given(st.binary(max_size=300_000))
def test_pieces_are_the_whole(message: bytes) -> None:
    parts = list(pieces(message))
    assert b"".join(parts) == message
    assert all(len(part) <= 65_536 for part in parts)


@given(vectors, vectors)
def test_what_either_has_seen_has_reached_both(
    one: dict[Partition, Position], other: dict[Partition, Position]
) -> None:
    both = later(one, other)
    assert reached(both, one)
    assert reached(both, other)
    assert later(both, one) == both


def test_one_more_offset_is_not_reached() -> None:
    ahead = VECTOR | {Partition(1, "readings", 0): Position(1, 43)}
    assert reached(ahead, VECTOR)
    assert not reached(VECTOR, ahead)
    assert not reached({}, VECTOR)
