"""Rows as a processor would have left them, written with plain SQL; windows computed here in plain Python."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg

SERIES_COUNTS = """
INSERT INTO series_counts SELECT series_id, sum(count) FROM quarters GROUP BY series_id
ON CONFLICT (series_id) DO UPDATE SET count = excluded.count
"""
ROW_COUNTS = """
WITH former AS (DELETE FROM row_counts) INSERT INTO row_counts SELECT stream, count(*) FROM raw_rows GROUP BY stream
"""


class Stored(NamedTuple):
    """One reading that the database is to hold."""

    stream: str
    category: str
    timestamp: datetime
    value: float

    @property
    def id(self) -> UUID:
        """The same for the same reading."""
        return uuid5(NAMESPACE_URL, f"{self.stream}/{self.category}/{self.timestamp.isoformat()}/{self.value!r}")


class StoredRow(NamedTuple):
    """One dataset row that the database is to hold."""

    stream: str
    row: int
    timestamp: datetime
    data: dict[str, object]

    @property
    def id(self) -> UUID:
        """The same for the same row."""
        return uuid5(NAMESPACE_URL, f"{self.stream}/{self.row}")


async def store_rows(dsn: str, rows: Sequence[StoredRow]) -> None:
    """Write raw rows alone; their samples are for the test to `store` with raw=False."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SELECT ensure_raw_partitions($1)", sorted({r.timestamp for r in rows}))
        lines = [(r.stream, r.timestamp, r.id, r.row, json.dumps(r.data)) for r in rows]
        await connection.executemany("INSERT INTO raw_rows VALUES ($1, $2, $3, $4, $5)", lines)
        await connection.execute(ROW_COUNTS)
    finally:
        await connection.close()


async def store(dsn: str, readings: Sequence[Stored], raw: bool = True) -> None:
    """Write raw readings (but for the samples of rows), windows and quarters; the first of their series."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SELECT ensure_raw_partitions($1)", sorted({r.timestamp for r in readings}))
        pairs = sorted({(r.stream, r.category) for r in readings})
        found = await connection.fetchval("SELECT series_ids($1, $2, 10000)", *map(list, zip(*pairs, strict=True)))
        ids = dict(zip(pairs, found, strict=True))
        if raw:
            lines = [(ids[r.stream, r.category], r.timestamp, r.id, r.value) for r in readings]
            await connection.copy_records_to_table("raw_readings", records=lines)
        windows, quarters = defaultdict(list), defaultdict(list)
        for r in readings:
            minute = r.timestamp.replace(second=0, microsecond=0)
            windows[ids[r.stream, r.category], minute].append(r)
            quarters[ids[r.stream, r.category], minute - timedelta(minutes=minute.minute % 15)].append(r)
        lines = [(*key, *aggregate(members)) for key, members in windows.items()]
        await connection.copy_records_to_table("windows", records=lines)
        lines = [(*key, *aggregate(members), minutes_mask(members)) for key, members in quarters.items()]
        await connection.copy_records_to_table("quarters", records=lines)
        await connection.execute(SERIES_COUNTS)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


def aggregate(members: Sequence[Stored]) -> tuple[object, ...]:
    """count, fixed-point sum, min, max, first and last with their times."""
    values = [r.value for r in members]
    ordered = sorted((r.timestamp, r.value) for r in members)
    fixed = Decimal(round(sum(Fraction(value) for value in values) * 2**62))
    return len(values), fixed, min(values), max(values), *ordered[0], *ordered[-1]


def minutes_mask(members: Sequence[Stored]) -> int:
    """Bit i: minute i of the quarter has data."""
    return sum(1 << minute for minute in {r.timestamp.minute % 15 for r in members})


FILL = """
INSERT INTO raw_readings
SELECT series.id, '2026-02-01Z'::timestamptz + n * interval '1 second', md5(n::text)::uuid, n
FROM series, generate_series(1, $1) n
"""
QUARTERS = """
INSERT INTO quarters SELECT series_id, date_bin('15 min', timestamp, '2000-01-01Z') AS quarter, count(*), 0, 0, 0,
    min(timestamp), 0, max(timestamp), 0, 1 FROM raw_readings GROUP BY 1, 2 ON CONFLICT DO NOTHING
"""


async def fill_one_series(dsn: str, count: int) -> None:
    """So many readings, one a second, and the quarters that say from when to when."""
    await store(dsn, [Stored("demo", "t", datetime(2026, 2, 1, tzinfo=UTC), 0.0)])
    owner = await asyncpg.connect(dsn)
    await owner.execute(FILL, count)
    await owner.execute(QUARTERS)
    await owner.execute("ANALYZE")
    await owner.close()
