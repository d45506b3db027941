"""Raw data goes after its time, whole months counted and booked; windows stay, and nothing is ever counted again."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from services.processor.tests.makers import FakeRecord, wire
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.pipeline import taken
from tests.support.processes import ServiceProcess
from tests.support.publisher import publish, read_all
from tests.support.query_api import serving
from tests.support.recount import RAW, WINDOWS, recount
from tests.support.stack import Stack
from tests.support.tables import broken_invariants
from tests.support.waiting import until_async

from contracts.topics import Topics
from processor import offsets
from processor.errors import Fenced
from processor.failpoints import Failpoint
from processor.metrics import Metrics
from processor.pipeline import Pipeline
from processor.plan import Batch, Claim
from processor.retain import Retention
from processor.settings import ProcessorSettings
from processor.write import prepare_connection

JUNE = datetime(2024, 6, 15, 12, tzinfo=UTC)
"""When Kafka took the records; 30 days before that is in May."""
DAYS = [datetime(2024, month, day, 7, 30, tzinfo=UTC) for month, day in ((3, 9), (4, 30), (5, 1), (6, 14))]
WAITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1"


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[asyncpg.Pool]:
    made = await asyncpg.create_pool(database.processor_dsn, min_size=1, max_size=3, init=prepare_connection)
    yield made
    made.terminate()


async def claimed(pool: asyncpg.Pool) -> Claim:
    async with pool.acquire() as connection:
        return await offsets.claim(connection, "readings", 0, 0)


def batch(claim: Claim, events: list[int]) -> Batch:
    """Events by number, each on the day of that index, as the next records of the partition."""
    first = claim.next_offset
    records = [
        FakeRecord(first + n, wire(event, at=DAYS[event % 4], value=event), timestamp=int(JUNE.timestamp()) * 1_000)
        for n, event in enumerate(events)
    ]
    return Batch(claim, first, first + len(events), records)


async def commit(pool: asyncpg.Pool, work: Batch) -> None:
    pipeline = Pipeline(pool, "readings", ProcessorSettings(), Metrics(), Failpoint(""))
    await pipeline.commit(await pipeline.prepare([work]))


async def all_windows(pool: asyncpg.Pool) -> list[tuple[datetime, int, float]]:
    rows = await pool.fetch("SELECT minute, count, plain_sum(sum) AS sum FROM windows ORDER BY minute")
    return [(row["minute"].astimezone(UTC), row["count"], row["sum"]) for row in rows]


async def outcome(pool: asyncpg.Pool) -> tuple[int, int, int]:
    """Accepted, duplicate, rejected in the current pass."""
    row = await pool.fetchrow("SELECT sum(accepted)::int, sum(duplicate)::int, sum(rejected)::int FROM offsets")
    assert row is not None
    return (row[0], row[1], row[2])


async def assert_invariants(database: Database) -> None:
    connection = await asyncpg.connect(database.owner_dsn)
    assert await broken_invariants(connection) == []
    await connection.close()


async def test_whole_months_go_booked_and_their_windows_stay(pool: asyncpg.Pool, database: Database) -> None:
    assert await pool.fetchval("SELECT move_raw_horizon(30)") is None, "nothing was taken: Kafka's clock is not known"
    await commit(pool, batch(await claimed(pool), list(range(8))))
    windows = await all_windows(pool)
    await Retention(pool, keep_days=30).look()
    left = await pool.fetch("SELECT DISTINCT timestamp FROM raw_readings ORDER BY 1")
    assert [row["timestamp"].astimezone(UTC) for row in left] == DAYS[2:]
    booked = await pool.fetch("SELECT * FROM removed ORDER BY range_start")
    assert [(row["stream"], row["table_name"], row["rows"], row["samples"], row["cause"]) for row in booked] == [
        ("lab", "raw_readings", 2, 0, "retention")
    ] * 2
    assert [(row["range_start"].month, row["range_end"].month) for row in booked] == [(3, 4), (4, 5)]
    assert await all_windows(pool) == windows
    await assert_invariants(database)
    assert await pool.fetchval("SELECT move_raw_horizon(300)") is None, "it never moves back"


async def test_an_event_that_comes_again_after_its_raw_row_is_gone_is_refused(
    pool: asyncpg.Pool, database: Database
) -> None:
    await commit(pool, batch(await claimed(pool), list(range(4))))
    windows = await all_windows(pool)
    await Retention(pool, keep_days=30).look()
    await commit(pool, batch(await claimed(pool), [0, 1, 2, 3]))
    letters = await pool.fetch('SELECT "offset", reason FROM dead_letters ORDER BY "offset"')
    assert [(row["offset"], row["reason"]) for row in letters] == [(4, "too_late"), (5, "too_late")]
    assert await outcome(pool) == (4, 2, 2)
    assert await all_windows(pool) == windows
    await assert_invariants(database)


async def test_a_partition_read_again_adds_nothing(pool: asyncpg.Pool, database: Database) -> None:
    await commit(pool, batch(await claimed(pool), list(range(6))))
    windows = await all_windows(pool)
    await Retention(pool, keep_days=30).look()
    await pool.execute("UPDATE offsets SET next_offset = 0, pass = 2, accepted = 0, duplicate = 0, rejected = 0")
    await commit(pool, batch(await claimed(pool), list(range(6))))
    assert await outcome(pool) == (0, 2, 4)
    assert await all_windows(pool) == windows
    await assert_invariants(database)


async def test_what_was_decided_by_an_earlier_horizon_is_not_committed(pool: asyncpg.Pool, database: Database) -> None:
    """A batch with an old event is prepared when the raw data of its month goes."""
    await commit(pool, batch(await claimed(pool), [0, 1, 2, 3]))
    before = await claimed(pool)
    assert before.kept_from is None
    await Retention(pool, keep_days=30).look()
    with pytest.raises(Fenced):
        await commit(pool, batch(before, [0]))
    after = await claimed(pool)
    assert after.kept_from == datetime(2024, 5, 1, tzinfo=UTC)
    await commit(pool, batch(after, [0]))
    assert await outcome(pool) == (4, 0, 1)
    await assert_invariants(database)


async def test_a_claim_and_a_horizon_that_moves_wait_for_each_other(pool: asyncpg.Pool) -> None:
    """A partition that is claimed while the horizon moves gets the new one."""
    await commit(pool, batch(await claimed(pool), [3]))
    async with pool.acquire() as connection:
        moving = connection.transaction()
        await moving.start()
        assert await connection.fetchval("SELECT move_raw_horizon(30)")
        claiming = asyncio.create_task(claimed_first(pool))
        await until_async(lambda: pool.fetchval(WAITS, "%raw_horizon%"), 5, "the claim waits")
        await moving.commit()
    assert (await claiming).kept_from is not None


async def claimed_first(pool: asyncpg.Pool) -> Claim:
    """A partition that nobody had before: no row of its own makes the claim wait."""
    async with pool.acquire() as connection:
        return await offsets.claim(connection, "readings", 1, 0)


async def test_a_month_that_others_read_stays_until_they_are_done(pool: asyncpg.Pool, database: Database) -> None:
    await commit(pool, batch(await claimed(pool), list(range(4))))
    async with pool.acquire() as reader:
        reading = reader.transaction()
        await reading.start()
        await reader.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        assert await reader.fetchval("SELECT count(*) FROM raw_readings") == 4
        with pytest.raises(asyncpg.LockNotAvailableError):
            await Retention(pool, keep_days=30).look()
        await assert_invariants(database)
        assert await pool.fetchval("SELECT count(*) FROM raw_readings") == 4
        await reading.rollback()
    await Retention(pool, keep_days=30).look()
    assert await pool.fetchval("SELECT count(*) FROM raw_readings") == 2
    await assert_invariants(database)


async def test_an_audit_that_begins_while_a_month_goes_passes(pool: asyncpg.Pool, database: Database) -> None:
    await commit(pool, batch(await claimed(pool), list(range(4))))
    assert await pool.fetchval("SELECT move_raw_horizon(30)")
    async with serving(database.api_dsn, now=JUNE) as api, pool.acquire() as connection:
        dropping = connection.transaction()
        await dropping.start()
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        assert await connection.fetchval("SELECT drop_raw_month()") == "raw_readings_202403"
        asking = asyncio.create_task(api.get("/api/v1/audit"))
        owner = await asyncpg.connect(database.owner_dsn)
        await until_async(lambda: owner.fetchval(WAITS, "%raw_readings%"), 10, "the audit waits for raw data")
        await owner.close()
        await dropping.commit()
        assert (await asking).json()["findings"] == []


DELETED = """
INSERT INTO streams (id, kind, desired, state, delete_data) VALUES ('lab', 'simulation', 'deleted', 'stopped', true)
"""
READ_RAW = "LOCK TABLE raw_readings, raw_rows IN ACCESS SHARE MODE"
LEFT = "SELECT (SELECT count(*) FROM raw_readings), (SELECT count(*) FROM raw_rows)"


def old_and_new(count: int, stream: str) -> list[bytes]:
    """Readings (`lab`) or rows of the last hours and of 100 days ago, by turns."""
    now = datetime.now(UTC).replace(microsecond=0)
    values = []
    for n in range(count):
        at = (now - timedelta(days=100 * (n % 2), seconds=n)).isoformat()
        event: dict[str, object] = {"id": str(UUID(int=n)), "stream": stream, "timestamp": at}
        event |= {"category": f"c{n % 3}", "value": n / 8} if stream == "lab" else {"row": n, "data": {"a": n / 8}}
        values.append(json.dumps(event).encode())
    return values


async def test_killed_twice_on_its_way_two_processors_finish_it_and_the_audit_passes(
    stack: Stack, database: Database, topics: Topics, start_service: StartService, pool: asyncpg.Pool
) -> None:
    published, dataset = old_and_new(2_000, "lab"), old_and_new(600, "molding")
    publish(stack.kafka_bootstrap, topics.readings, published)
    publish(stack.kafka_bootstrap, topics.rows, dataset)
    without = start_service("processor").wait_ready()
    await taken(database, 2_600)
    without.terminate()
    owner = await asyncpg.connect(database.owner_dsn)
    await killed_while_it_waits(pool, owner, start_service, "SELECT FROM offsets FOR UPDATE", "%move_raw_horizon%")
    await killed_while_it_waits(pool, owner, start_service, READ_RAW, "%drop_raw_month%")
    assert await owner.fetchval("SELECT kept_from FROM raw_horizon") is not None
    assert tuple(await owner.fetchrow(LEFT)) == (2_000, 600)
    assert await broken_invariants(owner) == []
    for name in ("processor-1", "processor-2"):
        start_keeping(start_service, name)

    async def gone() -> bool:
        assert await broken_invariants(owner) == []
        return tuple(await owner.fetchrow(LEFT)) == (1_000, 300)

    await until_async(gone, 90, "the old months are gone, if need be at the second look")
    publish(stack.kafka_bootstrap, topics.readings, published[:100])
    publish(stack.kafka_bootstrap, topics.rows, dataset[:50])
    await taken(database, 2_750)
    assert await owner.fetchval("SELECT count(*) FROM dead_letters WHERE reason = 'too_late'") == 75
    assert await broken_invariants(owner) == []
    await assert_windows_of_all(stack, topics, owner)
    reading_kafka = {"kafka_bootstrap": stack.kafka_bootstrap, "topic_prefix": topics.prefix}
    async with serving(database.api_dsn, now=datetime.now(UTC), more=reading_kafka) as api:
        report = await audit(api)
        assert (report["result"], report["findings"]) == ("PASS", [])
        unknown = {check["name"]: check["not_checkable"] for check in report["checks"]}
        assert unknown["kafka_raw"] == 1_300
        assert unknown["kafka_dead_letters"] == 75
        assert unknown["windows"] > 0
        await assert_told(api)
        await owner.execute(DELETED)
        await until_async(lambda: owner.fetchval("SELECT NOT delete_data FROM streams"), 20, "the stream is deleted")
        assert (await audit(api))["findings"] == []
    await owner.close()


def start_keeping(start_service: StartService, name: str) -> ServiceProcess:
    """A processor that keeps raw data for 40 days."""
    return start_service("processor", TIDELINE_RAW__KEEP_DAYS="40", TIDELINE_NAME=name)


async def killed_while_it_waits(
    pool: asyncpg.Pool, owner: asyncpg.Connection, start_service: StartService, lock: str, statement: str
) -> None:
    """Start a processor and kill it in the middle of this statement, held up by a lock; Postgres may end it alone."""
    async with owner.transaction():
        await owner.execute(lock)
        killed = start_keeping(start_service, "processor-1")
        await until_async(lambda: pool.fetchval(WAITS, statement), 20, "it waits in the middle", every_s=0.01)
        killed.kill()


async def assert_windows_of_all(stack: Stack, topics: Topics, owner: asyncpg.Connection) -> None:
    """Windows are those of every event that was ever published; of the raw readings the old ones are gone."""
    wanted = recount(await asyncio.to_thread(read_all, stack.kafka_bootstrap, topics.readings))
    lines = await owner.fetch(f"SELECT * FROM ({WINDOWS.rstrip(';')}) AS w WHERE stream = 'lab'")
    got = {((line["stream"], line["category"]), line["at"]): (line["count"], line["sum"]) for line in lines}
    assert got == {key: window.line()[:2] for key, window in wanted.minutes.items()}
    since = datetime.now(UTC) - timedelta(days=50)
    raw = {(s, c, at, UUID(int=i.int)): value for s, c, at, i, value in await owner.fetch(RAW)}
    assert raw == {event: value for event, value in wanted.events.items() if event[2] > since}
    assert await owner.fetchval("SELECT sum(rows) FROM row_counts WHERE stream = 'molding'") == 300


async def audit(api: httpx.AsyncClient) -> dict[str, Any]:
    """Deep: what Kafka still has of raw data that is gone is not missing, and what was refused is known as that."""
    answer = await api.get("/api/v1/audit", params={"start": "now-120d", "deep": "true"}, timeout=60)
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


async def assert_told(api: httpx.AsyncClient) -> None:
    """Whoever asks for raw data of a time that is not kept is told so, and gets all else as ever."""
    old = {"start": "now-110d", "end": "now-90d"}
    for path, stream in (("raw-data", "lab"), ("raw-data", "molding"), ("raw-rows", "molding")):
        answer = await api.get(f"/api/v1/{path}", params=old | {"stream": stream})
        assert answer.status_code == 410
        assert "raw data is kept from" in answer.json()["detail"]
        for others in ({"stream": stream}, {"stream": stream, "start": "now-110d"}):
            assert len((await api.get(f"/api/v1/{path}", params=others)).json()) > 0
        windows = await api.get("/api/v1/processed-data", params=old | {"stream": stream, "step": "1d"})
        assert len(windows.json()) > 0
