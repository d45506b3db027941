"""Single answers made from the profiles: a number, a table, a time series."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid5

import numpy as np

from contracts.codec import encode_row, row_key
from contracts.events import Row
from producer.simulate.events import Record, sample_rows
from producer.simulate.ids import NAMESPACE
from producer.simulate.noise import keys
from producer.simulate.profiles import Turns, random_int, random_walk

TABLE_ROWS = 250
POINTS = 3_000
TABLE_STREAM = "table"
ONE = ("value",)


def one_random_int(seed: int) -> int:
    """A whole number from 0 to 100."""
    return int(random_int(seed, ONE)(_turns(1))[0])


def time_series(seed: int, end: datetime) -> list[dict[str, Any]]:
    """3,000 points of a random walk, one a second, the last one at `end`."""
    values = random_walk(seed, ONE)(_turns(POINTS)).tolist()
    start = end.astimezone(UTC) - timedelta(seconds=POINTS - 1)
    return [{"timestamp": start + timedelta(seconds=n), "value": value} for n, value in enumerate(values)]


def table_sample(seed: int) -> list[dict[str, Any]]:
    """250 rows drawn from the table of 1,000."""
    return sample_rows(keys(seed, ONE, "table"), np.arange(TABLE_ROWS, dtype=np.int64))


def table_records(rows: list[dict[str, Any]], request: str, now: datetime) -> list[Record]:
    """The rows for topic `rows`, as stream `table`: numbered from the microsecond of the request, ids of their own."""
    first = int(now.timestamp() * 1_000_000)
    return [
        (
            row_key(TABLE_STREAM, first + n),
            encode_row(Row(uuid5(NAMESPACE, f"{TABLE_STREAM}/{request}/{n}"), TABLE_STREAM, first + n, now, data)),
        )
        for n, data in enumerate(rows)
    ]


def _turns(count: int) -> Turns:
    none = np.zeros(count, np.int64)
    return Turns(none, np.arange(count, dtype=np.int64), none.astype(np.float64))
