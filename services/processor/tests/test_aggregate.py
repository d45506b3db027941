"""Windows against a brute-force model: any order, repeats, any cut into batches."""

import math
import random
from datetime import UTC, datetime
from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from processor.aggregate import drop_repeats, quarters_of, windows_of
from processor.columns import microseconds
from processor.plan import Readings, Samples, Windows

MINUTE = 60_000_000
BASE = microseconds(datetime(2026, 3, 1, 11, 58, tzinfo=UTC))

values = (
    st.floats(-1e15, 1e15) | st.integers(-(10**15), 10**15).map(float) | st.sampled_from([0.1, 1e15, -1e15, 2.0**-60])
)
events = st.tuples(
    st.integers(1, 3), st.integers(0, 40).map(lambda n: BASE + n * 17_000_001), st.integers(0, 3), values
)
Event = tuple[int, int, int, float]


def columns(lines: list[Event]) -> Readings:
    series, at, ids, numbers = zip(*lines, strict=True) if lines else ((), (), (), ())
    return Readings(
        series=np.array(series, np.int32),
        timestamp_us=np.array(at, np.int64),
        value=np.array(numbers, np.float64) + 0.0,
        source=np.zeros(len(lines), np.int32),
        ids=np.array([(0, i) for i in ids], np.uint64).reshape(-1, 2),
        offset=np.arange(len(lines)),
    )


def lines_of(windows: Windows) -> dict[tuple[int, int], tuple[object, ...]]:
    sums = [
        ((s0 * 2**31 + s1) * 2**31 + s2) * 2**31 + s3
        for s0, s1, s2, s3 in zip(*(part.tolist() for part in windows.sums), strict=True)
    ]
    parts = (windows.count, windows.min, windows.max, windows.first, windows.last, windows.minutes)
    rest = zip(*(part.tolist() for part in parts), strict=True)
    keys = zip(windows.series.tolist(), windows.start_us.tolist(), strict=True)
    return {key: (total, *line) for key, total, line in zip(keys, sums, rest, strict=True)}


def model(lines: list[Event], width: int) -> dict[tuple[int, int], tuple[object, ...]]:
    """Dicts and fractions: each distinct event once, its first value."""
    distinct: dict[tuple[int, int, int], float] = {}
    for series, at, event_id, value in lines:
        distinct.setdefault((series, at, event_id), value + 0.0)
    groups: dict[tuple[int, int], list[tuple[int, float]]] = {}
    for (series, at, _), value in distinct.items():
        groups.setdefault((series, at // width * width), []).append((at, value))
    return {
        key: (
            sum(fixed(value) for _, value in group),
            len(group),
            min(value for _, value in group),
            max(value for _, value in group),
            min(group)[1],
            max(group)[1],
            0 if width == MINUTE else sum(1 << m for m in {at // MINUTE % 15 for at, _ in group}),
        )
        for key, group in groups.items()
    }


def fixed(value: float) -> int:
    """The value in units of 2^-62, nearest, ties to even."""
    return round(Fraction(value) * 2**62)


@settings(max_examples=300, deadline=None)
@given(st.lists(events, max_size=40))
def test_windows_and_quarters_equal_the_model(lines: list[Event]) -> None:
    windows = windows_of(drop_repeats(columns(lines)))
    assert lines_of(windows) == model(lines, MINUTE)
    assert lines_of(quarters_of(windows)) == model(lines, 15 * MINUTE)


@given(st.lists(events, min_size=1, max_size=30, unique_by=lambda event: event[:3]), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(lines: list[Event], rng: random.Random) -> None:
    shuffled = rng.sample(lines, len(lines))
    assert lines_of(windows_of(columns(lines))) == lines_of(windows_of(columns(shuffled)))


def test_of_equal_events_the_first_one_counts() -> None:
    kept = drop_repeats(columns([(1, BASE, 9, 5.0), (1, BASE, 9, 6.0), (1, BASE, 8, 7.0)]))
    assert sorted(zip(kept.ids[:, 1].tolist(), kept.value.tolist(), strict=True)) == [(8, 7.0), (9, 5.0)]


def test_a_sum_that_floats_get_wrong_is_exact() -> None:
    numbers = [1e15, 0.1, -1e15, 0.2] * 5_000
    samples = columns([(1, BASE, n, value) for n, value in enumerate(numbers)])
    ((total, *_),) = lines_of(windows_of(samples)).values()
    assert sum(numbers) != math.fsum(numbers)
    assert float(Fraction(int(str(total)), 2**62)) == math.fsum(numbers)


def test_a_million_of_the_greatest_values_do_not_overflow() -> None:
    count = 1_000_000
    samples = Samples(np.ones(count, np.int32), np.full(count, BASE), np.full(count, 1e15), np.zeros(count, np.int32))
    ((total, *_),) = lines_of(windows_of(samples)).values()
    assert total == 10**15 * count * 2**62


def test_nothing_in_nothing_out() -> None:
    assert lines_of(quarters_of(windows_of(drop_repeats(columns([]))))) == {}
