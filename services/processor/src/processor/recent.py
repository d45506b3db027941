"""A memory of recent readings: a hint at which may be repeats, never an authority."""

import numpy as np

from processor.plan import Bools, Readings

GENERATION = 250_000


class Recent:
    """Hashes of the last 250,000 to 500,000 readings, in two generations.

    Without it every repeat would cost a failed COPY. A hit is verified in Postgres, a miss is caught by its key.
    """

    def __init__(self) -> None:
        self._young: set[int] = set()
        self._old: set[int] = set()

    def suspects(self, readings: Readings) -> Bools:
        """Which readings may have been written already."""
        hashes = _hashes(readings)
        if self._young.isdisjoint(hashes) and self._old.isdisjoint(hashes):
            return np.zeros(len(hashes), np.bool_)
        return np.array([number in self._young or number in self._old for number in hashes], np.bool_)

    def remember(self, readings: Readings) -> None:
        """Take in readings that have been committed."""
        self._young.update(_hashes(readings))
        if len(self._young) > GENERATION:
            self._young, self._old = set(), self._young


def _hashes(readings: Readings) -> list[int]:
    key = readings.series.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    key ^= readings.timestamp_us.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    key ^= readings.ids[:, 0] * np.uint64(0x165667B19E3779F9) ^ readings.ids[:, 1]
    hashes: list[int] = key.tolist()
    return hashes
