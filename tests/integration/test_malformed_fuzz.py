"""Valid records damaged at random, through real Kafka and a real processor: each is one event or one dead letter.

`TIDELINE_TEST_FUZZ=10000` damages more. What is valid is told by tests/support/slow_reader.py, which imports nothing of
ours.
"""

import asyncio
import os
import random
from uuid import UUID

import asyncpg
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.malformed import MALFORMED, PLAIN, STRANGE
from tests.support.pipeline import readings, taken
from tests.support.publisher import Record, publish, read_all
from tests.support.recount import EPOCH, RAW
from tests.support.slow_reader import read_reading
from tests.support.stack import Stack
from tests.support.tables import broken_invariants

from contracts.topics import Topics

COUNT = int(os.environ.get("TIDELINE_TEST_FUZZ", "2000"))
TOKENS = (
    b"null", b"true", b"-1e999", b"NaN", b'"', b"\\u0000", b"\\ud800", b"{", b"}", b"[", b"]", b",", b":", b"\x00",
    b"\xff", b"\xef\xbb\xbf", b"1e16", b'"value":7,', b'"id":"', b"Z", b"+02:00", b"0001-01-01", b"9999-12-31", b" ",
)  # fmt: skip


def damaged(rng: random.Random) -> bytes:
    """A record of the curated ones, some bytes of it changed, left out, doubled, or replaced by tokens of JSON."""
    odd = [case.value for case in (*MALFORMED, *STRANGE) if case.value and len(case.value) < 2_000]
    value = bytearray(rng.choice([PLAIN, PLAIN, *readings(1, rng.randrange(10**6)), rng.choice(odd)]))
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        at, length = rng.randrange(len(value) + 1), rng.choice((0, 1, 1, 2, 8))
        put = rng.choice((b"", bytes([rng.randrange(256)]), rng.choice(TOKENS), bytes(value[at : at + length]) * 2))
        value[at : at + length] = put
    return bytes(value)


async def test_each_damaged_record_is_one_event_or_one_dead_letter_and_its_neighbours_are_counted(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    rng = random.Random(19)
    values = [damaged(rng) for _ in range(COUNT)]
    neighbours = readings(COUNT // 4, seed=90)
    publish(
        stack.kafka_bootstrap,
        topics.readings,
        [part for n in range(COUNT) for part in (values[n], *neighbours[n::COUNT])],
    )
    start_service("processor").wait_ready()
    records = await asyncio.to_thread(read_all, stack.kafka_bootstrap, topics.readings)
    await taken(database, len(records), within_s=120 + COUNT / 50)
    refused = {(r.partition, r.offset): r.value for r in records if fields_of(r) is None}
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        letters = await connection.fetch('SELECT partition, "offset", value FROM dead_letters')
        assert {(line["partition"], line["offset"]): line["value"] or b"" for line in letters} == refused
        assert COUNT / 2 < len(refused) < COUNT
        stored = {UUID(int=line["id"].int) for line in await connection.fetch(RAW)}
        wanted = [fields_of(record) for record in records]
        assert {UUID(fields["id"]) for fields in wanted if fields and "id" in fields} <= stored
        assert {
            UUID(fields["id"]) for value in neighbours if (fields := read_reading(value, EPOCH)) is not None
        } <= stored
        assert await broken_invariants(connection) == []
    finally:
        await connection.close()


def fields_of(record: Record) -> dict[str, object] | None:
    """The fields, where the record is a valid reading."""
    return read_reading(record.value, EPOCH.fromtimestamp(record.append_ms / 1_000, EPOCH.tzinfo))
