"""What the values of each profile look like."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from producer.simulate.noise import Floats, Positions, bell, keys, uniform, walk

DAY_S = 86_400
HOUR_S = 3_600


@dataclass(frozen=True, eq=False)
class Turns:
    """The events to value: the index of each one's category, which of its turns, its time (s since 1970)."""

    category: NDArray[np.int64]
    turn: Positions
    time_s: Floats


Profile = Callable[[Turns], Floats]
"""Values of the given turns; made once for a (seed, categories) and pure from then on."""


@dataclass(frozen=True)
class Sensor:
    """A kind of sensor: its mean, what day, hour and drift add at most, the deviation of its noise, its decimals."""

    mean: float
    day: float
    hour: float
    drift: float
    noise: float
    decimals: int = 2
    peak_hour: float = 15.0


SENSORS = {
    "temperature": Sensor(mean=21, day=4, hour=0.4, drift=1.5, noise=0.15, peak_hour=15),
    "humidity": Sensor(mean=52, day=-9, hour=0.8, drift=5, noise=0.5, peak_hour=15),
    "pressure": Sensor(mean=1013.25, day=0.9, hour=0.05, drift=9, noise=0.06, peak_hour=10),
    "vibration": Sensor(mean=2.4, day=0.6, hour=0.5, drift=0.3, noise=0.12, decimals=3, peak_hour=13),
    "power": Sensor(mean=420, day=160, hour=22, drift=40, noise=9, decimals=1, peak_hour=14),
}
OTHER_SENSOR = Sensor(mean=50, day=12, hour=2, drift=8, noise=1)

PRICES = {
    "EURUSD": 1.035,
    "GBPUSD": 1.245,
    "AUDUSD": 0.622,
    "NZDUSD": 0.563,
    "USDCHF": 0.908,
    "USDCAD": 1.438,
    "USDJPY": 156.8,
}
"""About what these pairs stood at in January 2025."""
OTHER_PRICE = 100.0


def sensor(seed: int, categories: tuple[str, ...]) -> Profile:
    """Daily and hourly cycles, a slow drift and noise."""
    kinds = [SENSORS.get(name, OTHER_SENSOR) for name in categories]
    mean, day, hour, drift, noise, peak = (
        np.array(column)
        for column in zip(*((k.mean, k.day, k.hour, k.drift, k.noise, k.peak_hour) for k in kinds), strict=True)
    )
    scale: Floats = np.array([10.0**kind.decimals for kind in kinds])
    drift_keys, noise_keys = keys(seed, categories, "drift"), keys(seed, categories, "noise")

    def values(turns: Turns) -> Floats:
        c = turns.category
        of_day = np.cos(2 * np.pi * (turns.time_s % DAY_S - peak[c] * HOUR_S) / DAY_S)
        of_hour = np.cos(2 * np.pi * (turns.time_s % HOUR_S) / HOUR_S)
        slow = walk(drift_keys[c], (turns.time_s // 60).astype(np.int64), octaves=13)
        value = (
            mean[c] + day[c] * of_day + hour[c] * of_hour + drift[c] * slow + noise[c] * bell(noise_keys[c], turns.turn)
        )
        rounded: Floats = np.rint(value * scale[c]) / scale[c]
        return rounded

    return values


def random_walk(seed: int, categories: tuple[str, ...]) -> Profile:
    """Around 100, between 0 and 200; each value near the one before."""
    walk_keys = keys(seed, categories, "walk")

    def values(turns: Turns) -> Floats:
        return np.rint((100 + 100 * walk(walk_keys[turns.category], turns.turn, octaves=16)) * 1e4) / 1e4

    return values


def random_int(seed: int, categories: tuple[str, ...]) -> Profile:
    """Whole numbers from 0 to 100, all equally likely."""
    int_keys = keys(seed, categories, "int")

    def values(turns: Turns) -> Floats:
        return np.floor(uniform(int_keys[turns.category], turns.turn) * 101)

    return values


def prices(seed: int, categories: tuple[str, ...]) -> Profile:
    """Ticks of currency pairs: a walk of at most 5 % around where the pair stood, and a little noise."""
    level = np.array([PRICES.get(name, OTHER_PRICE) for name in categories])
    scale = np.where(level > 10, 1e3, 1e5)
    path_keys, noise_keys = keys(seed, categories, "path"), keys(seed, categories, "tick")

    def values(turns: Turns) -> Floats:
        c = turns.category
        path = walk(path_keys[c], turns.turn, octaves=14)
        price = level[c] * (1 + 0.05 * path + 0.00004 * bell(noise_keys[c], turns.turn))
        return np.rint(price * scale[c]) / scale[c]

    return values
