"""A client of server-sent events, and writers that commit as processors do, with plain SQL."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import asyncpg
import httpx

Window = tuple[str, str, str]
Seen = dict[Window, dict[str, Any]]
Totals = dict[Window, tuple[int, float]]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

WINDOW = """
INSERT INTO windows VALUES ($1, $2, 1, $3::numeric * 4611686018427387904, $3, $3, $2, $3, $2, $3)
ON CONFLICT (series_id, minute) DO UPDATE SET count = windows.count + 1, sum = windows.sum + excluded.sum,
    min = least(windows.min, excluded.min), max = greatest(windows.max, excluded.max), last_value = excluded.last_value
"""
LEDGER = """
INSERT INTO batches (generation, topic, partition, pass, first_offset, next_offset, accepted, duplicate, rejected,
                     samples, touched_series, touched_minutes)
SELECT 1, 'readings', $1, pass, next_offset, next_offset + $2, $2, 0, 0, $2, $3, $4 FROM offsets WHERE partition = $1
"""
MOVE = "UPDATE offsets SET next_offset = next_offset + $2 WHERE partition = $1"


class Change(NamedTuple):
    """One value that goes into one window."""

    series_id: int
    minute: datetime
    value: float


async def prepare(connection: asyncpg.Connection, partitions: int, categories: Sequence[str]) -> list[int]:
    """Partitions at offset 0 and series of the streams `demo` and `lab`; the series' ids."""
    await connection.executemany(
        "INSERT INTO offsets (topic, partition, start_offset, next_offset) VALUES ('readings', $1, 0, 0)",
        [(number,) for number in range(partitions)],
    )
    streams = ["demo" if n % 2 == 0 else "lab" for n in range(len(categories))]
    return list(await connection.fetchval("SELECT series_ids($1, $2, 10000)", streams, list(categories)))


async def write(connection: asyncpg.Connection, partitions: Sequence[int], changes: Iterable[Change]) -> None:
    """What one processor transaction writes: windows, and a ledger row a partition, the first with what was touched."""
    changes = sorted(changes)
    await connection.executemany(WINDOW, changes)
    touched = sorted({(c.series_id, (c.minute - EPOCH) // timedelta(minutes=1)) for c in changes})
    columns: list[list[int] | None] = [list(column) for column in zip(*touched, strict=True)] or [[], []]
    for partition in sorted(partitions):
        await connection.execute(LEDGER, partition, max(1, len(changes)), *columns)
        await connection.execute(MOVE, partition, max(1, len(changes)))
        columns = [None, None]


async def commit(connection: asyncpg.Connection, partitions: Sequence[int], changes: Iterable[Change]) -> None:
    """The same, committed."""
    async with connection.transaction():
        await write(connection, partitions, changes)


@dataclass
class Event:
    """One server-sent event."""

    name: str
    data: Any
    id: str


@asynccontextmanager
async def live(
    client: httpx.AsyncClient, last_event_id: str | None = None, **parameters: str
) -> AsyncIterator[AsyncIterator[Event]]:
    """The events of one connection."""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    async with client.stream("GET", "/api/v1/live", params=parameters, headers=headers, timeout=30) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer)


async def events(answer: httpx.Response) -> AsyncIterator[Event]:
    """Parsed as the HTML standard says; an id without data is kept for the next event's sake only."""
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        else:
            if "data" in fields:
                yield Event(fields.get("event", "message"), json.loads(fields["data"]), fields.get("id", ""))
            fields = {}


async def next_event(stream: AsyncIterator[Event], name: str) -> Event:
    """The next event of this name."""
    async for event in stream:
        if event.name == name:
            return event
    raise AssertionError(f"the stream ended before an event {name!r}")


def take(seen: Seen, event: Event) -> None:
    """Remember each window's latest line; none may be told twice."""
    for line in event.data if event.name == "windows" else ():
        key = (line["stream"], line["category"], line["window_start"])
        assert line["count"] > seen.get(key, {"count": 0})["count"], "told twice"
        seen[key] = line


async def stored(owner: asyncpg.Connection) -> Totals:
    """Count and sum of every window in the database."""
    rows = await owner.fetch(
        "SELECT stream, category, minute, count, sum FROM window_values JOIN series ON series.id = series_id"
    )
    return {(s, c, m.isoformat().replace("+00:00", "Z")): (count, total) for s, c, m, count, total in rows}


def summed(seen: Seen) -> Totals:
    """Count and sum of every window that was told, as it was told last."""
    return {key: (line["count"], line["sum"]) for key, line in seen.items()}
