"""Whole columns of texts, against Python's own readers."""

from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.reasons import Refused
from contracts.times import parse_time
from processor.columns import ids_of, microseconds, times_of

plain_times = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(lambda at: at.isoformat() + "Z")  # noqa: DTZ001
odd_times = st.text("0123456789-:.TZtz+ é", min_size=18, max_size=30)


@given(st.lists(plain_times, min_size=1, max_size=20))
def test_plain_times_become_microseconds(texts: list[str]) -> None:
    times = times_of(texts)
    assert times is not None
    wanted = [microseconds(datetime.fromisoformat(text.replace("Z", "+00:00"))) for text in texts]
    assert times.tolist() == wanted


@given(st.lists(plain_times | odd_times, min_size=1, max_size=3))
def test_a_time_is_read_as_contracts_reads_it_or_left_to_it(texts: list[str]) -> None:
    times = times_of(texts)
    if times is None:
        return
    try:
        assert times.tolist() == [microseconds(parse_time(text)) for text in texts]
    except Refused as refused:
        raise AssertionError(f"columns took what contracts refuses: {refused}") from None


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-10T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00+00:00",
        "0000-01-01T00:00:00Z",
        "\uff12026-01-01T00:00:00Z",
    ],
)
def test_anything_but_the_plain_form_is_left_alone(text: str) -> None:
    assert times_of(["2026-01-01T00:00:00Z", text]) is None


def test_a_leap_day_and_a_cut_fraction() -> None:
    times = times_of(["2024-02-29T23:59:59.1234569Z", "2000-02-29T00:00:00Z"])
    assert times is not None
    assert times.tolist() == [1_709_251_199_123_456, 951_782_400_000_000]


@given(st.lists(st.uuids(), min_size=1, max_size=20))
def test_uuids_become_halves(ids: list[UUID]) -> None:
    halves = ids_of([str(i) if n % 2 else str(i).upper() for n, i in enumerate(ids)])
    assert halves is not None
    assert [(int(high) << 64) + int(low) for high, low in halves] == [i.int for i in ids]


@pytest.mark.parametrize(
    "text",
    [
        "0195f2b47c1e7d5a9b3f2f6a1c0d4e11",
        "0195f2b4-7c1e-7d5a-9b3f-2f6a1c0d4e1g",
        "0195f2b4 7c1e-7d5a-9b3f-2f6a1c0d4e11",
        "0195f2b4-7c1e-7d5a-9b3f- f6a1c0d4e11",
        "0195f2b47-c1e-7d5a-9b3f-2f6a1c0d4e11",
        "0195f2b4-7c1e-7d5a-9b3f-2f6a1c0-4e11",
        "",
    ],
)
def test_what_is_no_canonical_uuid_is_left_alone(text: str) -> None:
    assert ids_of([str(UUID(int=7)), text]) is None


def test_two_wrong_lengths_do_not_make_a_right() -> None:
    assert ids_of([str(UUID(int=7))[:-1], "1" + str(UUID(int=7))]) is None


def test_microseconds_are_exact() -> None:
    assert microseconds(datetime(2286, 11, 20, 17, 46, 39, 999_999, UTC)) == 9_999_999_999_999_999
    assert isinstance(microseconds(datetime(1969, 12, 31, tzinfo=UTC)), int)
    assert np.int64(microseconds(datetime(1969, 12, 31, tzinfo=UTC))) == -86_400_000_000
