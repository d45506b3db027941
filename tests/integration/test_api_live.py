"""Live updates: every change once, whatever commits late, disconnects, reads slowly or stops."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from tests.support.databases import Database
from tests.support.live import Change, Event, Seen, commit, live, next_event, prepare, stored, summed, take, write
from tests.support.query_api import serving
from tests.support.waiting import until_async

MINUTE = datetime(2026, 2, 1, 10, tzinfo=UTC)


@pytest.fixture
async def owner(database: Database):
    connection = await asyncpg.connect(database.owner_dsn)
    yield connection
    await connection.close()


async def test_a_change_is_told_to_those_who_follow_its_stream(database: Database, owner: asyncpg.Connection) -> None:
    demo, lab = await prepare(owner, 1, ["a", "b"])
    async with serving(database.api_dsn) as api, live(api) as every, live(api, stream="lab") as labs:
        assert (await anext(every)).name == "streams"
        assert (await anext(labs)).name == "streams"
        await commit(owner, [0], [Change(demo, MINUTE, 1.5)])
        await commit(owner, [0], [Change(lab, MINUTE, 2.5), Change(lab, MINUTE, 3.5)])
        first = await anext(labs)
        wanted = {"stream": "lab", "category": "b", "count": 2, "sum": 6.0, "avg_value": 3.0, "min": 2.5, "max": 3.5}
        wanted |= {"window_start": "2026-02-01T10:00:00Z", "last_timestamp": "2026-02-01T10:00:00Z"}
        assert first == Event("windows", [wanted], "1:readings:0:1:3")
        seen: Seen = {}
        while len(seen) < 2:
            take(seen, await anext(every))
        assert summed(seen) == await stored(owner)


async def test_states_come_whole_first_and_then_as_they_change(database: Database, owner: asyncpg.Connection) -> None:
    insert = "INSERT INTO streams (id, kind, desired, state) VALUES ($1, 'simulation', 'running', 'pending')"
    await owner.executemany(insert, [("one",), ("two",)])
    async with serving(database.api_dsn) as api, live(api) as stream:
        assert [(s["stream"], s["state"]) for s in (await anext(stream)).data] == [
            ("one", "pending"),
            ("two", "pending"),
        ]
        await owner.execute("UPDATE streams SET state = 'running', progress = '{\"rows\": 7}' WHERE id = 'two'")
        changed = (await next_event(stream, "streams")).data
        assert [(s["stream"], s["state"], s["progress"]) for s in changed] == [("two", "running", {"rows": 7})]
        await owner.execute("UPDATE streams SET desired = 'deleted', state = 'stopped' WHERE id = 'one'")
        assert (await next_event(stream, "streams")).data == [{"stream": "one", "state": "deleted"}]
        async with live(api) as later:
            assert [line["stream"] for line in (await anext(later)).data] == ["two"]


async def test_what_commits_late_is_not_skipped(database: Database, owner: asyncpg.Connection) -> None:
    """A transaction on partition 0 that began first commits after one on partition 1 was told."""
    a, b = await prepare(owner, 2, ["a", "b"])
    late = await asyncpg.connect(database.owner_dsn)
    async with serving(database.api_dsn) as api, live(api) as stream:
        await anext(stream)
        transaction = late.transaction()
        await transaction.start()
        await write(late, [0], [Change(a, MINUTE, 1.0)])
        await commit(owner, [1], [Change(b, MINUTE, 2.0)])
        first = await anext(stream)
        assert [line["category"] for line in first.data] == ["b"]
        await transaction.commit()
        assert [line["category"] for line in (await anext(stream)).data] == ["a"]
        async with live(api, last_event_id=first.id) as resumed:
            assert [line["category"] for line in (await anext(resumed)).data] == ["a"]
    await late.close()


async def test_two_hundred_disconnects_lose_nothing_and_tell_nothing_twice(
    database: Database, owner: asyncpg.Connection
) -> None:
    """Two writers go on, also over two partitions at once and with windows they share, while one comes and goes."""
    rng = random.Random(5)
    series = await prepare(owner, 4, list("abcdefgh"))
    done = asyncio.Event()

    async def writer(number: int) -> None:
        connection = await asyncpg.connect(database.owner_dsn)
        own = random.Random(number)
        while not done.is_set():
            partitions = [[2 * number], [2 * number + 1], [2 * number, 2 * number + 1]][own.randrange(3)]
            minutes = [MINUTE + timedelta(minutes=own.randrange(30)) for _ in range(own.randrange(4))]
            await commit(
                connection, partitions, [Change(own.choice(series), m, own.randrange(99) / 4) for m in minutes]
            )
            await asyncio.sleep(own.random() / 200)
        await connection.close()

    seen: Seen = {}
    last: str | None = None
    async with serving(database.api_dsn, live={"poll_s": 0.01}) as api:
        async with live(api) as stream:
            last = (await anext(stream)).id
        writers = [asyncio.create_task(writer(number)) for number in range(2)]
        for _ in range(200):
            async with live(api, last) as stream:
                for _ in range(rng.randrange(1, 4)):
                    event = await anext(stream)
                    assert event.name != "resync"
                    take(seen, event)
                    last = event.id
        done.set()
        await asyncio.gather(*writers)
        wanted = await stored(owner)
        async with live(api, last) as stream, asyncio.timeout(20):
            while summed(seen) != wanted:
                take(seen, await anext(stream))
    assert len(wanted) > 100


@pytest.mark.parametrize("last_event_id", ["nonsense", "1:readings:0:1:999", "1:other:0:1:1"])
async def test_an_unknown_last_event_id_is_a_resync(
    database: Database, owner: asyncpg.Connection, last_event_id: str
) -> None:
    (a,) = await prepare(owner, 1, ["a"])
    await commit(owner, [0], [Change(a, MINUTE, 1.0)])
    async with serving(database.api_dsn) as api, live(api, last_event_id) as stream:
        event = await anext(stream)
        assert (event.name, event.id) == ("resync", "1:readings:0:1:1")
        assert (await anext(stream)).name == "streams"
        await commit(owner, [0], [Change(a, MINUTE, 1.0)])
        assert [line["count"] for line in (await anext(stream)).data] == [2]


async def test_away_for_more_than_the_ledgers_day_is_a_resync(database: Database, owner: asyncpg.Connection) -> None:
    (a,) = await prepare(owner, 1, ["a"])
    await commit(owner, [0], [Change(a, MINUTE, 1.0)])
    await owner.execute("UPDATE batches SET committed_at = now() - interval '25 hours', touched_series = NULL")
    await commit(owner, [0], [Change(a, MINUTE, 1.0)])
    async with serving(database.api_dsn) as api:
        async with live(api, "1:readings:0:1:0") as stream:
            assert (await anext(stream)).name == "resync"
        async with live(api, "1:readings:0:1:1") as stream:
            assert [line["count"] for line in (await anext(stream)).data] == [2]


async def test_a_new_partition_and_a_new_pass_are_followed(database: Database, owner: asyncpg.Connection) -> None:
    a, b = await prepare(owner, 1, ["a", "b"])
    async with serving(database.api_dsn) as api, live(api) as stream:
        await anext(stream)
        await owner.execute(
            "INSERT INTO offsets (topic, partition, start_offset, next_offset) VALUES ('readings', 7, 0, 0)"
        )
        await commit(owner, [7], [Change(a, MINUTE, 1.0)])
        assert [line["category"] for line in (await anext(stream)).data] == ["a"]
        await owner.execute("UPDATE offsets SET pass = 2, next_offset = 0 WHERE partition = 7")
        await commit(owner, [0], [Change(b, MINUTE, 1.0)])
        assert [line["category"] for line in (await anext(stream)).data] == ["b"]
        await commit(owner, [7], [Change(a, MINUTE, 1.0)])
        assert [line["count"] for line in (await anext(stream)).data] == [2]


async def test_a_slow_client_is_told_to_resync_and_harms_nobody(database: Database, owner: asyncpg.Connection) -> None:
    series = await prepare(owner, 1, [f"c{n}" for n in range(40)])
    slow = {"queue_max": 3, "poll_s": 0.02}
    async with serving(database.api_dsn, live=slow, send_s=120.0) as api, live(api) as quick:
        await anext(quick)
        reader, writer = await asyncio.open_connection(api.base_url.host, api.base_url.port, limit=1_000)
        writer.write(b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        for n in range(40):
            changes = [Change(one, MINUTE + timedelta(minutes=m), float(n)) for one in series for m in range(100)]
            await commit(owner, [0], changes)
            assert {line["count"] for line in (await next_event(quick, "windows")).data} == {n + 1}
        tail = b""
        async with asyncio.timeout(20):
            while b"event: resync" not in tail:
                piece = await reader.read(1 << 16)
                assert piece, "the connection is still there"
                tail = tail[-100:] + piece
        writer.close()


async def test_five_hundred_clients_all_get_what_is_told(database: Database, owner: asyncpg.Connection) -> None:
    series = await prepare(owner, 2, list("abcd"))

    async def follow(client: httpx.AsyncClient) -> int:
        seen: Seen = {}
        async with live(client) as stream:
            connected.release()
            async for event in stream:
                take(seen, event)
                if max((line["sum"] for line in seen.values()), default=0) >= 1000:
                    return len(seen)
        return 0

    connected = asyncio.Semaphore(0)
    async with serving(database.api_dsn, live={"per_address_max": 500}) as api:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=api.base_url, trust_env=False, limits=limits, timeout=30) as client:
            clients = [asyncio.create_task(follow(client)) for _ in range(500)]
            for _ in clients:
                await connected.acquire()
            for n in range(20):
                await commit(owner, [n % 2], [Change(one, MINUTE + timedelta(minutes=n), 1.0) for one in series])
            await commit(owner, [0], [Change(series[0], MINUTE + timedelta(minutes=99), 1000.0)])
            async with asyncio.timeout(30):
                assert set(await asyncio.gather(*clients)) == {81}


async def test_one_client_too_many_is_429_and_a_place_is_free_again(database: Database) -> None:
    async with serving(database.api_dsn, live={"clients_max": 1}) as api:
        async with live(api) as stream:
            await anext(stream)
            refused = await api.get("/api/v1/live")
            assert refused.status_code == 429
            assert refused.headers["content-type"] == "application/problem+json"
            assert refused.headers["retry-after"] == "5"

        async def is_free() -> bool:
            async with api.stream("GET", "/api/v1/live") as answer:
                return answer.status_code == 200

        await until_async(is_free, what="the place is free")


async def test_an_address_has_so_many_places(database: Database) -> None:
    async with serving(database.api_dsn, live={"per_address_max": 2}) as api, live(api) as one, live(api) as two:
        await anext(one)
        await anext(two)
        refused = await api.get("/api/v1/live")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
        assert "2 clients of your address" in refused.json()["detail"]


FORMER = """
INSERT INTO batches (generation, topic, partition, pass, first_offset, next_offset, accepted, duplicate, rejected,
                     samples, touched_series, touched_minutes)
