"""What the processor's transaction makes of replays, on a real Postgres: each dead letter counts once."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import asyncpg
import pytest
from services.processor.tests.makers import NOON, NOON_MS, FakeRecord, later, wire
from tests.support import databases
from tests.support.databases import Database
from tests.support.recount import PLACES
from tests.support.stack import Stack
from tests.support.tables import broken_invariants

from processor import offsets
from processor.failpoints import Failpoint
from processor.letter_upkeep import LetterUpkeep
from processor.metrics import Metrics
from processor.pipeline import Pipeline
from processor.plan import Batch, Claim, Plan
from processor.settings import ProcessorSettings
from processor.write import prepare_connection
from query_api.audit.findings import Result
from query_api.audit.run import look
from query_api.database import Snapshot

BARE = b'{"stream":"lab","category":"c","value":2.5}'
"""A reading without an id and a time of its own."""
UNTEXT = (("trace", b"\xff"),)
DAY_MS = 86_400_000
TABLES = (
    "offsets", "batches", "gaps", "removed", "dead_letters", "dead_letter_requests", "raw_readings", "raw_rows",
    "windows", "quarters", "series_counts", "row_counts", "series",
)  # fmt: skip


class Ground:
    """Partition 0 of a topic, fed record by record to one pipeline."""

    def __init__(self, pool: asyncpg.Pool, producer: asyncpg.Pool, claim: Claim, **series: int) -> None:
        settings = ProcessorSettings.model_validate({"series": series})
        self.pool = pool
        self._producer = producer
        self._claim = claim
        self._pipeline = Pipeline(pool, "readings", settings, Metrics(), Failpoint(""))
        self.records: list[FakeRecord] = []

    async def take(self, *records: FakeRecord) -> None:
        """All of them in one batch."""
        await self.commit(await self.prepare(*records))

    async def prepare(self, *records: FakeRecord) -> Plan:
        claim, first = self._claim, self._claim.next_offset
        placed = [replace(record, offset=first + n) for n, record in enumerate(records)]
        self.records += placed
        self._claim = replace(claim, next_offset=first + len(placed))
        return await self._pipeline.prepare([Batch(claim, first, first + len(placed), placed)])

    async def commit(self, plan: Plan) -> None:
        await self._pipeline.commit(plan)

    async def book(self, offset: int, edited: bytes | None = None) -> str:
        """Ask for a replay of the letter at this offset, as the producer does."""
        place = [1], [self._claim.topic], [0], [offset]
        return str(await self._producer.fetchval("SELECT outcome FROM request_replays($1,$2,$3,$4,$5)", *place, edited))

    async def discard(self, offset: int, why: str) -> str:
        """Ask that the letter at this offset be set aside, as the producer does."""
        place = [1], [self._claim.topic], [0], [offset]
        return str(await self._producer.fetchval("SELECT outcome FROM request_discards($1,$2,$3,$4,$5)", *place, why))

    def replay(self, offset: int, value: bytes | None, days: int = 0) -> FakeRecord:
        """The record that the producer then publishes, so many days after noon."""
        place = f"1/{self._claim.topic}/0/{offset}".encode()
        return FakeRecord(0, value, timestamp=NOON_MS + days * DAY_MS, headers=(("replay-of", place),))

    async def claim_again(self) -> None:
        """Go on as a new owner."""
        self._claim = await claimed(self.pool, self._claim.topic)

    async def again(self) -> None:
        """A new pass over everything."""
        await self.pool.execute(
            "UPDATE offsets SET pass = pass + 1, next_offset = 0, accepted = 0, duplicate = 0, rejected = 0"
        )
        records, self.records = self.records, []
        await self.claim_again()
        await self.take(*records)

    async def counts(self) -> tuple[int, int, int]:
        """Accepted, duplicate and rejected in the present pass."""
        return tuple(await self.pool.fetchrow("SELECT accepted, duplicate, rejected FROM offsets"))  # type: ignore[return-value]

    async def letter(self, offset: int) -> asyncpg.Record:
        return await self.pool.fetchrow('SELECT * FROM dead_letters WHERE "offset" = $1', offset)


async def claimed(pool: asyncpg.Pool, topic: str) -> Claim:
    async with pool.acquire() as connection:
        return await offsets.claim(connection, topic, 0, 0)


@pytest.fixture(scope="module")
def shared(stack: Stack, migrated_template: str) -> Iterator[Database]:
    """One database for all of these tests; each begins with empty tables."""
    with databases.copy_of(stack, migrated_template) as made:
        yield made


@pytest.fixture
async def pools(shared: Database) -> AsyncIterator[tuple[asyncpg.Pool, asyncpg.Pool]]:
    """Connections of a processor and a producer; in the end the invariants hold and the audit passes."""
    owner = await asyncpg.connect(shared.owner_dsn)
    await owner.execute(f"TRUNCATE {', '.join(TABLES)}")
    await owner.execute("UPDATE raw_horizon SET kept_from = NULL")
    ours = await asyncpg.create_pool(shared.processor_dsn, min_size=1, max_size=3, init=prepare_connection)
    producers = await asyncpg.create_pool(shared.producer_dsn, min_size=1, max_size=3)
    yield ours, producers
    ours.terminate()
    producers.terminate()
    assert await broken_invariants(owner) == []
    async with owner.transaction():
        outcomes = await look(Snapshot(owner, 10_000), NOON - timedelta(days=1), None)
    assert [outcome.findings for outcome in outcomes if outcome.result is not Result.PASS] == []
    await owner.close()


@pytest.fixture
async def ground(pools: tuple[asyncpg.Pool, asyncpg.Pool]) -> Ground:
    return Ground(*pools, await claimed(pools[0], "readings"))


async def raw(ground: Ground) -> list[tuple[UUID, object, float]]:
    found = await ground.pool.fetch("SELECT id, timestamp, value FROM raw_readings ORDER BY timestamp, id")
    return [tuple(row) for row in found]


async def test_a_replay_as_it_is_has_the_identity_and_time_of_its_first_place(ground: Ground) -> None:
    await ground.take(FakeRecord(0, wire(1)), FakeRecord(0, BARE, headers=UNTEXT))
    assert await ground.book(1) == "requested"
    await ground.take(FakeRecord(0, wire(2)), ground.replay(1, BARE, days=1))
    assert (uuid5(PLACES, "1/readings/0/1"), NOON, 2.5) in await raw(ground)
    assert (await ground.letter(1))["replayed_at"] is not None
    assert await ground.counts() == (3, 0, 1)
    assert await ground.pool.fetchval("SELECT count(*) FROM dead_letter_requests WHERE done_at IS NULL") == 0
    assert await ground.book(1) == "replayed"


async def test_a_booking_holds_no_value_but_an_edited_one_and_the_claim_gives_either(
    ground: Ground, pools: tuple[asyncpg.Pool, asyncpg.Pool]
) -> None:
    await ground.take(FakeRecord(0, BARE, key=b"k", headers=UNTEXT))
    for edit in (None, wire(3)):
        await ground.book(0, edit)
    kept = await ground.pool.fetch("SELECT value FROM dead_letter_requests ORDER BY id")
    assert [row["value"] for row in kept] == [None, wire(3)]
    claimed = await pools[1].fetch("SELECT * FROM claim_replays(10, 50)")
    assert [(row["key"], row["value"]) for row in claimed] == [(b"k", BARE), (b"k", wire(3))]
    assert await pools[1].fetch("SELECT * FROM claim_replays(10, 50)") == []
    await ground.take(ground.replay(0, BARE), ground.replay(0, wire(3)))


async def test_copies_of_a_replay_and_a_second_edit_are_duplicates_in_one_batch_and_in_the_next(ground: Ground) -> None:
    await ground.take(FakeRecord(0, b"{"))
    edits = [wire(n, value=n) for n in (1, 2)]
    assert [await ground.book(0, edit) for edit in edits] == ["requested"] * 2
    both = [ground.replay(0, edit) for edit in edits]
    await ground.take(FakeRecord(0, wire(7)), *both, *both, FakeRecord(0, wire(8)))
    await ground.take(*both)
    assert [value for _, _, value in await raw(ground)] == [1, 1.5, 1.5], "the first in the log, and its neighbours"
    assert await ground.counts() == (3, 5, 1)


async def test_a_copy_prepared_before_the_first_is_committed_is_a_duplicate(ground: Ground) -> None:
    await ground.take(FakeRecord(0, b"{"))
    edits = [wire(n, value=n) for n in (1, 2)]
    for edit in edits:
        await ground.book(0, edit)
    plans = [await ground.prepare(ground.replay(0, edit), FakeRecord(0, wire(7 + n))) for n, edit in enumerate(edits)]
    for plan in plans:
        await ground.commit(plan)
    assert sorted(value for _, _, value in await raw(ground)) == [1, 1.5, 1.5]
    assert await ground.counts() == (3, 1, 1)


async def test_one_refused_again_says_why_on_its_letter_and_may_be_edited_once_more(ground: Ground) -> None:
    await ground.take(FakeRecord(0, b"{"))
    for edit, reason in [(b"[]", "not_an_object"), (b'{"stream":"lab"}', "missing_field")]:
        await ground.book(0, edit)
        await ground.take(ground.replay(0, edit, days=1))
        letter = await ground.letter(0)
        assert (letter["tried_reason"], letter["tried_at"]) == (reason, later(days=1))
        assert (letter["reason"], letter["replayed_at"]) == ("not_json", None)
    assert await ground.book(0, b"[]") == "requested", "once more, though it was refused"
    await ground.take(ground.replay(0, b"[]", days=2), ground.replay(0, BARE))
    assert await ground.counts() == (0, 3, 2), "the last was not asked for"
    await ground.book(0, BARE)
    await ground.take(ground.replay(0, BARE, days=3))
    assert await raw(ground) == [(uuid5(PLACES, "1/readings/0/0"), NOON, 2.5)]


async def test_one_of_a_time_whose_raw_data_is_gone_is_refused_again_as_too_late(ground: Ground) -> None:
    """Also one that has its letter's time; what was counted before stays, and the letter can still be discarded."""
    old = wire(1, at=later(days=-40))
    await ground.take(FakeRecord(0, old, headers=UNTEXT), FakeRecord(0, BARE, headers=UNTEXT), FakeRecord(0, wire(2)))
    await ground.take(replace(FakeRecord(0, b"{"), timestamp=NOON_MS + 70 * DAY_MS))
    assert await ground.pool.fetchval("SELECT move_raw_horizon(30)") == datetime(2026, 4, 1, tzinfo=UTC)
    assert [await ground.book(offset) for offset in (0, 1)] == ["requested"] * 2
    await ground.claim_again()
    await ground.take(ground.replay(0, old, days=70), ground.replay(1, BARE, days=70))
    assert await ground.counts() == (1, 2, 3), "a replay that is refused is no dead letter of its own"
    for offset in (0, 1):
        letter = await ground.letter(offset)
        assert (letter["tried_reason"], letter["replayed_at"]) == ("too_late", None)
        assert await ground.discard(offset, "its time is over") == "requested"
    assert await ground.pool.fetchval("SELECT count(*) FROM dead_letter_requests WHERE done_at IS NULL") == 2


