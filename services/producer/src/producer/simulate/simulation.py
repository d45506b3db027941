"""One run of a simulated stream, prepared: when each position is due and what makes its events."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from producer.simulate import profiles
from producer.simulate.events import Make, make_readings, make_rows
from producer.simulate.noise import keys, uniform
from producer.simulate.timeline import Timeline
from producer.spec import Spec

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
    timeline: Timeline
    make: Make
    mischief: dict[str, NDArray[np.uint64]]

    @property
    def topic(self) -> Literal["readings", "rows"]:
        """Where its events go."""
        return "rows" if self.spec.profile == "table" else "readings"

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
    if spec.profile == "table":
        make = make_rows(stream, seed)
    else:
        make = make_readings(stream, categories, PROFILES[spec.profile](seed, categories))
    return Simulation(
        stream=stream,
        run=run,
        spec=spec,
        timeline=Timeline(run_start_us, spec.events_per_s, business_days=spec.profile == "prices"),
        make=make,
        mischief={purpose: keys(seed, ("",), purpose) for purpose in MISCHIEF},
    )
