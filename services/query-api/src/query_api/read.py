"""Series and their aggregates, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from asyncpg import Record

from query_api.buckets import Grid
from query_api.database import Database
from query_api.ranges import Range, kept

SERIES_AT_ONCE = 2_000


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


async def prices_by_day(database: Database, grid: Grid, category: str | None) -> list[Record]:
    """Average and count of stream `prices` by number of the day in the grid; days without data are left out."""
    return await database.fetch("prices_by_day", grid.bounds, category, grid.bounds[0], grid.bounds[-1])