@pytest.mark.parametrize("booked", [None, b"another value"])
async def test_a_forged_replay_is_a_dead_letter_of_its_own(ground: Ground, booked: bytes | None) -> None:
    await ground.take(FakeRecord(0, b"{"))
    if booked:
        await ground.book(0, booked)
    foreign = replace(ground.replay(0, BARE), headers=(("replay-of", b"1/rows/0/0"),))
    await ground.take(FakeRecord(0, wire(1)), ground.replay(0, BARE), foreign)
    assert await ground.counts() == (1, 0, 3)
    assert [(await ground.letter(n))["reason"] for n in (2, 3)] == ["unknown_replay"] * 2
    assert (await ground.letter(0))["replayed_at"] is None


async def test_a_time_of_its_own_is_judged_by_when_the_replay_came(ground: Ground) -> None:
    value = wire(1, at=later(days=2))
    await ground.take(FakeRecord(0, value))
    assert (await ground.letter(0))["reason"] == "in_the_future"
    await ground.book(0)
    await ground.take(ground.replay(0, value))
    assert (await ground.letter(0))["tried_reason"] == "in_the_future"
    await ground.book(0)
    await ground.take(ground.replay(0, value, days=3))
    assert await raw(ground) == [(UUID(int=1), later(days=2), 1.5)]


