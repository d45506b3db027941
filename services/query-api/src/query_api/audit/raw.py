"""The raw tables against the events of Kafka, both ways."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import orjson
from asyncpg import Record

from contracts.events import Reading, Row
from query_api.audit.batches import Fate
from query_api.audit.expected import Judged
from query_api.audit.findings import Check, Outcome
from query_api.audit.seen import Seen, Where
from query_api.audit.stretches import Stretch
from query_api.database import Snapshot

RAW = Check(
    "kafka_raw", 4, "the raw tables hold the events of Kafka, each once and as it was sent, and no others",
    "an event is not stored as Kafka has it",
)  # fmt: skip
SUSPECTS_MAX = 10_000
Event = Reading | Row


@dataclass(frozen=True, slots=True)
class Difference:
    """An event of which Postgres and Kafka do not say the same; None: it is not there."""

    stream: str
    category: str | None
    timestamp: datetime
    id: UUID
    stored: float | str | None
    """A reading's value, a row's data."""
    should_be: float | str | None
    numbers: tuple[int | None, int | None] = (None, None)
    """Of a row its number, stored and as it should be."""


class KafkaRaw:
    """Compares events in the order of their partitions, and looks in the end for rows that no event accounts for.

    Of one event sent with several values the first of its partition counts; between partitions either may.
    """

    def __init__(self, snapshot: Snapshot, start: datetime, end: datetime) -> None:
        self._snapshot = snapshot
        self.compared_from, self._end = start, end
        """From when on rows are looked for that no event accounts for."""
        self.series: dict[tuple[str, str], int] = {}
        self._removed: set[str] = set()
        self._seen, self._right, self._here = Seen(), Seen(), Seen()
        self._suspects: dict[Where, tuple[dict[str, Any], Difference]] = {}
        self._met = {"raw_readings": 0, "raw_rows": 0}
        self.outcome = Outcome(RAW)
        self.differences: list[Difference] = []
        self.elsewhere = 0
        """How often an event came in a partition after another partition had it."""

    async def begin(self) -> None:
        """Read what is known of series, and of streams whose data was deleted."""
        self.series = {
            (one["stream"], one["category"]): one["id"] for one in await self._snapshot.fetch("audit/series")
        }
        self._removed = {row["stream"] for row in await self._snapshot.fetch("audit/kafka_removed_streams")}

    def next_partition(self) -> None:
        """What comes now is of another partition."""
        self._here.clear()

    async def compare(self, stretch: Stretch, records: Sequence[Judged]) -> list[Fate]:
        """Events of one topic; what became of each."""
        events = [record.found for record in records]
        found = await (self._readings(events) if _is_readings(events) else self._rows(events))
        fates, missing = [], []
        for n, record in enumerate(records):
            row = found.get(n)
            if row is None:
                missing.append(record)
                fates.append(Fate.UNKNOWN)
            else:
                fates.append(self._met_again(stretch, record, row))
        await self._missing(stretch, missing)
        return fates

    async def _readings(self, events: Sequence[Any]) -> dict[int, Record]:
        known = [(n, e, self.series.get((e.stream, e.category))) for n, e in enumerate(events)]
        keys = [(n, series, e.timestamp, e.id, e.value) for n, e, series in known if series is not None]
        return await self._look("audit/kafka_readings", keys, 5)

    async def _rows(self, events: Sequence[Any]) -> dict[int, Record]:
        return await self._look(
            "audit/kafka_rows", [(n, e.stream, e.timestamp, e.id, e.row, data_of(e)) for n, e in enumerate(events)], 6
        )

    async def _look(self, name: str, keys: Sequence[tuple[Any, ...]], columns: int) -> dict[int, Record]:
        values = list(map(list, zip(*keys, strict=True))) or [[]] * columns
        return {row["n"]: row for row in await self._snapshot.fetch(name, *values)}

    def _met_again(self, stretch: Stretch, record: Judged, row: Record) -> Fate:
        event: Any = record.found
        where = row["part"], row["at"]
        if not self._here.add(where):
            return Fate.UNKNOWN if event.stream in self._removed else Fate.AGAIN
        if not self._seen.add(where):
            self.elsewhere += 1
        elif self.compared_from <= event.timestamp < self._end:
            self._met[_table(event)] += 1
        if row["same"]:
            self._right.add(where)
            self._suspects.pop(where, None)
        elif where not in self._right and len(self._suspects) < SUSPECTS_MAX:
            self._suspects.setdefault(where, (_place(stretch, record), _difference(event, row)))
        return Fate.UNKNOWN if event.stream in self._removed else Fate.FIRST

    async def _missing(self, stretch: Stretch, records: Sequence[Judged]) -> None:
        """Events that are not there: deleted with their stream, taken by retention, or lost."""
        if not records:
            return
        events: list[Any] = [record.found for record in records]
        columns = ([e.stream for e in events], [_table(e) for e in events], [e.timestamp for e in events])
        times = [record.append_time for record in records]
        gone = {row["n"] for row in await self._snapshot.fetch("audit/kafka_removed", *columns, times)}
        for n, (record, event) in enumerate(zip(records, events, strict=True)):
            if n in gone:
                self.outcome.not_checkable += 1
            else:
                self._differs(_place(stretch, record), _difference(event, None))

    def finish(self) -> None:
        """All partitions were read as far as they will be: what no other partition explained is wrong."""
        for place, difference in self._suspects.values():
            self._differs(place, difference)
        if len(self._suspects) >= SUSPECTS_MAX:
            self.outcome.unfinished = f"more than {SUSPECTS_MAX} events differ: only as many were looked at"
        self._suspects.clear()

    async def look_for_others(self) -> None:
        """Rows that no event in Kafka accounts for. Everything was read from the range's start."""
        for table, met in self._met.items():
            (kept,) = await self._snapshot.fetch(f"audit/kafka_kept_{table}", self.compared_from, self._end)
            if kept["count"] == met:
                continue
            async for row in self._snapshot.rows(f"audit/kafka_others_{table}", self.compared_from, self._end):
                if (row["part"], row["at"]) not in self._seen:
                    key = row["stream"], row["category"], row["timestamp"], row["id"]
                    self._differs(_names(table, *key), Difference(*key, row["stored"], None))

    def _differs(self, place: dict[str, Any], difference: Difference) -> None:
        self.outcome.add(place, *_sides(difference))
        if len(self.differences) < SUSPECTS_MAX:
            self.differences.append(difference)


