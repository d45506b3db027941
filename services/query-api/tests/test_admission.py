"""Names, origins and the pace of changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query_api import admission
from query_api.admission import Pace, is_own, name_of


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:8000", "localhost"),
        ("localhost.:8000", "localhost"),
        ("127.0.0.1:8000", "127.0.0.1"),
        ("[::1]:8000", "::1"),
        ("::1", ""),
        ("evil.example", "evil.example"),
        ("localhost.evil.example", "localhost.evil.example"),
        ("", ""),
        ("[", ""),
    ],
)
def test_the_name_in_a_host_header(host: str, name: str) -> None:
    assert name_of(host) == name


@pytest.mark.parametrize(
    ("origin", "own"),
    [
        ("http://localhost:8000", True),
        ("https://LOCALHOST:8000", True),
        ("https://tideline.example", True),
        ("http://localhost", False),
        ("http://localhost:8001", False),
        ("http://127.0.0.1:8000", False),
        ("null", False),
        ("", False),
        ("http://localhost:8000.evil.example", False),
        ("http://localhost:8000@evil.example", False),
        ("file://localhost:8000", False),
        ("http://[", False),
    ],
)
def test_an_origin_is_own_when_its_page_came_from_here(origin: str, own: bool) -> None:
    assert is_own(origin, "localhost:8000", "https://tideline.example") is own


def test_without_a_public_url_no_empty_origin_is_own() -> None:
    assert not is_own("http://", "", "")


def test_a_burst_then_so_many_a_second() -> None:
    pace = Pace(burst=5, per_s=2)
    assert [pace.wait_s("a", 100.0) == 0 for _ in range(7)] == [True] * 5 + [False] * 2
    assert pace.wait_s("a", 100.0) == pytest.approx(0.5)
    assert pace.wait_s("b", 100.0) == 0, "each client by itself"
    assert [pace.wait_s("a", 100.5) == 0 for _ in range(2)] == [True, False]
    assert [pace.wait_s("a", 200.0) == 0 for _ in range(6)] == [True] * 5 + [False]


@given(st.lists(st.floats(0, 3), max_size=200), st.integers(1, 20), st.floats(0.5, 50))
def test_it_never_lets_more_through_than_the_burst_and_the_time_that_passed(
    pauses: list[float], burst: int, per_s: float
) -> None:
    pace, now, taken = Pace(burst, per_s), 0.0, []
    for pause in pauses:
        now += pause
        if pace.wait_s("a", now) == 0:
            taken.append(now)
    for n, first in enumerate(taken):
        for m in range(n, len(taken)):
            assert m - n + 1 <= burst + (taken[m] - first) * per_s + 1e-3


def test_its_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "CLIENTS_MAX", 10)
    pace = Pace(burst=2, per_s=1)
    assert [pace.wait_s(str(n), 0.0) == 0 for n in range(20)] == [True] * 12 + [False] * 8
    assert pace.wait_s("new", 10.0) == 0, "those that have rested are forgotten"