async def test_of_copies_in_one_batch_the_one_that_counts_is_booked_whatever_became_of_the_others(
    ground: Ground,
) -> None:
    value = wire(1, at=later(days=2))
    await ground.take(FakeRecord(0, b"{"), FakeRecord(0, b"["))
    other = wire(2, at=later(days=2))
    await ground.book(0, value)
    await ground.book(1, other)
    early_first = [ground.replay(0, value), ground.replay(0, value, days=3)]
    early_last = [ground.replay(1, other, days=3), ground.replay(1, other)]
    await ground.take(*early_first, *early_last)
    assert await ground.counts() == (2, 2, 2)
    booked = await ground.pool.fetch("SELECT taken, done_at IS NOT NULL AS done FROM dead_letter_requests")
    assert [tuple(line) for line in booked] == [(True, True)] * 2


async def test_what_only_postgres_or_a_limit_refuses_is_no_second_letter(
    pools: tuple[asyncpg.Pool, asyncpg.Pool], shared: Database
) -> None:
    ground = Ground(*pools, await claimed(pools[0], "readings"), per_stream=1)
    await ground.take(FakeRecord(0, wire(1)), FakeRecord(0, b"{"), FakeRecord(0, b"["))
    other, odd = wire(2, category="other"), wire(3, value=666)
    owner = await asyncpg.connect(shared.owner_dsn)
    await owner.execute("ALTER TABLE raw_readings ADD CONSTRAINT odd CHECK (value <> 666)")
    await ground.book(1, other)
    await ground.book(2, odd)
    await ground.take(FakeRecord(0, wire(4)), ground.replay(1, other), ground.replay(2, odd), FakeRecord(0, wire(5)))
    assert [(await ground.letter(n))["tried_reason"] for n in (1, 2)] == ["too_many_series", "db_rejected"]
    assert await ground.counts() == (3, 2, 2)
    await owner.execute("ALTER TABLE raw_readings DROP CONSTRAINT odd")
    await owner.close()


