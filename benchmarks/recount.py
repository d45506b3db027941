"""What Postgres must hold of a dataset, counted again from its file without any code of the services."""

import json
import math
from array import array
from collections import Counter
from pathlib import Path

import ijson
import psycopg

from benchmarks.loaders import numbers
from benchmarks.rounds import WrongResult

Window = tuple[str, int]
"""Category and minute since 1970."""

STORED = """SELECT category, (extract(epoch FROM minute) / 60)::int8, count, sum, min, max
FROM window_values JOIN series ON series.id = series_id WHERE stream = %s"""
QUARTERS = """SELECT category, sum(count)::int8 FROM quarters JOIN series ON series.id = series_id
WHERE stream = %s GROUP BY category"""


def check(file: Path, dsn: str, stream: str) -> None:
    """Raises WrongResult where a row, a window or a quarter is not what the file says."""
    try:
        recount(file, dsn, stream)
    except (AssertionError, KeyError, ValueError) as error:
        raise WrongResult(f"{type(error).__name__}: {error}") from error


def recount(file: Path, dsn: str, stream: str) -> int:
    """The number of windows; raises AssertionError where one of them, a row or a quarter is not what the file says."""
    wanted: dict[Window, array[float]] = {}
    per_category: Counter[str] = Counter()
    with file.open("rb") as source, psycopg.connect(dsn) as connection:
        stored = connection.cursor(name="rows")
        stored.execute("SELECT row, data::text FROM raw_rows WHERE stream = %s ORDER BY row", [stream])
        lines = zip(ijson.items(source, "item", use_float=True), stored, strict=True)
        for number, (record, (row, data)) in enumerate(lines):
            assert row == number
            assert json.loads(data) == record, f"row {row} is kept as it is in the file"
            for category, value in numbers(record):
                wanted.setdefault((category, int(record["timestamp"] // 60)), array("d")).append(value)
                per_category[category] += 1
        count = len(wanted)
        windows = connection.cursor(name="windows")
        windows.execute(STORED, [stream])
        for category, minute, *found in windows:
            values = wanted.pop((category, minute))
            expected = [len(values), math.fsum(values), min(values), max(values)]
            assert found == expected, f"{category} in minute {minute} is {found} instead of {expected}"
        assert not wanted, f"{len(wanted)} windows are missing"
        quarters = {str(category): int(total) for category, total in connection.execute(QUARTERS, [stream])}
        assert quarters == per_category, "the quarters hold as many samples as the file"
    return count
