"""Series and their aggregates, a page at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from asyncpg import Record

from query_api.buckets import Grid
from query_api.database import Database
from query_api.formats import Line
from query_api.paging import SeriesCursor
from query_api.ranges import Range, kept

SERIES_AT_ONCE = 2_000
ROWS_AT_ONCE = 400_000
"""Most quarters or windows that one statement should read: a fifth of a second."""


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


async def extent(database: Database, chosen: Chosen) -> tuple[datetime | None, datetime | None]:
    """First and last time kept of the series; None without any."""
    (row,) = await database.fetch("extent", chosen.stream, chosen.categories)
    return row["first_at"], row["last_at"]


async def used_range(database: Database, chosen: Chosen, asked: Range) -> Range:
    """The range asked for, its open ends closed at what is kept; an end stays open only when nothing is."""
    if asked.start is not None and asked.end is not None:
        return asked
    return kept(asked, *await extent(database, chosen))


async def series_lines(database: Database, chosen: Chosen, after: tuple[str, str], limit: int) -> list[Line]:
    """At most `limit` series that have data beyond a place, with their first and last time and number of samples."""
    rows = await database.fetch("series_lines", chosen.stream, chosen.categories, *after, limit)
    return [dict(row) for row in rows]


async def buckets_page(
    database: Database, chosen: Chosen, grid: Grid, place: SeriesCursor | None, limit: int, minutes: bool = False
) -> tuple[list[Record], SeriesCursor | None]:
    """At most `limit` buckets with data beyond a place, by stream, category and time; their minutes only on demand.

    And where they end; None: there are no more.
    """
    found = await _buckets(database, chosen, grid, place, limit + 1, minutes)
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    place = SeriesCursor(stream=last["stream"], category=last["category"], bucket=last["window_start"])
    return found[:limit], place


async def _buckets(
    database: Database, chosen: Chosen, grid: Grid, place: SeriesCursor | None, limit: int, minutes: bool
) -> list[Record]:
    """At most `limit` of them.

    Reads as many series at once as should fill the page, fewer where that would be more than a statement should
    read, more where they turn out to be sparse.
    """
    found = await _rest(database, chosen, grid, place, minutes)
    after = (place.stream, place.category) if place else ("", "")
    size = max(1, min(limit // grid.size(), ROWS_AT_ONCE // grid.rows()))
    while len(found) < limit:
        at_once = min(size, SERIES_AT_ONCE)
        lines = await _lines(database, chosen, grid, (*after, False, at_once), minutes)
        buckets = [line for line in lines if line["window_start"] is not None]
        found += buckets
        series = lines[-1]["series"] if lines else 0
        if series < at_once:
            break
        after = lines[-1][:2]
        wanted = 1 + (limit - len(found)) * series // max(1, len(buckets))
        read = sum(line["parts"] for line in buckets)
        size = max(1, min(8 * size, wanted, ROWS_AT_ONCE * series // max(1, read)))
    return found[:limit]


async def _rest(
    database: Database, chosen: Chosen, grid: Grid, place: SeriesCursor | None, minutes: bool
) -> list[Record]:
    """What is left of the series that the place is in the middle of."""
    if place is None or place.bucket is None:
        return []
    stream, category, start = place.stream, place.category, place.bucket
    lines = await _lines(database, chosen, grid.beyond(start), (stream, category, True, 1), minutes)
    beyond = (line for line in lines if line["window_start"] is not None and line["window_start"] > start)
    return [line for line in beyond if line[:2] == (stream, category)]


async def _lines(
    database: Database, chosen: Chosen, grid: Grid, which: tuple[str, str, bool, int], minutes: bool
) -> list[Record]:
    """Buckets of the series from a place on (stream, category, whether itself too, at most so many)."""
    ends = (*grid.quarters(), grid.bounds[-1])
    series = (chosen.stream, chosen.categories, *which)
    return await database.fetch("aggregates", *series, grid.bounds, grid.starts, grid.step, *ends, minutes)


async def prices_by_day(database: Database, start: datetime, end: datetime, category: str | None) -> list[Record]:
    """Average and count of stream `prices` on each UTC day from start to end; days without data are left out."""
    return await database.fetch("prices_by_day", category, start, end)
