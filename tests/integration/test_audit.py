"""The audit passes on what processors wrote, and names exactly what somebody changed since."""

import json
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from tests.support import databases
from tests.support.corruptions import CORRUPTIONS, WINDOW_IS
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.pipeline import at_least, busy, readings, taken
from tests.support.plans import plan_of, scanned
from tests.support.processes import ServiceProcess
from tests.support.publisher import publish
from tests.support.query_api import serving
from tests.support.stack import ROOT, Stack

from contracts.topics import Topics
from local_stack.waiting import in_own_loop
from provision.topics import create_topics, read_specs
from query_api.audit import rows as audit_of_rows
from query_api.audit.checks import WHOLE
from query_api.audit.findings import report as reported
from query_api.audit.run import look
from query_api.database import Snapshot

CHECKS = {
    *("read", "counters", "batches", "ranges", "raw_counts", "removed", "dead_letters", "samples", "counts", "windows"),
    "quarters",
}
START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
DELETED = """
INSERT INTO streams (id, kind, desired, state, delete_data) VALUES ('lab-1', 'simulation', 'deleted', 'stopped', true)
"""


def rows(stream: str, count: int) -> list[bytes]:
    """Dataset rows of the last hour, with numbers in several places."""
    return [
        json.dumps(
            {
                "id": str(UUID(int=n)),
                "stream": stream,
                "row": n,
                "timestamp": (START + timedelta(seconds=n)).isoformat(),
                "data": {"a": n / 7, "ok": n % 2 == 0, "deep": {"b": -n * 1e9}, "note": "x", "none": None},
            }
        ).encode()
        for n in range(count)
    ]


def mixed(number: int) -> bytes:
    """A reading that somebody published to the stream of the dataset."""
    at = (START + timedelta(seconds=number, microseconds=7)).isoformat()
    fields = {"id": str(UUID(int=number)), "stream": "molding", "category": "a", "timestamp": at, "value": 0.1}
    return json.dumps(fields).encode()


