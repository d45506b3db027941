"""What the routes read, a page at a time: each function is a few statements and says what they promise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from query_api.buckets import Grid
from query_api.database import Database
from query_api.ranges import Range, kept

NO_SERIES = -1
NO_ID = UUID(int=0)
SERIES_AT_ONCE = 2_000
FIRST_SPAN = timedelta(minutes=1)
WIDER = 8


@dataclass(frozen=True, slots=True)
class Chosen:
    """The series asked for: of one stream or of all, some categories or all."""

    stream: str | None
    categories: tuple[str, ...] | None


class Series(NamedTuple):
    """One (stream, category) pair and its id."""

    id: int
    stream: str
    category: str


class Bucket(NamedTuple):
    """A series' line of aggregates in one bucket of a grid."""

    series: Series
    number: int
    facts: Record


async def extent(database: Database, chosen: Chosen) -> tuple[datetime | None, datetime | None]:
    """First and last time kept of the series; None without any."""
    (row,) = await database.fetch("extent", chosen.stream, chosen.categories)
    return row["first_at"], row["last_at"]


async def used_range(database: Database, chosen: Chosen, asked: Range) -> Range:
    """The range asked for, its open ends closed at what is kept; an end stays open only when nothing is."""
    if asked.start is not None and asked.end is not None:
        return asked
    return kept(asked, *await extent(database, chosen))


async def series_page(
    database: Database, chosen: Chosen, after: tuple[str, str], limit: int, including: bool = False
) -> list[Series]:
    """At most `limit` series in the order of stream and category, from `after` on."""
    rows = await database.fetch("series_from", chosen.stream, chosen.categories, *after, including, limit)
    return [Series(*row) for row in rows]


async def series_facts(database: Database, series: Sequence[Series]) -> dict[int, Record]:
    """First and last time and number of readings by series id; series without any are missing."""
    rows = await database.fetch("series_facts", [one.id for one in series])
    return {row["id"]: row for row in rows}


async def buckets_page(
    database: Database, chosen: Chosen, grid: Grid, after: tuple[str, str, int], limit: int
) -> list[Bucket]:
    """At most `limit` buckets with data, by stream, category and time, beyond `after`.

    Reads as many series as should fill the page, and more at once where they turn out to be sparse.
    """
    found: list[Bucket] = []
    place, number = after[:2], after[2]
    size = max(1, limit // len(grid.starts))
    including = True
    while len(found) < limit:
        series = await series_page(database, chosen, place, min(size, SERIES_AT_ONCE), including)
        if not series:
            break
        lines = await _buckets(database, series, grid)
        found += [line for line in lines if line.series[1:] != after[:2] or line.number > number]
        place, including = series[-1][1:], False
        size = min(8 * size, 1 + (limit - len(found)) * len(series) // max(1, len(lines)))
    return found[:limit]


async def _buckets(database: Database, series: Sequence[Series], grid: Grid) -> list[Bucket]:
    order = {one.id: number for number, one in enumerate(series)}
    rows = await database.fetch("aggregates", list(order), grid.bounds, grid.labels, *grid.quarters(), grid.bounds[-1])
    lines = [Bucket(series[order[row["series_id"]]], row["bucket"], row) for row in rows if row["bucket"] >= 0]
    return sorted(lines, key=lambda line: (order[line.series.id], line.number))


class Place(NamedTuple):
    """A reading's place in the order of raw readings: newest first, then by series and id downwards."""

    time: datetime
    series: int = NO_SERIES
    id: UUID = NO_ID


class Readings:
    """Raw readings of some series, newest first, page after page.

    Series are merged by looking at one span of time after the other, from the newest back: wide enough to fill a
    page, narrow enough not to read each series' whole page to throw most of it away.
    """

    def __init__(self, database: Database, series_ids: Sequence[int], start: datetime) -> None:
        self._database = database
        self._ids = list(series_ids)
        self._start = start
        self._span = FIRST_SPAN

    async def before(self, place: Place, limit: int) -> list[Record]:
        """The newest `limit` readings before `place` and not before the start."""
        found: list[Record] = []
        while self._ids and len(found) < limit and place.time > self._start:
            lower = max(self._start, place.time - self._span)
            missing = limit - len(found)
            rows = await self._database.fetch("readings_before", self._ids, lower, *place, missing)
            found += rows
            if len(rows) < missing:
                place = Place(lower)
                self._span *= WIDER
            else:
                self._span = max(FIRST_SPAN, 2 * (place.time - rows[-1]["timestamp"]))
        return found


async def readings_series(database: Database, chosen: Chosen) -> dict[int, Series]:
    """The series that have raw readings of their own, by id: all but those of datasets."""
    rows = await database.fetch("readings_series", chosen.stream, chosen.categories)
    return {row["id"]: Series(*row) for row in rows}


async def prices_by_day(database: Database, grid: Grid, category: str | None) -> list[Record]:
    """Average and count of stream `prices` by number of the day in the grid; days without data are left out."""
    return await database.fetch("prices_by_day", grid.bounds, category, grid.bounds[0], grid.bounds[-1])
