"""An independent recount: what Postgres must hold, computed in plain Python from what Kafka holds.

Shares no code with the services: another Kafka client, the json module, dicts, fractions.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import UUID

import asyncpg

from tests.support.publisher import Record

Key = tuple[str, str]
Event = tuple[str, str, datetime, UUID]


@dataclass
class Window:
    """One series over one bucket."""

    values: list[tuple[datetime, float]] = field(default_factory=list)

    def line(self) -> tuple[int, float, float, float, float, float]:
        """count, sum, min, max, first, last."""
        numbers = [value for _, value in self.values]
        return (
            len(numbers),
            math.fsum(numbers),
            min(numbers),
            max(numbers),
            min(self.values)[1],
            max(self.values)[1],
        )

    def exact_sum(self) -> Fraction:
        """The sum without any rounding."""
        return sum((Fraction(value) for _, value in self.values), Fraction(0))


@dataclass
class Recount:
    """What the topic's valid readings amount to."""

    events: dict[Event, float] = field(default_factory=dict)
    minutes: dict[tuple[Key, datetime], Window] = field(default_factory=dict)
    quarters: dict[tuple[Key, datetime], Window] = field(default_factory=dict)
    records: int = 0
    refused: int = 0


def recount(records: Iterable[Record]) -> Recount:
    """Count each distinct valid reading once; of equal events the first one's value."""
    found = Recount()
    for record in records:
        found.records += 1
        event = _event(record)
        if event is None:
            found.refused += 1
            continue
        (stream, category, at, _), value = event
        if event[0] in found.events:
            continue
        found.events[event[0]] = value
        minute = at.replace(second=0, microsecond=0)
        quarter = minute - timedelta(minutes=minute.minute % 15)
        found.minutes.setdefault(((stream, category), minute), Window()).values.append((at, value))
        found.quarters.setdefault(((stream, category), quarter), Window()).values.append((at, value))
    return found


def _event(record: Record) -> tuple[Event, float] | None:
    """The reading, where it is one with all five fields in their plain form."""
    try:
        fields = json.loads(record.value or b"")
        at = datetime.fromisoformat(fields["timestamp"]).astimezone(UTC)
        value = fields["value"]
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return (fields["stream"], fields["category"], at, UUID(fields["id"])), float(value)
    except (ValueError, KeyError, TypeError):
        return None


RAW = "SELECT stream, category, timestamp, r.id, value FROM raw_readings r JOIN series s ON s.id = series_id"
WINDOWS = """
SELECT stream, category, minute AS at, count, sum, min, max, first_value, last_value, 0 AS minutes
FROM window_values JOIN series s ON s.id = series_id
"""
QUARTERS = """
SELECT stream, category, quarter AS at, count, sum, min, max, first_value, last_value, minutes
FROM quarter_values JOIN series s ON s.id = series_id
"""


async def assert_exact(dsn: str, records: list[Record]) -> Recount:
    """Postgres holds exactly what the records amount to: raw readings, windows, quarters, dead letters, ledger."""
    wanted = recount(records)
    connection = await asyncpg.connect(dsn)
    try:
        raw = {(s, c, at, UUID(int=i.int)): value for s, c, at, i, value in await connection.fetch(RAW)}
        assert len(raw) == len(wanted.events)
        assert raw == wanted.events
        _assert_windows(await connection.fetch(WINDOWS), wanted.minutes)
        quarters = await connection.fetch(QUARTERS)
        _assert_windows(quarters, wanted.quarters)
        for line in quarters:
            minutes = {
                at.minute % 15
                for (key, at) in wanted.minutes
                if key == (line["stream"], line["category"]) and line["at"] <= at < line["at"] + timedelta(minutes=15)
            }
            assert line["minutes"] == sum(1 << minute for minute in minutes)
        assert await connection.fetchval("SELECT count(*) FROM dead_letters") == wanted.refused
        assert await broken_invariants(connection) == []
    finally:
        await connection.close()
    return wanted


def _assert_windows(lines: list[asyncpg.Record], wanted: dict[tuple[Key, datetime], Window]) -> None:
    got = {
        ((line["stream"], line["category"]), line["at"]): (
            line["count"], line["sum"], line["min"], line["max"], line["first_value"], line["last_value"],
        )
        for line in lines
    }  # fmt: skip
    assert len(got) == len(wanted)
    assert got == {key: window.line() for key, window in wanted.items()}


INVARIANTS = {
    "1: next - start = accepted + duplicate + rejected + gaps": """
        SELECT topic, partition FROM offsets o
        WHERE next_offset - start_offset <> accepted + duplicate + rejected + coalesce((
            SELECT sum(to_offset - from_offset) FROM gaps g
            WHERE (g.generation, g.topic, g.partition, g.pass) = (o.generation, o.topic, o.partition, o.pass)), 0)""",
    "2: the ledger has no gap and no overlap": """
        WITH ranges AS (
            SELECT generation, topic, partition, pass, first_offset, next_offset FROM batches
            UNION ALL
            SELECT generation, topic, partition, pass, from_offset, to_offset FROM gaps
            WHERE cause = 'retention' AND accepted_at IS NOT NULL
        ), chain AS (
            SELECT *, lag(next_offset, 1, (SELECT start_offset FROM offsets o
                WHERE (o.generation, o.topic, o.partition) = (r.generation, r.topic, r.partition)))
                OVER w AS expected, lead(first_offset) OVER w AS following
            FROM ranges r WINDOW w AS (PARTITION BY generation, topic, partition, pass ORDER BY first_offset)
        )
        SELECT topic, partition, first_offset FROM chain c WHERE first_offset <> expected
        UNION ALL
        SELECT topic, partition, next_offset FROM chain c WHERE following IS NULL AND next_offset <> (
            SELECT next_offset FROM offsets o
            WHERE (o.generation, o.topic, o.partition) = (c.generation, c.topic, c.partition))
        """,
    "3: accepted = rows in the raw tables": """
        SELECT 1 WHERE (SELECT coalesce(sum(accepted), 0) FROM batches)
            <> (SELECT count(*) FROM raw_readings) + (SELECT count(*) FROM raw_rows)
             + (SELECT coalesce(sum(rows), 0) FROM removed WHERE table_name IN ('raw_readings', 'raw_rows'))""",
    "3: rejected = dead letters": """
        SELECT 1 WHERE (SELECT coalesce(sum(rejected), 0) FROM batches) <> (SELECT count(*) FROM dead_letters)""",
    "6: the windows' counts = the samples of the ledger": """
        SELECT 1 WHERE (SELECT coalesce(sum(samples), 0) FROM batches)
            <> (SELECT coalesce(sum(count), 0) FROM windows) + (SELECT coalesce(sum(samples), 0) FROM removed)""",
}  # fmt: skip


async def broken_invariants(connection: asyncpg.Connection) -> list[str]:
    """The invariants of processor.md that do not hold in one snapshot; may be asked at any moment."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return [name for name, query in INVARIANTS.items() if await connection.fetch(query)]
