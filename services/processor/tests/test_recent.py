"""The memory of recent readings, against Python's own sets."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from processor import recent
from processor.plan import Readings
from processor.recent import GENERATION, Recent


def some(ids: range | list[int]) -> Readings:
    """Readings that differ in nothing but their ids."""
    count = len(ids)
    halves = np.array([(0, i) for i in ids], np.uint64).reshape(-1, 2)
    nothing = np.zeros(count, np.int64)
    return Readings(nothing.astype(np.int32), nothing, np.zeros(count), nothing.astype(np.int32), halves, nothing)


@given(st.lists(st.lists(st.integers(0, 50), unique=True, max_size=20), max_size=5), st.lists(st.integers(0, 50)))
def test_what_was_written_is_suspected_and_nothing_else(written: list[list[int]], asked: list[int]) -> None:
    memory = Recent()
    for portion in written:
        memory.remember(some(portion))
    assert memory.suspects(some(asked)).tolist() == [any(i in portion for portion in written) for i in asked]


def test_a_quarter_of_a_million_readings_back_all_are_known_and_far_back_none() -> None:
    memory, step = Recent(), 50_000
    for start in range(0, 3 * GENERATION, step):
        memory.remember(some(range(start, start + step)))
    assert memory.suspects(some(range(2 * GENERATION, 3 * GENERATION))).all()
    assert not memory.suspects(some(range(step))).any()


def test_ids_made_to_meet_in_one_cell_are_forgotten_not_searched_for_ever() -> None:
    generation = recent._Generation()
    marks, homes = np.arange(1, 1_001, dtype=np.uint32), np.full(1_000, (1 << recent.CELLS_BITS) - 1)
    generation.add(marks, homes)
    assert generation.has(marks, homes).sum() == recent.PROBES