async def test_a_letter_keeps_a_header_whose_name_postgres_cannot_hold(ground: Ground) -> None:
    await ground.take(FakeRecord(0, wire(1), headers=(("a\0b", b"\xff"),)), FakeRecord(0, wire(2)))
    assert (await ground.letter(0))["headers"] == '[["a\ufffdb", "/w=="]]'
    assert await ground.counts() == (1, 0, 1)


async def test_a_row_is_replayed_with_its_samples(pools: tuple[asyncpg.Pool, asyncpg.Pool]) -> None:
    ground = Ground(*pools, await claimed(pools[0], "rows"))
    row = b'{"stream":"lab","row":3,"data":{"a":1.5,"b":true}}'
    await ground.take(FakeRecord(0, b"{"), FakeRecord(0, row, headers=UNTEXT))
    await ground.book(0, b"[]")
    await ground.book(1)
    await ground.take(ground.replay(1, row), ground.replay(0, b"[]"), ground.replay(1, row))
    assert await ground.counts() == (1, 2, 2)
    stored = await ground.pool.fetchrow("SELECT id, timestamp FROM raw_rows")
    assert tuple(stored) == (uuid5(PLACES, "1/rows/0/1"), NOON)
    assert await ground.pool.fetchval("SELECT sum(count)::int FROM windows") == 2
    assert (await ground.letter(0))["tried_reason"] == "not_an_object"