@pytest.fixture(scope="module")
def written(stack: Stack, migrated_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database that a processor filled: readings, rows, dead letters, a gap, a deleted stream. Its name, to copy."""
    topics = Topics(f"t{secrets.token_hex(4)}.")
    in_own_loop(create_topics(stack.kafka_bootstrap, read_specs(ROOT / "infra/kafka/topics.toml", topics.prefix, 1)))
    values = [*readings(3_000, seed=100), b"not json", *readings(500, seed=101, streams=4), b"{}"]
    others = [mixed(n) for n in range(20)]
    with databases.copy_of(stack, migrated_template) as database:
        env = {"TIDELINE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap, "TIDELINE_TOPIC_PREFIX": topics.prefix}
        env |= {"TIDELINE_POSTGRES_DSN": database.processor_dsn, "TIDELINE_BATCH__RECORDS": "200"}
        publish(stack.kafka_bootstrap, topics.readings, values[:2_000], partition=0)
        publish(stack.kafka_bootstrap, topics.readings, [*values[2_000:], *others], partition=1)
        publish(stack.kafka_bootstrap, topics.rows, rows("molding", 400))
        processor = ServiceProcess("processor", env, tmp_path_factory.mktemp("audit")).wait_ready()
        in_own_loop(taken(database, len(values) + 420))
        in_own_loop(_delete_a_stream(database))
        processor.kill()
        yield database.owner_dsn.rpartition("/")[2]


async def _delete_a_stream(database: Database) -> None:
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute(DELETED)
    while await owner.fetchval("SELECT bool_or(delete_data) FROM streams"):
        await owner.execute("SELECT pg_sleep(0.1)")
    await owner.close()


@pytest.fixture
def copied(stack: Stack, written: str) -> Iterator[Database]:
    """Such a database of this test."""
    with databases.copy_of(stack, written) as database:
        yield database


@asynccontextmanager
async def auditing(database: Database, **more: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(database.api_dsn, now=datetime.now(UTC), more=more) as api:
        yield api


async def audited(api: httpx.AsyncClient, **asked: str) -> dict[str, Any]:
    answer = await api.get("/api/v1/audit", params=asked)
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


@pytest.mark.parametrize("samples_at_once", [1, 100, 250])
async def test_rows_are_compared_by_whole_minutes(
    copied: Database, monkeypatch: pytest.MonkeyPatch, samples_at_once: int
) -> None:
    monkeypatch.setattr(audit_of_rows, "SAMPLES_AT_ONCE", samples_at_once)
    async with auditing(copied) as api:
        assert (await audited(api))["findings"] == []


async def test_what_processors_wrote_passes(copied: Database) -> None:
    async with auditing(copied) as api:
        report = await audited(api)
        assert report["findings"] == []
        assert report["result"] == "PASS"
        assert {check["name"]: check["result"] for check in report["checks"]} == dict.fromkeys(CHECKS, "PASS")


@pytest.mark.parametrize("name", CORRUPTIONS)
async def test_the_audit_names_exactly_what_somebody_changed(stack: Stack, written: str, name: str) -> None:
    case = CORRUPTIONS[name]
    async with undone(databases.database_at(stack, written).owner_dsn) as owner:
        wanted = dict(await owner.fetchrow(case.told) or {})
        assert wanted, "the case is not there"
        assert int((await owner.execute(case.do)).rpartition(" ")[2]) >= 1
        outcomes = await look(Snapshot(owner, 30_000), START - timedelta(days=1), None)
    findings = reported(outcomes, START, START, None)["findings"]
    assert {found["check"] for found in findings} == set(case.checks)
    assert any(matches(found, case.checks[0], wanted) for found in findings), findings


@asynccontextmanager
async def undone(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection whose changes are undone at the end; the audit looks through it while they are there."""
    connection = await asyncpg.connect(dsn)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SELECT ensure_raw_partitions('{2026-01-01Z}')")
    try:
        yield connection
    finally:
        await transaction.rollback()
        await connection.close()


def matches(found: dict[str, Any], check: str, wanted: dict[str, Any]) -> bool:
    """Whether a finding of this check is at that place and says that."""
    sides = {name: found[name].items() >= json.loads(wanted[name]).items() for name in ("stored", "should_be")}
    place = {name: value for name, value in wanted.items() if name not in sides}
    return found["check"] == check and all(sides.values()) and place.items() <= found.items()


async def test_a_corruption_is_told_over_http(copied: Database) -> None:
    owner = await asyncpg.connect(copied.owner_dsn)
    await owner.execute(f"DELETE FROM windows WHERE {WINDOW_IS}")
    await owner.close()
    async with auditing(copied) as api:
        report = await audited(api)
        assert (report["result"], report["findings_total"]) == ("DIFFERS", 4)


async def test_windows_whose_raw_values_retention_took_are_not_recomputable_and_no_finding(copied: Database) -> None:
    owner = await asyncpg.connect(copied.owner_dsn)
    readings_of = (
        "FROM raw_readings r JOIN series s ON s.id = series_id WHERE stream = 'lab-0' AND category = 'pressure'"
    )
    windows = await owner.fetchval(f"SELECT count(DISTINCT date_bin('1 minute', timestamp, 'epoch')) {readings_of}")
    gone = await owner.fetchval(f"""
        WITH gone AS (DELETE FROM raw_readings d USING (SELECT r.* {readings_of}) r
            WHERE (d.series_id, d.timestamp, d.id) = (r.series_id, r.timestamp, r.id) RETURNING d.timestamp)
        INSERT INTO removed (stream, table_name, range_start, range_end, rows, samples, cause)
        SELECT 'lab-0', 'raw_readings', min(timestamp), max(timestamp) + interval '1 us', count(*), 0, 'retention'
        FROM gone RETURNING rows""")
    await owner.close()
    assert gone > windows > 10
    async with auditing(copied) as api:
        report = await audited(api)
    assert (report["result"], report["findings"]) == ("PASS", [])
    assert {check["name"]: check["not_checkable"] for check in report["checks"]}["windows"] == windows


async def test_one_audit_runs_at_a_time_and_one_that_takes_too_long_is_incomplete(copied: Database) -> None:
    other = await asyncpg.connect(copied.api_dsn)
    async with auditing(copied, audit={"statement_s": 0.3}) as api:
        async with other.transaction():
            await other.execute("SELECT pg_advisory_xact_lock(hashtext('tideline.audit'))")
            answer = await api.get("/api/v1/audit")
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
        owner = await asyncpg.connect(copied.owner_dsn)
        async with owner.transaction():
            await owner.execute("LOCK TABLE removed")
            report = await audited(api)
        assert (report["result"], report["findings"]) == ("INCOMPLETE", [])
        unfinished = {check["name"] for check in report["checks"] if check["result"] == "INCOMPLETE"}
        assert unfinished == {"raw_counts", "removed", "dead_letters", "samples", "windows"}
        assert (await audited(api))["result"] == "PASS"
        await owner.close()
    await other.close()


async def test_the_audit_passes_at_every_moment_while_two_processors_write_and_are_killed(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    publish(stack.kafka_bootstrap, topics.rows, rows("molding", 3_000))
    env = {"TIDELINE_BATCH__RECORDS": "100", "TIDELINE_BATCH__ROWS": "50"}
    processors = [start_service("processor", TIDELINE_NAME=f"processor-{n}", **env) for n in range(2)]
    async with auditing(database) as api, busy(stack, database, topics, seed=110):
        audits = 0
        for round_ in range(3):
            await at_least(database, 800 * (round_ + 1))
            for _ in range(4):
                report = await audited(api)
                assert (report["findings"], report["result"]) == ([], "PASS")
                audits += 1
            victim = processors.pop(0)
            victim.kill()
            processors.append(start_service("processor", TIDELINE_NAME=f"processor-{round_ % 2}", **env))
            report = await audited(api)
            assert (report["findings"], report["result"]) == ([], "PASS")
    assert audits == 12


async def test_what_an_audit_costs_is_bounded_by_its_range_and_by_the_ledger(database: Database) -> None:
    """An hour's audit reads that hour by index, however much there is; what is checked whole reads each table once."""
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute("SELECT ensure_raw_partitions('{2026-02-01Z}')")
    await owner.execute(
        "SELECT series_ids(array_agg('demo'::text), array_agg('c' || n), 1000) FROM generate_series(1, 20) n"
    )
    minutes = "FROM series, generate_series('2026-02-01Z'::timestamptz, '2026-02-05Z', '1 minute') AS minute"
    await owner.execute(f"INSERT INTO windows SELECT id, minute, 1, 0, 0, 0, minute, 0, minute, 0 {minutes}")
    await owner.execute(f"INSERT INTO raw_readings SELECT id, minute, gen_random_uuid(), 0 {minutes}")
    await owner.execute("ANALYZE")
    hour = datetime(2026, 2, 3, tzinfo=UTC), datetime(2026, 2, 3, 1, tzinfo=UTC)
    ids = [row["id"] for row in await owner.fetch("SELECT id FROM series")]
    windows = await plan_of(owner, "audit/windows", (100, *hour, ids, [], [], []))
    assert not {"windows", "raw_readings_202602"} & set(scanned(windows, "Seq Scan"))
    assert {"windows", "raw_readings_202602"} <= set(
        scanned(windows, "Index Scan", "Index Only Scan", "Bitmap Heap Scan")
    )
    for check in WHOLE:
        read = scanned(await plan_of(owner, f"audit/{check.name}", (100,)), "Seq Scan", "Index Only Scan", "Index Scan")
        assert max(read.count(name) for name in ("windows", "raw_readings_202602", "raw_rows")) <= 1, check.name
    await owner.close()
