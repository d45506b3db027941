"""Streams as Postgres knows them: what they are, how many run, what they measured in the last minute."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from asyncpg import Record

from chassis.problems import Problem
from query_api.database import Database
from query_api.formats import JsonText, Line

MINUTE = timedelta(minutes=1)


class Totals(NamedTuple):
    """How much is kept, and how many streams count towards those that may run at once."""

    row_count: int
    task_count: int


async def streams_page(database: Database, after: str, limit: int) -> list[Line]:
    """At most `limit` streams beyond an id, in the order of ids; outsiders' as kind `external`."""
    return [_line(row) for row in await database.fetch("streams_from", after, limit)]


async def one_stream(database: Database, stream: str) -> Line:
    """A stream. Raises Problem 404."""
    rows = await database.fetch("one_stream", stream)
    if not rows:
        raise unknown()
    return _line(rows[0])


async def tasks(database: Database) -> list[Line]:
    """The streams that count towards those that may run at once."""
    return [dict(row) for row in await database.fetch("tasks")]


async def totals(database: Database) -> Totals:
    """What is kept and what runs."""
    (row,) = await database.fetch("totals")
    return Totals(*row)


def last_minute(now: datetime) -> tuple[datetime, datetime]:
    """The last whole UTC minute: at 10:11:10 it is 10:10:00 up to but not including 10:11:00."""
    end = now.astimezone(UTC).replace(second=0, microsecond=0)
    return end - MINUTE, end


async def last_minute_of(database: Database, stream: str, now: datetime) -> dict[str, Any]:
    """Average, sum and count of all categories of a stream over the last whole minute. Raises Problem 404."""
    start, end = last_minute(now)
    (row,) = await database.fetch("minute_of_stream", stream, start, end)
    if not row["known"]:
        raise unknown()
    values = {name: row[name] for name in ("average", "sum", "count")}
    return {"batch_id": stream, "start": start, "end": end} | values


def unknown() -> Problem:
    """There is no such stream."""
    return Problem(404, "there is no such stream: /api/v1/streams lists all of them")


def _line(row: Record) -> Line:
    return dict(row) | {"spec": JsonText(row["spec"]), "progress": JsonText(row["progress"])}
