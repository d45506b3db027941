"""What is kept raw, newest first, a page at a time; the series whose values these are, and raw readings."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from chassis.problems import Problem
from query_api.database import Database
from query_api.formats import Line
from query_api.ranges import EARLIEST, LATEST, Range, written
from query_api.read import Chosen, Series

NO_ID = UUID(int=0)
FIRST_SPAN = timedelta(minutes=1)
WIDER = 8
WIDEST = LATEST - EARLIEST


class Place(NamedTuple):
    """A place in the order of lines: by time, then by series or stream, then by id, all downwards."""

    time: datetime
    key: int | str
    id: UUID = NO_ID


@dataclass(frozen=True, slots=True)
class Source:
    """A statement that reads the newest lines of some keys (series or streams)."""

    statement: str
    keys: Sequence[int] | Sequence[str]
    below: int | str
    """Less than every key: where the lines before an instant begin."""


class Newest:
    """The lines of all keys of a source merged, from some place back to a start.

    Of several keys it looks at one span of time after the other, from the newest back: wide enough to fill a page,
    narrow enough not to read a page of each key to throw most of it away.
    """

    def __init__(self, database: Database, source: Source, start: datetime) -> None:
        self._database, self._source, self._start = database, source, start
        self._span = FIRST_SPAN if len(source.keys) > 1 else WIDEST

    async def before(self, place: Place, limit: int) -> list[Record]:
        """The newest `limit` lines before `place` and not before the start; fewer: there are no more."""
        source = self._source
        found: list[Record] = []
        while source.keys:
            lower, missing = max(self._start, place.time - self._span), limit - len(found)
            lines = await self._database.fetch(source.statement, source.keys, lower, *place, missing)
            found += lines
            if len(lines) == missing:
                if len(source.keys) > 1:
                    self._span = max(FIRST_SPAN, 2 * (place.time - lines[-1]["timestamp"]))
                break
            if lower == self._start:
                break
            place = Place(lower, source.below)
            self._span = min(WIDER * self._span, WIDEST)
        return found


ReadValues = Callable[[Place | None, int], Awaitable[tuple[list[Line], Place | None]]]
"""Gives at most so many values before a place (from the newest for None), and the place before which more may be."""


class RawSeries(NamedTuple):
    """Series of which values are kept, from when to when, and whether these are in the rows of their stream."""

    series: list[Series]
    first: datetime | None
    last: datetime | None
    from_rows: bool


async def raw_series(database: Database, chosen: Chosen) -> RawSeries:
    """The series asked for; without a stream those of all but datasets."""
    rows = await database.fetch("readings_series", chosen.stream, chosen.categories)
    if not rows:
        return RawSeries([], None, None, False)
    ends = min(row["first_at"] for row in rows), max(row["last_at"] for row in rows)
    return RawSeries([Series(*row[:3]) for row in rows], *ends, rows[0]["from_rows"])


async def refuse_gone(database: Database, asked: Range) -> None:
    """To be called when nothing was found. Raises Problem 410 where no raw data of the range is kept any more."""
    (row,) = await database.fetch("raw_horizon")
    kept_from = row["kept_from"]
    if kept_from is not None and asked.end is not None and asked.end <= kept_from:
        raise Problem(
            410,
            f"raw data is kept from {written(kept_from)} on: what was made of older data stays, ask for"
            " /api/v1/processed-data or /api/v1/daily-averages",
        )


def readings(database: Database, series: Sequence[Series], start: datetime, end: datetime) -> ReadValues:
    """Reads the raw readings of series, merged."""
    ids = {(one.stream, one.category): one.id for one in series}
    newest = Newest(database, Source("readings_before", list(ids.values()), -1), start)

    async def read(place: Place | None, limit: int) -> tuple[list[Line], Place | None]:
        lines: list[Line] = [dict(line) for line in await newest.before(place or Place(end, -1), limit + 1)]
        if len(lines) <= limit:
            return lines, None
        last = lines[limit - 1]
        return lines[:limit], Place(last["timestamp"], ids[last["stream"], last["category"]], UUID(last["id"]))

    return read
