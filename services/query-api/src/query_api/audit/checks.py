"""The checks that Postgres can make by itself, each one statement in sql/audit."""

from datetime import datetime, timedelta
from typing import Any

import orjson
from asyncpg import Record

from query_api.audit.findings import FINDINGS_MAX, Check, Outcome
from query_api.database import Snapshot
from query_api.ranges import LATEST

QUARTER = timedelta(minutes=15)

WHOLE = (
    Check(
        "read", 1, "what was read was accepted, known already, refused or never given", "records are not accounted for"
    ),
    Check("counters", 1, "each partition's counters are the sums of its ledger", "a counter is not the ledger's sum"),
    Check("batches", 1, "each batch accounts for every record of its range", "a batch does not count its records"),
    Check("ranges", 2, "the ledger's ranges have no gap and no overlap", "the ledger's ranges do not join here"),
    Check("raw_counts", 3, "accepted = rows in the raw tables + removed", "a raw table has not what was accepted"),
    Check("removed", 3, "removals take as many readings as their windows counted", "a removal contradicts itself"),
    Check("dead_letters", 3, "rejected = dead letters + removed", "dead letters are not those that were refused here"),
    Check("samples", 6, "the windows count the samples of the ledger", "the windows do not count what the ledger does"),
    Check("counts", 5, "counts of series and of rows are those of what is kept", "a count is not that of what is kept"),
)
WINDOWS = Check("windows", 5, "each window is what its raw values amount to", "a window is not its raw values")
QUARTERS = Check("quarters", 5, "each quarter is the sum of its windows", "a quarter is not the sum of its windows")


async def whole(snapshot: Snapshot, check: Check) -> Outcome:
    """One of the checks that need no range."""
    return found(check, await snapshot.fetch(f"audit/{check.name}", FINDINGS_MAX))


async def quarters(snapshot: Snapshot, start: datetime, end: datetime | None) -> Outcome:
    """Quarters against windows."""
    return found(QUARTERS, await snapshot.fetch("audit/quarters", FINDINGS_MAX, start, end or LATEST))


async def windows(snapshot: Snapshot, series: list[Record], start: datetime, end: datetime | None) -> Outcome:
    """Windows of these series against their readings alone."""
    ids = [one["id"] for one in series]
    return found(WINDOWS, await snapshot.fetch("audit/windows", FINDINGS_MAX, start, end or LATEST, ids, [], [], []))


def found(check: Check, rows: list[Record]) -> Outcome:
    """What a statement of sql/audit answered."""
    outcome = Outcome(check)
    for row in rows:
        if not row.get("gone"):
            outcome.add(dict(row), _side(row["stored"]), _side(row["should_be"]))
    if rows:
        outcome.total = rows[0]["total"]
        outcome.not_checkable = rows[0].get("gone_total") or 0
    return outcome


def _side(text: str) -> dict[str, Any]:
    values: dict[str, Any] = orjson.loads(text)
    return values
