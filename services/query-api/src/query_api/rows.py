"""Dataset rows, newest first: whole, some fields of them, or as the single values that they contribute to series."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import orjson
from asyncpg import Record

from contracts.events import Row
from contracts.samples import ALL_FIELDS, Rules, samples
from query_api.database import Database
from query_api.formats import Line
from query_api.newest import Newest, Place, ReadValues, Source
from query_api.ranges import Range, kept
from query_api.read import Series

FIRST_ROWS = 50
BATCH_BYTES = 1 << 20
PAGE_BYTES = 8 << 20
"""A page ends when its rows are this large together: a single one may have a mebibyte."""


class Rows:
    """The rows of some streams before a place, in pages whose memory is bounded whatever the rows hold."""

    def __init__(
        self, database: Database, streams: Sequence[str], fields: Sequence[str] | None, start: datetime
    ) -> None:
        if fields is None:
            source = Source("rows_before", streams, "")
        else:
            source = Source("row_fields_before", streams, "", (list(fields),))
        self._newest = Newest(database, source, start)

    async def before(self, place: Place, limit: int) -> tuple[list[Record], bool]:
        """At most `limit` rows, fewer where they are large, and whether there may be more."""
        found: list[Record] = []
        size, taken = FIRST_ROWS, 0
        while taken < PAGE_BYTES and len(found) < limit:
            wanted = min(size, limit - len(found))
            rows = await self._newest.before(place, wanted)
            found += rows
            if len(rows) < wanted:
                return found, False
            taken += sum(row["bytes"] for row in rows)
            place = place_of(rows[-1])
            size = max(1, BATCH_BYTES * len(found) // max(1, taken))
        return found, True


def place_of(row: Record) -> Place:
    """Where a row stands."""
    return Place(row["timestamp"], row["stream"], UUID(row["id"]))


async def rows_range(database: Database, streams: Sequence[str], asked: Range) -> Range:
    """The range asked for, its open ends closed at the rows that are kept."""
    if asked.start is not None and asked.end is not None:
        return asked
    (row,) = await database.fetch("rows_extent", streams)
    return kept(asked, row["first_at"], row["last_at"])


async def streams_with_rows(database: Database, stream: str | None) -> list[str]:
    """The streams that may have rows: this one, or all that there are."""
    if stream is not None:
        return [stream]
    return [row["stream"] for row in await database.fetch("all_streams")]


class Value(NamedTuple):
    """One number of a row, and the series it belongs to."""

    timestamp: datetime
    value: float
    series: Series
    id: UUID


async def dataset_values(database: Database, of: Sequence[Series], start: datetime, end: datetime) -> ReadValues:
    """Reads the values of a stream's rows that belong to some of its series, those of one row by series downwards."""
    stream, series = of[0].stream, {one.category: one for one in of}
    rules = await rules_of(database, stream)
    rows = Rows(database, [stream], None, start)

    async def read(place: Place | None, limit: int) -> tuple[list[Line], Place | None]:
        values: list[Value] = []
        here, more = Place(end, ""), True
        if place is not None:
            here = Place(place.time, stream, UUID(int=min(place.id.int + 1, 2**128 - 1)))
        while more and len(values) <= limit:
            page, more = await rows.before(here, 1 + (limit - len(values)) // len(series))
            for row in page:
                values += [value for value in values_of(row, series, rules) if place is None or _beyond(value, place)]
            here = place_of(page[-1]) if page else here
        shown = values[:limit]
        return [_line(value) for value in shown], _at(shown[-1]) if more or len(values) > limit else None

    return read


async def rules_of(database: Database, stream: str) -> Rules:
    """What of a stream's rows becomes a value, as the processor has it."""
    found = await database.fetch("stream_spec", stream)
    return Rules.of(orjson.loads(found[0]["spec"])) if found else ALL_FIELDS


def values_of(row: Record, series: Mapping[str, Series], rules: Rules) -> list[Value]:
    """The numbers of one row that belong to one of the series, by category."""
    id_ = UUID(row["id"])
    whole = Row(id_, row["stream"], row["row"], row["timestamp"], orjson.loads(row["data"]))
    numbers = [(series[name], value) for name, value in samples(whole, rules).values if name in series]
    numbers.sort(key=lambda number: -number[0].id)
    return [Value(row["timestamp"], value, one, id_) for one, value in numbers]


def _line(value: Value) -> Line:
    at, number, series, id_ = value
    return {"timestamp": at, "value": number, "category": series.category, "stream": series.stream, "id": str(id_)}


def _at(value: Value) -> Place:
    return Place(value.timestamp, value.series.id, value.id)


def _beyond(value: Value, place: Place) -> bool:
    return (value.timestamp, value.id, value.series.id) < (place.time, place.id, place.key)
