"""The values of one stream as they come, by their timestamps: best effort, unlike windows in `live`.

What arrives with a time that is not beyond the newest of its category was late and is left out, and of more than
`values_max` in one look the oldest are.
"""

from datetime import datetime, timedelta

from query_api.database import Database
from query_api.formats import Line
from query_api.newest import Place
from query_api.ranges import EARLIEST, LATEST
from query_api.read import Series
from query_api.rows import Rows, rules_of, values_of

ROWS_MAX = 50
CATEGORIES_MAX = 10_000
INSTANT = timedelta(microseconds=1)


class Follower:
    """How far one reader of a stream is."""

    def __init__(self, database: Database, stream: str, values_max: int) -> None:
        self._database, self._stream, self._values_max = database, stream, values_max
        self._since = self._rows_since = EARLIEST
        self._told: dict[int, datetime] = {}

    async def begin(self, since: datetime | None) -> None:
        """Stand at a time, or at the newest value of each category. Raises Problem 503 or 504."""
        if since is not None:
            self._since = self._rows_since = since
            return
        for row in await self._database.fetch("newest_by_series", self._stream):
            self._told[row["series_id"]] = row["last_at"]
        newest = await self._newest_rows(EARLIEST, 1)
        self._rows_since = newest[0]["timestamp"] if newest else EARLIEST

    async def look(self) -> list[Line]:
        """What came since the last look, by time: `timestamp, category, value`. Raises Problem 503 or 504."""
        lines = await self._readings() + await self._rows()
        return sorted(lines, key=lambda line: line["timestamp"])[-self._values_max :]

    async def _readings(self) -> list[Line]:
        told = list(self._told), list(self._told.values())
        rows = await self._database.fetch("values_beyond", self._stream, self._since, *told, self._values_max)
        if len(rows) == self._values_max:
            self._since, self._told = rows[0]["timestamp"], {}
        for row in reversed(rows):
            self._told[row["series_id"]] = row["timestamp"]
        return [{name: row[name] for name in ("timestamp", "category", "value")} for row in rows]

    async def _rows(self) -> list[Line]:
        rows = await self._newest_rows(self._rows_since + INSTANT, ROWS_MAX)
        if not rows:
            return []
        self._rows_since = rows[0]["timestamp"]
        found = await self._database.fetch("series_of_stream", self._stream, CATEGORIES_MAX)
        series, rules = {one["category"]: Series(*one) for one in found}, await rules_of(self._database, self._stream)
        return [
            {"timestamp": value.timestamp, "category": value.series.category, "value": value.value}
            for row in rows
            for value in values_of(row, series, rules)
        ]

    async def _newest_rows(self, start: datetime, limit: int) -> list[Line]:
        rows, _ = await Rows(self._database, [self._stream], start).before(Place(LATEST, ""), limit)
        return rows
