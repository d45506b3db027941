"""Dataset rows, newest first: whole, some fields of them, or as the single values that they contribute to series."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import orjson
from asyncpg import Record

from contracts.events import Row
from contracts.samples import ALL_FIELDS, Rules, samples, value_at
from query_api.database import Database
from query_api.formats import JsonText, Line
from query_api.newest import Newest, Place, ReadValues, Source
from query_api.ranges import Range, kept
from query_api.read import Series

HEAD = ("timestamp", "stream", "row", "id")
FIRST_ROWS = 50
BATCH_BYTES = 1 << 20
PAGE_BYTES = 8 << 20
"""A page ends when its lines are this large together: a single row may have a mebibyte."""
READ_BYTES = 64 << 20
"""It also ends when so much was read to choose fields from."""


class Rows:
    """The rows of some streams before a place, whole or some fields of each, in pages whose memory is bounded whatever
    the rows hold."""

    def __init__(
        self, database: Database, streams: Sequence[str], start: datetime, fields: Sequence[str] | None = None
    ) -> None:
        self._newest = Newest(database, Source("rows_before", streams, ""), start)
        self._fields = fields

    async def before(self, place: Place, limit: int) -> tuple[list[Line], bool]:
        """At most `limit` rows as lines, fewer where they are large, and whether there may be more."""
        found: list[Line] = []
        size, read, taken = FIRST_ROWS, 0, 0
        while len(found) < limit and taken < PAGE_BYTES and read < READ_BYTES:
            wanted = min(size, limit - len(found))
            rows = await self._newest.before(place, wanted)
            for row in rows:
                line, length = self._line(row)
                found.append(line)
                read, taken = read + row["bytes"], taken + length
            if len(rows) < wanted:
                return found, False
            place = place_of(found[-1])
            size = max(1, BATCH_BYTES * len(found) // max(1, read))
        return found, True

    def _line(self, row: Record) -> tuple[Line, int]:
        """The row as a line, and how long its data is."""
        head = {name: row[name] for name in HEAD}
        if self._fields is None:
            return head | {"data": JsonText(row["data"])}, row["bytes"]
        data = orjson.loads(row["data"])
        chosen = {name: value_at(data, name) for name in self._fields}
        return head | {"data": chosen}, len(orjson.dumps(chosen))


def place_of(row: Line) -> Place:
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
    rows = Rows(database, [stream], start)

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


def values_of(row: Line, series: Mapping[str, Series], rules: Rules) -> list[Value]:
    """The numbers of one row, a whole line, that belong to one of the series, by category."""
    id_ = UUID(row["id"])
    whole = Row(id_, row["stream"], row["row"], row["timestamp"], orjson.loads(row["data"].text))
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
