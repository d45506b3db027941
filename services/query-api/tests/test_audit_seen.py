"""The set of rows in bits, against a plain set."""

from hypothesis import given
from hypothesis import strategies as st

from query_api.audit.seen import SLOTS_A_PAGE, Seen

PLACES = st.tuples(
    st.sampled_from([16_400, 16_500]), st.tuples(st.integers(0, 3_000), st.integers(1, SLOTS_A_PAGE - 1))
)


@given(st.lists(PLACES), st.lists(PLACES))
def test_it_holds_what_was_added_and_nothing_else(added: list[tuple[int, tuple[int, int]]], others: list) -> None:
    seen, known = Seen(), set[tuple[int, tuple[int, int]]]()
    for place in added:
        assert seen.add(place) == (place not in known)
        known.add(place)
    assert [place in seen for place in added + others] == [place in known for place in added + others]
    seen.clear()
    assert not any(place in seen for place in added)
