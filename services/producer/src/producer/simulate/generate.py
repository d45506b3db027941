"""The events of a simulation: a pure function of (spec, stream, run, run start) and positions."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from producer.simulate.corrupt import corrupt
from producer.simulate.events import Record, Span
from producer.simulate.ids import event_ids
from producer.simulate.noise import uniform
from producer.simulate.simulation import Simulation
from producer.simulate.timeline import SECOND, Micros


def generate(run: Simulation, first: int, last: int) -> list[Record]:
    """The records of positions first … last - 1, in the order of publishing."""
    positions = np.arange(first, last, dtype=np.int64)
    turn_us = run.timeline.at(positions)
    times = np.datetime_as_string(_event_times(run, positions, turn_us).view("M8[us]"), timezone="UTC").tolist()
    records = run.make(Span(positions, event_ids(run.stream, run.run, range(first, last)), turn_us, times))
    if run.spec.duplicate_ratio or run.spec.corrupt_ratio:
        records = list(_with_mischief(run, positions, records))
    return records


def _event_times(run: Simulation, positions: NDArray[np.int64], turn_us: Micros) -> Micros:
    """The turn's time, for late events 1 to 60 minutes before it, for events out of order 1 to 10 turns before it."""
    early_us = np.zeros(len(positions), np.int64)
    if run.spec.disorder_ratio:
        turns = 1 + np.floor(uniform(run.mischief["how_far"], positions) * 10)
        turn_length_us = SECOND * len(run.spec.category_names) / run.spec.events_per_s
        chosen = uniform(run.mischief["disorder"], positions) < run.spec.disorder_ratio
        early_us = np.where(chosen, np.rint(turns * turn_length_us).astype(np.int64), early_us)
    if run.spec.late_ratio:
        minutes = 1 + 59 * uniform(run.mischief["how_late"], positions)
        chosen = uniform(run.mischief["late"], positions) < run.spec.late_ratio
        early_us = np.where(chosen, np.rint(minutes * 60 * SECOND).astype(np.int64), early_us)
    return turn_us - early_us


def _with_mischief(run: Simulation, positions: NDArray[np.int64], records: list[Record]) -> Iterator[Record]:
    """Corrupt events in place of good ones, duplicates right after theirs."""
    corrupted = (uniform(run.mischief["corrupt"], positions) < run.spec.corrupt_ratio).tolist()
    doubled = (uniform(run.mischief["duplicate"], positions) < run.spec.duplicate_ratio).tolist()
    choice = uniform(run.mischief["how_corrupt"], positions).tolist()
    for n, (key, value) in enumerate(records):
        record = (key, corrupt(value, choice[n])) if corrupted[n] else (key, value)
        yield record
        if doubled[n]:
            yield record