async def test_a_log_read_again_decides_the_same(ground: Ground) -> None:
    await ground.take(*(FakeRecord(0, BARE, headers=UNTEXT) for _ in range(3)))
    edits = {n: [wire(10 * n + k, at=NOON + timedelta(minutes=k)) for k in range(3)] for n in range(3)}
    for n, values in edits.items():
        for value in values:
            await ground.book(n, value)
    await ground.take(ground.replay(0, edits[0][1]), ground.replay(1, edits[1][2]), ground.replay(2, b"forged"))
    await ground.take(ground.replay(0, edits[0][0]), ground.replay(1, edits[1][0]))
    before = await raw(ground), await ground.letter(0), await ground.counts()
    assert before[2] == (2, 2, 4)
    await ground.again()
    assert (await raw(ground), await ground.letter(0)) == before[:2]
    assert await ground.counts() == (0, 8, 0)


async def test_a_replay_whose_letter_is_gone_is_a_duplicate(ground: Ground) -> None:
    await ground.take(FakeRecord(0, b"{"))
    await ground.book(0, BARE)
    await ground.take(ground.replay(0, BARE))
    await ground.pool.execute("""
        WITH gone AS (DELETE FROM dead_letters RETURNING *)
        INSERT INTO removed (table_name, cause, generation, topic, partition, range_start, range_end, rows, samples)
        SELECT 'dead_letters', 'retention', generation, topic, partition, received_at, received_at, 1, 0 FROM gone""")
    await ground.book(0, wire(9))
    await ground.take(ground.replay(0, BARE))
    assert await ground.counts() == (1, 1, 1)


async def test_discards_are_carried_out_with_their_notes_and_open_letters_counted(ground: Ground) -> None:
    await ground.take(*(FakeRecord(0, value) for value in (b"{", b"{", b"[]", BARE, b"{")))
    assert [await ground.discard(n, f"why {n}") for n in (0, 2, 9)] == ["requested", "requested", "unknown"]
    assert await ground.discard(2, "a better why") == "requested"
    await ground.book(1, wire(1))
    await ground.discard(1, "too late")
    await ground.take(ground.replay(1, wire(1)))
    metrics = Metrics()
    await LetterUpkeep(ground.pool, metrics, keep_days=0).look()
    letters = [await ground.letter(n) for n in (0, 1, 2, 4)]
    assert [letter["note"] for letter in letters] == ["why 0", None, "a better why", None]
    assert [letter["discarded_at"] is not None for letter in letters] == [True, False, True, False]
    assert metrics.registry.get_sample_value("tideline_processor_dead_letters_open", {"reason": "not_json"}) == 1
    assert metrics.registry.get_sample_value("tideline_processor_dead_letters_open", {"reason": "not_an_object"}) == 0
    assert [await ground.discard(n, "again") for n in (0, 1)] == ["discarded", "replayed"]
    await ground.book(0, wire(2))
    await ground.take(ground.replay(0, wire(2)))
    assert (await ground.letter(0))["replayed_at"] is not None, "what was set aside may still be sent again"


async def test_old_letters_go_but_for_those_on_their_way_and_the_sums_hold(ground: Ground) -> None:
    await ground.take(*(FakeRecord(0, b"{") for _ in range(6)))
    await ground.book(0, BARE)
    await ground.take(ground.replay(0, BARE))
    await ground.book(1, BARE)
    await ground.discard(2, "old")
    age = "UPDATE dead_letters SET received_at = now() - interval '31 days' WHERE \"offset\" < 5"
    await ground.pool.execute(age)
    await LetterUpkeep(ground.pool, Metrics(), keep_days=30).look()
    kept = await ground.pool.fetch('SELECT "offset" FROM dead_letters ORDER BY 1')
    assert [row["offset"] for row in kept] == [1, 5]
    assert await ground.pool.fetchval("SELECT sum(rows)::int FROM removed WHERE table_name = 'dead_letters'") == 4
    await ground.take(ground.replay(1, BARE))
    await ground.again()
    assert await ground.counts() == (0, 4, 4), "they are kept again, and nothing is counted again"