def data_of(row: Row) -> str:
    """The text in which a row's data is stored."""
    return msgspec.json.encode(row.data).decode()


def _is_readings(events: Sequence[Any]) -> bool:
    return bool(events) and isinstance(events[0], Reading)


def _table(event: Event) -> str:
    return "raw_readings" if isinstance(event, Reading) else "raw_rows"


def _difference(event: Event, row: Record | None) -> Difference:
    """Between an event and what is stored of it."""
    stored = row["stored"] if row else None
    if isinstance(event, Reading):
        return Difference(event.stream, event.category, event.timestamp, event.id, stored, event.value)
    numbers = (row["stored_row"] if row else None, event.row)
    return Difference(event.stream, None, event.timestamp, event.id, stored, data_of(event), numbers)


def _place(stretch: Stretch, record: Judged) -> dict[str, Any]:
    event: Any = record.found
    key = event.stream, getattr(event, "category", None), event.timestamp, event.id
    return stretch.at(record.offset) | _names(_table(event), *key)


def _names(table: str, stream: str, category: str | None, timestamp: datetime, event_id: UUID) -> dict[str, Any]:
    minute = timestamp.replace(second=0, microsecond=0)
    return {"table": table, "stream": stream, "category": category, "minute": minute, "id": str(event_id)}


def _sides(one: Difference) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a finding says is stored, and should be: a value, or of a row the fields that differ."""
    if not isinstance(one.stored, str) and not isinstance(one.should_be, str):
        return {"value": one.stored}, {"value": one.should_be}
    stored, should_be = (orjson.loads(data) if isinstance(data, str) else None for data in (one.stored, one.should_be))
    if stored and should_be:
        same = {name for name in stored.keys() & should_be.keys() if stored[name] == should_be[name]}
        stored, should_be = ({name: side[name] for name in side if name not in same} for side in (stored, should_be))
    return {"row": one.numbers[0], "data": stored}, {"row": one.numbers[1], "data": should_be}
