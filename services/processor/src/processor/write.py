"""Accepted data into Postgres, inside the caller's transaction. Whatever locks rows does so in key order."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO

import numpy as np

from processor.plan import Bools, Connection, Int64s, Readings, RowRecord, Windows
from processor.sql import statement

POSTGRES_EPOCH_US = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970: where Postgres counts from."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"
_KEY_FIELDS = [("l1", ">i4"), ("series", ">i4"), ("l2", ">i4"), ("time", ">i8"), ("l3", ">i4"), ("id", ">u8", 2)]
_RAW = np.dtype([("fields", ">i2"), *_KEY_FIELDS, ("l4", ">i4"), ("value", ">f8")])
_STAGED = np.dtype([("fields", ">i2"), *_KEY_FIELDS, ("l4", ">i4"), ("n", ">i4")])

STAGED_READINGS = """
CREATE TEMP TABLE IF NOT EXISTS staged_readings (series_id integer, timestamp timestamptz, id uuid, n integer)
ON COMMIT DELETE ROWS
"""


async def prepare_connection(connection: Connection) -> None:
    """Make the session's staging table; call it once for each new connection."""
    await connection.execute(STAGED_READINGS)


async def ensure_partitions(connection: Connection, months: Sequence[int]) -> None:
    """Make the raw partitions of these months, given as microseconds since 1970 of any moment in them."""
    times = [_EPOCH + timedelta(microseconds=at) for at in months]
    await connection.execute("SELECT ensure_raw_partitions($1)", times)


async def find_known(connection: Connection, readings: Readings, suspects: Bools) -> Int64s:
    """Positions of the suspects that are in Postgres already."""
    positions = np.flatnonzero(suspects)
    if not len(positions):
        return positions
    image = _image(_STAGED, readings, positions)
    image["l4"], image["n"] = 4, positions
    await _copy(connection, "staged_readings", ["series_id", "timestamp", "id", "n"], image)
    found = await connection.fetch(statement("find_known"))
    return np.array([record["n"] for record in found], np.int64)


async def copy_readings(connection: Connection, readings: Readings) -> None:
    """Write readings, sorted by key; raises asyncpg.UniqueViolationError when one is there already."""
    if len(readings.series):
        image = _image(_RAW, readings, np.arange(len(readings.series)))
        image["l4"], image["value"] = 8, readings.value
        await _copy(connection, "raw_readings", ["series_id", "timestamp", "id", "value"], image)


async def insert_rows(connection: Connection, rows: Sequence[RowRecord]) -> Bools:
    """Write rows that are not there yet; tells for each whether it was new."""
    new = np.zeros(len(rows), np.bool_)
    if not rows:
        return new
    columns = zip(*((row.stream, row.timestamp_us, row.id, row.row, row.data) for row in rows), strict=True)
    inserted = await connection.fetch(statement("insert_rows"), *map(list, columns))
    left = {(record["stream"], record["timestamp"], record["id"]) for record in inserted}
    for position, row in enumerate(rows):
        key = (row.stream, _EPOCH + timedelta(microseconds=row.timestamp_us), row.id)
        if key in left:
            left.remove(key)
            new[position] = True
    return new


async def upsert_windows(connection: Connection, windows: Windows) -> None:
    """Add to the minute windows."""
    if len(windows.series):
        await connection.execute(statement("upsert_windows"), *_columns(windows))


async def upsert_quarters(connection: Connection, quarters: Windows) -> None:
    """Add to the quarter-hour windows."""
    if len(quarters.series):
        await connection.execute(statement("upsert_quarters"), *_columns(quarters), quarters.minutes.tolist())


def _columns(windows: Windows) -> list[list[int] | list[float]]:
    whole = (windows.series, windows.start_us, windows.count, *windows.sums)
    rest = (windows.min, windows.max, windows.first_us, windows.first, windows.last_us, windows.last)
    return [column.tolist() for column in (*whole, *rest)]


def _image(layout: np.dtype, readings: Readings, positions: Int64s) -> np.ndarray:
    """Rows in the binary COPY format (PostgreSQL manual, COPY, "Binary Format"): field count, then length and bytes."""
    image = np.zeros(len(positions), layout)
    image["fields"], image["l1"], image["l2"], image["l3"] = 4, 4, 8, 16
    image["series"] = readings.series[positions]
    image["time"] = readings.timestamp_us[positions] - POSTGRES_EPOCH_US
    image["id"] = readings.ids[positions]
    return image


async def _copy(connection: Connection, table: str, columns: list[str], image: np.ndarray) -> None:
    source = BytesIO(_COPY_HEADER + image.tobytes() + _COPY_END)
    await connection.copy_to_table(table, source=source, columns=columns, format="binary")
