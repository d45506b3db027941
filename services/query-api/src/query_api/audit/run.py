"""One audit: every check in the same snapshot, each with its own time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson

from chassis.problems import Problem
from contracts.samples import ALL_FIELDS, Rules
from query_api.audit import checks
from query_api.audit.deep import Deep, DeepSettings
from query_api.audit.findings import Check, Outcome, report
from query_api.audit.rows import RowWindows
from query_api.audit.stretches import Scope
from query_api.database import Database, Snapshot
from query_api.kafka import Kafka
from query_api.ranges import Range

DAYS = timedelta(days=7)


def covered(asked: Range, now: datetime) -> tuple[datetime, datetime | None]:
    """The range that is checked: whole quarters around the one asked for; without a start seven days up to its end."""
    start = asked.start or (asked.end or now) - DAYS
    return _quarter(start), None if asked.end is None else _quarter(asked.end + checks.QUARTER - timedelta.resolution)


@dataclass(frozen=True, slots=True)
class Audit:
    """Makes audits, each when it is asked for."""

    database: Database
    kafka: Kafka
    deep: DeepSettings
    statement_ms: int

    async def report(self, asked: Range, now: datetime, deep: bool) -> dict[str, Any]:
        """What is found. Raises Problem: 429 while another audit runs, 503 while Postgres or Kafka is away."""
        start, end = covered(asked, now)
        async with self.database.snapshot(self.statement_ms) as snapshot:
            (turn,) = await snapshot.fetch("audit/turn")
            if not turn["mine"]:
                raise Problem(429, "an audit is running: one at a time; ask again", headers={"Retry-After": "5"})
            outcomes = await look(snapshot, start, end)
            if not deep:
                return report(outcomes, now, start, end)
            found, scope = await look_deep(snapshot, self.kafka, self.deep, start, end)
        lines = [stretch.line() for stretch in scope.stretches]
        return report([*outcomes, *found], now, start, end, lines, scope.compared_from)


async def look(snapshot: Snapshot, start: datetime, end: datetime | None) -> list[Outcome]:
    """Every check that needs nothing but the database, one after the other."""
    outcomes = [await _timed(check, partial(checks.whole, snapshot, check)) for check in checks.WHOLE]
    outcomes.append(await _timed(checks.WINDOWS, partial(_windows, snapshot, start, end)))
    outcomes.append(await _timed(checks.QUARTERS, partial(checks.quarters, snapshot, start, end)))
    return outcomes


async def _windows(snapshot: Snapshot, start: datetime, end: datetime | None) -> Outcome:
    """All windows: those of readings in one statement, those of streams with rows one after the other."""
    series = await snapshot.fetch("audit/series")
    outcome = await checks.windows(snapshot, [one for one in series if not one["has_rows"]], start, end)
    rules = await _rules(snapshot)
    others = RowWindows(snapshot, start, end)
    with_rows = [one for one in series if one["has_rows"] and not one["going"]]
    for stream, group in groupby(sorted(with_rows, key=itemgetter("stream")), itemgetter("stream")):
        await others.add(stream, {one["category"]: one["id"] for one in group}, rules.get(stream, ALL_FIELDS))
    outcome.join(others.outcome())
    return outcome


async def look_deep(
    snapshot: Snapshot, kafka: Kafka, settings: DeepSettings, start: datetime, end: datetime | None
) -> tuple[list[Outcome], Scope]:
    """What needs Kafka, and where it was looked for."""
    return await Deep(snapshot, settings, start, end).look(kafka, await _rules(snapshot))


async def _rules(snapshot: Snapshot) -> dict[str, Rules]:
    """Which fields of the rows of each stream are samples, where its spec says so."""
    return {row["id"]: Rules.of(orjson.loads(row["spec"])) for row in await snapshot.fetch("audit/specs")}


async def _timed(check: Check, work: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """The outcome with its time; one that takes too long is unfinished, the others go on."""
    clock = asyncio.get_running_loop().time
    began = clock()
    try:
        outcome = await work()
    except Problem as problem:
        if problem.status != 504:
            raise
        outcome = Outcome(check, unfinished=problem.detail)
    outcome.seconds = clock() - began
    return outcome


def _quarter(at: datetime) -> datetime:
    """The start of the quarter of an hour around a moment."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return at - (at - epoch) % checks.QUARTER
