"""Places for clients: so many in all, so many for one address, and free again when somebody leaves."""

import pytest

from chassis.problems import Problem
from query_api.places import Places


def test_an_address_has_its_part_and_others_have_theirs() -> None:
    places = Places(3, 2)
    places.take("a")
    places.take("a")
    with pytest.raises(Problem, match="2 clients of your address") as refused:
        places.take("a")
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "5"})
    places.take("b")
    with pytest.raises(Problem, match="3 clients are connected"):
        places.take("c")
    places.leave("a")
    places.take("c")


def test_a_place_is_free_again_however_it_was_left() -> None:
    places = Places(1, 1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), places.one("a"):
            raise ZeroDivisionError
    with places.one("a"), pytest.raises(Problem), places.one("b"):
        pass