SELECT 1, 'readings', 0, 1, n, n + 1, 1, 0, 0, 1, ARRAY[$1::integer], ARRAY[29500000 + n % 700]
FROM generate_series(0, 3499) n
"""
FORMER_WINDOWS = """
INSERT INTO windows
SELECT $1, to_timestamp((29500000 + n) * 60.0), 5, 5 * 2 ^ 62::numeric, 1, 1, to_timestamp((29500000 + n) * 60.0), 1,
       to_timestamp((29500000 + n) * 60.0), 1
FROM generate_series(0, 699) n
"""


async def test_a_client_that_is_thousands_of_transactions_behind_catches_up_in_steps(
    database: Database, owner: asyncpg.Connection
) -> None:
    (a,) = await prepare(owner, 1, ["a"])
    await owner.execute(FORMER, a)
    await owner.execute(FORMER_WINDOWS, a)
    await owner.execute("UPDATE offsets SET next_offset = 3500")
    seen: Seen = {}
    async with serving(database.api_dsn) as api, live(api, "1:readings:0:1:0") as stream:
        event = await anext(stream)
        while event.name == "windows":
            take(seen, event)
            event = await anext(stream)
        assert (event.name, event.id) == ("streams", "1:readings:0:1:3500")
        assert summed(seen) == await stored(owner)
        await commit(owner, [0], [Change(a, MINUTE, 1.0)])
        assert [line["count"] for line in (await next_event(stream, "windows")).data] == [1]
    assert len(seen) == 700


async def test_a_stop_ends_every_stream_within_a_second(database: Database) -> None:
    async def follow(api: httpx.AsyncClient) -> None:
        async with live(api) as stream:
            async for _ in stream:
                connected.release()

    connected = asyncio.Semaphore(0)
    loop = asyncio.get_running_loop()
    async with serving(database.api_dsn) as api:
        clients = [asyncio.create_task(follow(api)) for _ in range(50)]
        for _ in clients:
            await connected.acquire()
        began = loop.time()
    await asyncio.gather(*clients, return_exceptions=True)
    assert loop.time() - began < 1


async def test_silence_is_broken_by_a_ping_with_the_id(database: Database, owner: asyncpg.Connection) -> None:
    await prepare(owner, 1, ["a"])
    async with (
        serving(database.api_dsn, live={"ping_s": 0.1}) as api,
        api.stream("GET", "/api/v1/live") as answer,
    ):
        lines = answer.aiter_lines()
        found = [line async for line in until_ping(lines)]
    assert found[-2:] == [": ping", "id: 1:readings:0:1:0"]


async def until_ping(lines: Any) -> Any:
    async for line in lines:
        yield line
        if line == ": ping":
            yield await anext(lines)
            return


async def test_an_outage_of_the_database_loses_nothing(database: Database, owner: asyncpg.Connection) -> None:
    (a,) = await prepare(owner, 1, ["a"])
    async with serving(database.api_dsn) as api, live(api) as stream:
        await anext(stream)
        await owner.execute("ALTER ROLE tideline_api NOLOGIN")
        ours = "usename = 'tideline_api' AND datname = current_database()"
        await owner.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")
        await commit(owner, [0], [Change(a, MINUTE, 1.0)])
        await owner.execute("ALTER ROLE tideline_api LOGIN")
        assert [line["count"] for line in (await next_event(stream, "windows")).data] == [1]
