"""What is kept raw, newest first, a page at a time; raw readings by themselves."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record

from query_api.database import Database
from query_api.read import Chosen, Series

NO_ID = UUID(int=0)
FIRST_SPAN = timedelta(minutes=1)
WIDER = 8


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
    more: tuple[Any, ...] = ()


class Newest:
    """The lines of all keys of a source merged, from some place back to a start.

    It looks at one span of time after the other, from the newest back: wide enough to fill a page, narrow enough not
    to read a page of each key to throw most of it away.
    """

    def __init__(self, database: Database, source: Source, start: datetime) -> None:
        self._database, self._source, self._start = database, source, start
        self._span = FIRST_SPAN

    async def before(self, place: Place, limit: int) -> list[Record]:
        """The newest `limit` lines before `place` and not before the start; fewer: there are no more."""
        source = self._source
        found: list[Record] = []
        while source.keys:
            lower, missing = max(self._start, place.time - self._span), limit - len(found)
            lines = await self._database.fetch(source.statement, source.keys, lower, *place, missing, *source.more)
            found += lines
            if len(lines) == missing:
                self._span = max(FIRST_SPAN, 2 * (place.time - lines[-1]["timestamp"]))
                break
            if lower == self._start:
                break
            place = Place(lower, source.below)
            self._span *= WIDER
        return found


class Value(NamedTuple):
    """One number of one series."""

    timestamp: datetime
    value: float
    series: Series
    id: UUID


ReadValues = Callable[[Place | None, int], Awaitable[tuple[list[Value], bool]]]
"""Gives at most so many values before a place (from the newest for None), and whether there may be more."""


async def readings(database: Database, chosen: Chosen, start: datetime, end: datetime) -> ReadValues:
    """Reads the raw readings of a range; without a stream those of all but datasets, merged."""
    rows = await database.fetch("readings_series", chosen.stream, chosen.categories)
    series = {row["id"]: Series(*row) for row in rows}
    newest = Newest(database, Source("readings_before", list(series), -1), start)

    async def read(place: Place | None, limit: int) -> tuple[list[Value], bool]:
        lines = await newest.before(place or Place(end, -1), limit + 1)
        found = [
            Value(line["timestamp"], line["value"], series[line["series_id"]], line["id"]) for line in lines[:limit]
        ]
        return found, len(lines) > limit

    return read
