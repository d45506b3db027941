"""Windows of streams that have dataset rows, against these rows and whatever else was published to the stream."""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson
from asyncpg import Record

from contracts.events import Row
from contracts.samples import Rules, samples
from query_api.audit.checks import WINDOWS, found
from query_api.audit.findings import FINDINGS_MAX, Outcome
from query_api.database import Snapshot
from query_api.ranges import LATEST

SAMPLES_AT_ONCE = 50_000
"""Compared in one statement, and as many more as the last of their minutes has."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)
class _Part:
    """The samples of the rows since `start`, as columns; the last of them is of this minute."""

    start: datetime
    minute: datetime
    series: "array[int]" = field(default_factory=lambda: array("i"))
    at_us: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))


class RowWindows:
    """The check of one stream after the other; the streams' windows are read part by part, in constant memory."""

    def __init__(self, snapshot: Snapshot, start: datetime, end: datetime | None) -> None:
        self._snapshot = snapshot
        self._start, self._end = start, end or LATEST
        self._outcome = Outcome(WINDOWS)

    async def add(self, stream: str, series: Mapping[str, int], rules: Rules) -> None:
        """Compare the windows of a stream; `series` are its ids by category."""
        ids, part = list(series.values()), _Part(self._start, self._start)
        async for row in self._snapshot.rows("audit/rows", stream, self._start, self._end):
            minute = row["timestamp"].replace(second=0, microsecond=0)
            if len(part.values) > SAMPLES_AT_ONCE and minute > part.minute:
                await self._compare(ids, part, minute)
                part = _Part(minute, minute)
            part.minute = minute
            _take(part, row, stream, series, rules)
        await self._compare(ids, part, self._end)

    def outcome(self) -> Outcome:
        """What was found in all of them."""
        return self._outcome

    async def _compare(self, ids: list[int], part: _Part, end: datetime) -> None:
        columns = (part.series, part.at_us, part.values)
        rows = await self._snapshot.fetch("audit/windows", FINDINGS_MAX, part.start, end, ids, *columns)
        self._outcome.join(found(WINDOWS, rows))


def _take(part: _Part, row: Record, stream: str, series: Mapping[str, int], rules: Rules) -> None:
    """Add the samples of a row, as the processor took them."""
    data = orjson.loads(row["data"])
    values = samples(Row(row["id"], stream, row["row"], row["timestamp"], data), rules).values
    at_us = (row["timestamp"] - EPOCH) // MICROSECOND
    for category, value in values:
        if category in series:
            part.series.append(series[category])
            part.at_us.append(at_us)
            part.values.append(value + 0.0)
