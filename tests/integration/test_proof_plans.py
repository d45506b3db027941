"""What lag and dead letters ask Postgres stays small however many batches and letters there are: rows really read."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from tests.support import databases
from tests.support.databases import Database
from tests.support.plans import nodes, scanned
from tests.support.query_api import settings_for
from tests.support.stack import Stack

from local_stack.waiting import in_own_loop
from query_api.database import session, statement

RECENT = 30
BATCHES = """
INSERT INTO batches (generation, topic, partition, pass, first_offset, next_offset,
                     accepted, duplicate, rejected, samples, committed_at)
SELECT 1, 'readings', p, 1, n * 10, n * 10 + 10, 10, 0, 0, 10,
       now() + CASE WHEN n >= 3970 THEN interval '1 hour' ELSE interval '-1 hour' END
FROM generate_series(0, 5) p, generate_series(0, 3999) n
"""
OFFSETS = """
INSERT INTO offsets (topic, partition, start_offset, next_offset)
SELECT 'readings', p, 0, 40000 FROM generate_series(0, 5) p
"""
LETTERS = """
INSERT INTO dead_letters (generation, topic, partition, "offset", key, value, reason, detail, append_time, received_at,
                          stream, discarded_at)
SELECT 1, 'readings', n % 6, n, 'k', repeat('x', 200)::bytea,
       CASE n % 600 WHEN 0 THEN 'empty' WHEN 1 THEN 'too_old' ELSE 'not_json' END, 'd', now(),
       '2026-02-01Z'::timestamptz + n * interval '1 second', 'lab-' || n % 40, CASE WHEN n % 3 = 0 THEN now() END
FROM generate_series(1, 60000) n
"""
REQUESTS = """
INSERT INTO dead_letter_requests (wish, generation, topic, partition, "offset", append_time, digest, done_at)
SELECT 'discard', 1, 'readings', n % 6, n, now(), '', CASE WHEN n % 3000 > 0 THEN now() END
FROM generate_series(3, 60000, 3) n
"""
LETTERS_KEPT, REASONS, ON_THEIR_WAY = 60_000, 3, 20
AT = datetime(2026, 2, 1, tzinfo=UTC) + timedelta(seconds=30_000)
NONE = (None,) * 7
PLACE = (AT, 1, "readings", 3, 30_000)
NOWHERE = (None,) * 5
PAGES: dict[str, tuple[tuple[Any, ...], int, int]] = {
    "the newest": ((*NONE, *NOWHERE, 500), 500, 600),
    "a page in the middle": ((*NONE, *PLACE, 500), 500, 600),
    "a rare reason": ((["empty"], *NONE[1:], *NOWHERE, 500), 100, 200),
    "two rare reasons": ((["empty", "too_old"], *NONE[1:], *NOWHERE, 500), 200, 400),
    "open ones of a topic": ((None, "readings", None, "open", None, None, None, *NOWHERE, 500), 500, 1_000),
    "an hour": ((None, None, None, None, AT, AT + timedelta(hours=1), None, *NOWHERE, 500), 500, 600),
}
"""What is asked, how many lines it has, and how many rows may be read for them."""


@pytest.fixture(scope="module")
def filled(stack: Stack, migrated_template: str) -> Iterator[Database]:
    with databases.copy_of(stack, migrated_template) as database:
        in_own_loop(fill(database))
        yield database


@pytest.fixture
async def reader(filled: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(filled.api_dsn, server_settings=session(settings_for(filled.api_dsn, {})))
    yield connection
    await connection.close()


async def fill(database: Database) -> None:
    owner = await asyncpg.connect(database.owner_dsn)
    for filling in (BATCHES, OFFSETS, LETTERS, REQUESTS, "VACUUM ANALYZE"):
        await owner.execute(filling)
    await owner.close()


async def carried_out(connection: asyncpg.Connection, name: str, *values: Any) -> dict[str, Any]:
    """The plan as it went."""
    text = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement(name)}", *values)
    plan: dict[str, Any] = json.loads(text)[0]["Plan"]
    return plan


def rows_read(plan: dict[str, Any], *tables: str) -> int:
    """Rows that were taken from these tables, those that a filter threw away too."""
    scans = [node for node in nodes(plan) if node.get("Relation Name") in tables]
    removed = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    return sum(node["Actual Loops"] * (node["Actual Rows"] + sum(node.get(n, 0) for n in removed)) for node in scans)


async def test_lag_reads_of_the_ledger_what_was_committed_in_its_window(reader: asyncpg.Connection) -> None:
    plan = await carried_out(reader, "lag_progress", ["readings", "rows"], timedelta(seconds=30))
    assert not scanned(plan, "Seq Scan")
    assert rows_read(plan, "batches") == 6 * (RECENT + 1)


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_of_dead_letters_reads_little_more_than_it_shows(reader: asyncpg.Connection, name: str) -> None:
    values, lines, most = PAGES[name]
    plan = await carried_out(reader, "dead_letters_before", *values)
    assert plan["Actual Rows"] == lines
    assert not scanned(plan, "Seq Scan")
    assert rows_read(plan, "dead_letters") <= most


async def test_one_dead_letter_is_found_by_its_place(reader: asyncpg.Connection) -> None:
    plan = await carried_out(reader, "dead_letter", "readings", 0, 30_000, None)
    assert (plan["Actual Rows"], rows_read(plan, "dead_letters")) == (1, 1)
    assert not scanned(plan, "Seq Scan")


async def test_counts_by_reason_read_the_index_once_and_no_letter(reader: asyncpg.Connection) -> None:
    plan = await carried_out(reader, "dead_letter_reasons")
    assert set(scanned(plan, "Index Only Scan")) >= {"dead_letters"}
    assert not scanned(plan, "Seq Scan", "Bitmap Heap Scan")
    assert rows_read(plan, "dead_letters") <= LETTERS_KEPT * 1.01
    assert rows_read(plan, "dead_letter_requests") <= ON_THEIR_WAY * REASONS
