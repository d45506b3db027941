"""The events of a simulation: a pure function of (spec, stream, run, run start) and positions."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import msgspec
import numpy as np
from numpy.typing import NDArray

from contracts.codec import reading_key
from contracts.wire import WireReading
from producer.simulate import profiles
from producer.simulate.corrupt import corrupt
from producer.simulate.ids import event_ids
from producer.simulate.noise import keys, uniform
from producer.simulate.profiles import Profile, Turns
from producer.simulate.timeline import SECOND, Micros, Timeline
from producer.spec import Spec

Record = tuple[bytes, bytes]
"""Key and value of a record of topic `readings`."""

PROFILES = {
    "sensor": profiles.sensor,
    "random-walk": profiles.random_walk,
    "random-int": profiles.random_int,
    "prices": profiles.prices,
}
MISCHIEF = ("late", "disorder", "duplicate", "corrupt", "how_late", "how_far", "how_corrupt", "jitter")


@dataclass(frozen=True, eq=False)
class Simulation:
    """One run of a simulated stream; made once, pure from then on."""

    stream: str
    run: int
    spec: Spec
    categories: tuple[str, ...]
    keys: tuple[bytes, ...]
    timeline: Timeline
    profile: Profile
    mischief: dict[str, NDArray[np.uint64]]

    @property
    def end(self) -> int | None:
        """How many positions there are; None: endless."""
        return self.spec.end

    def publish_at(self, position: int) -> int:
        """When the event at a position is to be published, in microseconds since 1970: its turn and its latency."""
        jitter_ms = 0.0
        if self.spec.jitter_ms:
            jitter_ms = self.spec.jitter_ms * float(uniform(self.mischief["jitter"], np.array([position]))[0])
        return self.timeline.time_of(position) + int((self.spec.latency_ms + jitter_ms) * 1000)

    def due(self, now_us: int) -> int:
        """Positions below it are to be published by now; the last ones may jitter."""
        due = self.timeline.due(now_us - int(self.spec.latency_ms * 1000))
        return due if self.end is None else min(due, self.end)


def simulation(stream: str, run: int, run_start_us: int, spec: Spec) -> Simulation:
    """Prepare a run; without a seed the stream's id is one."""
    seed = spec.seed if spec.seed is not None else int.from_bytes(sha256(stream.encode()).digest()[:7], "big")
    categories = spec.category_names
    return Simulation(
        stream=stream,
        run=run,
        spec=spec,
        categories=categories,
        keys=tuple(reading_key(stream, category) for category in categories),
        timeline=Timeline(run_start_us, spec.events_per_s, business_days=spec.profile == "prices"),
        profile=PROFILES[spec.profile](seed, categories),
        mischief={purpose: keys(seed, ("",), purpose) for purpose in MISCHIEF},
    )


def generate(run: Simulation, first: int, last: int) -> list[Record]:
    """The records of positions first … last - 1, in the order of publishing."""
    positions = np.arange(first, last, dtype=np.int64)
    category = positions % len(run.categories)
    turn_us = run.timeline.at(positions)
    values = run.profile(Turns(category, positions // len(run.categories), turn_us / SECOND))
    times = np.datetime_as_string(_event_times(run, positions, turn_us).view("M8[us]"), timezone="UTC")
    wire = zip(
        event_ids(run.stream, run.run, range(first, last)),
        category.tolist(),
        times.tolist(),
        values.tolist(),
        strict=True,
    )
    encode = msgspec.json.Encoder().encode
    records = [
        (run.keys[c], encode(WireReading(id=i, stream=run.stream, category=run.categories[c], timestamp=t, value=v)))
        for i, c, t, v in wire
    ]
    if run.spec.duplicate_ratio or run.spec.corrupt_ratio:
        records = list(_with_mischief(run, positions, records))
    return records


def _event_times(run: Simulation, positions: NDArray[np.int64], turn_us: Micros) -> Micros:
    """The turn's time, for late events 1 to 60 minutes before it, for events out of order 1 to 10 turns before it."""
    early_us = np.zeros(len(positions), np.int64)
    if run.spec.disorder_ratio:
        turns = 1 + np.floor(uniform(run.mischief["how_far"], positions) * 10)
        turn_length_us = SECOND * len(run.categories) / run.spec.events_per_s
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
