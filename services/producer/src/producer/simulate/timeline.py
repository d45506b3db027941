"""Event time as a function of position: `run_start + position / rate`, and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Micros = NDArray[np.int64]
"""Microseconds since 1970, UTC."""

SECOND = 1_000_000
DAY = 86_400 * SECOND
WEEK = 7 * DAY
WORK_WEEK = 5 * DAY
MONDAY = 4 * DAY
"""1970-01-05, the first Monday."""


@dataclass(frozen=True)
class Timeline:
    """When each position is due. With `business_days` weekends (Friday 24:00 to Monday 00:00 UTC) do not exist."""

    start_us: int
    rate: float
    business_days: bool = False

    def at(self, positions: NDArray[np.int64]) -> Micros:
        """Event times, cut to microseconds of the exact quotient's nearest value; never falling."""
        passed = np.rint(positions * float(SECOND) / self.rate).astype(np.int64)
        if not self.business_days:
            times: Micros = self.start_us + passed
            return times
        working_times: Micros = _calendar(business_time(self.start_us) + passed)
        return working_times

    def time_of(self, position: int) -> int:
        """The event time of one position."""
        return int(self.at(np.array([position], np.int64))[0])

    def start_for(self, position: int, time_us: int) -> int:
        """The start with which the position has this time (with business days: this time or the Monday after it)."""
        passed = round(position * SECOND / self.rate)
        return _calendar(business_time(time_us) - passed) if self.business_days else time_us - passed

    def due(self, now_us: int) -> int:
        """How many positions have an event time of at most now: positions 0 … due - 1."""
        passed = business_time(now_us) - business_time(self.start_us) if self.business_days else now_us - self.start_us
        if passed < 0:
            return 0
        due = int(passed * self.rate / SECOND) + 1
        while due > 0 and self.time_of(due - 1) > now_us:
            due -= 1
        while self.time_of(due) <= now_us:
            due += 1
        return due


def business_time(time_us: int) -> int:
    """Microseconds of Mondays to Fridays between the first Monday and the time."""
    weeks, rest = divmod(time_us - MONDAY, WEEK)
    return weeks * WORK_WEEK + min(rest, WORK_WEEK)


def _calendar(business_us: Any) -> Any:
    """The time, or times, that so many business microseconds after the first Monday are."""
    return MONDAY + business_us // WORK_WEEK * WEEK + business_us % WORK_WEEK
