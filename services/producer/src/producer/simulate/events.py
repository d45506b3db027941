"""From positions to records: readings of a profile, or rows of the table."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from contracts.codec import reading_key, row_key
from contracts.wire import WireReading, WireRow
from producer.simulate.noise import keys, uniform
from producer.simulate.profiles import Profile, Turns
from producer.simulate.timeline import SECOND, Micros

Record = tuple[bytes, bytes]
"""Key and value of a record of topic `readings` or `rows`."""


@dataclass(frozen=True, eq=False)
class Span:
    """Consecutive positions, column by column; `turn_us`: when each is due, `times`: the event time it claims."""

    positions: NDArray[np.int64]
    ids: list[str]
    turn_us: Micros
    times: list[str]


Make = Callable[[Span], list[Record]]
"""The records of a span, one a position, in its order."""


def make_readings(stream: str, categories: tuple[str, ...], profile: Profile) -> Make:
    """Readings whose categories take turns."""
    record_keys = [reading_key(stream, category) for category in categories]
    encode = msgspec.json.Encoder().encode

    def make(span: Span) -> list[Record]:
        turn, category = np.divmod(span.positions, len(categories))
        values = profile(Turns(category, turn, span.turn_us / SECOND)).tolist()
        wire = zip(span.ids, category.tolist(), span.times, values, strict=True)
        return [
            (
                record_keys[c],
                encode(WireReading(id=i, stream=stream, category=categories[c], timestamp=t, value=v)),
            )
            for i, c, t, v in wire
        ]

    return make


def make_rows(stream: str, seed: int) -> Make:
    """Rows drawn from the table; a row's number is its position."""
    encode = msgspec.json.Encoder().encode
    chooser = keys(seed, ("",), "table")

    def make(span: Span) -> list[Record]:
        numbers = span.positions.tolist()
        chosen = sample_rows(chooser, span.positions)
        wire = zip(span.ids, numbers, span.times, chosen, strict=True)
        return [
            (row_key(stream, n), encode(WireRow(id=i, stream=stream, row=n, timestamp=t, data=d)))
            for i, n, t, d in wire
        ]

    return make


def sample_rows(chooser: NDArray[np.uint64], positions: NDArray[np.int64]) -> list[dict[str, Any]]:
    """A row of the table for each position."""
    rows = table()
    return [rows[index] for index in (uniform(chooser, positions) * len(rows)).astype(np.int64).tolist()]


@cache
def table() -> list[dict[str, Any]]:
    """The 1,000 rows of table.csv: parts made by eight machines, cells typed as they read."""
    with resources.files(__package__).joinpath("table.csv").open() as file:
        return [{name: _typed(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def _typed(cell: str) -> str | float | bool:
    if cell in ("true", "false"):
        return cell == "true"
    try:
        return float(cell)
    except ValueError:
        return cell
