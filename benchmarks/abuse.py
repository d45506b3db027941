"""What clients can do who mean no good, in large numbers: answers, time until they are let go, memory, and an ordinary
client's times meanwhile. tests/security/test_abuse.py does the same in small numbers.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import psutil
from tests.support import databases
from tests.support.abuse import EVENTS, LIVE, LONG, SERIES, churn, close, connect, flood, until_let_go, upload, watched
from tests.support.live import Change, commit, prepare
from tests.support.processes import ServiceProcess
from tests.support.stack import Stack
from tests.support.stored import fill_one_series

from benchmarks.report import Cell, Report, Table
from local_stack.waiting import in_own_loop

MIB = 1 << 20
WITHIN_S = 60.0
POOL = {
    "TIDELINE_POSTGRES__POOL_MIN": "8",
    "TIDELINE_POSTGRES__POOL_MAX": "8",
    "TIDELINE_LIVE__PER_ADDRESS_MAX": "1000",
}
Attack = Callable[[ServiceProcess, int, asyncpg.Connection], Awaitable[str]]
"""Does it, waits until it is over, says what came of it; given the files that the service has open in peace."""


async def requests_at_once(service: ServiceProcess, _files: int, _owner: asyncpg.Connection) -> str:
    """10,000 requests on as many connections."""
    answers, seconds = await flood(service.port, 10_000)
    return f"{dict(sorted(answers.items()))} in {seconds:.1f} s"


async def slow_heads(service: ServiceProcess, files: int, _owner: asyncpg.Connection) -> str:
    """1,000 connections that send half a head."""
    return await _let_go(service, files, 1_000, SERIES[:40])


async def slow_bodies(service: ServiceProcess, files: int, _owner: asyncpg.Connection) -> str:
    """1,000 connections that send half a body."""
    return await _let_go(service, files, 1_000, EVENTS + b"Content-Length: 1000\r\n\r\n{")


async def never_reading(service: ServiceProcess, files: int, _owner: asyncpg.Connection) -> str:
    """60 who ask for 13 MB and take nothing."""
    return await _let_go(service, files, 60, LONG, takes=4_096)


async def huge_bodies(service: ServiceProcess, _files: int, _owner: asyncpg.Connection) -> str:
    """200 MiB, declared and chunked."""
    results = [await upload(service.port, 200 * MIB, declared) for declared in (True, False)]
    return ", ".join(f"{status} after {sent / MIB:.1f} MiB" for status, sent in results)


async def live_never_reading(service: ServiceProcess, files: int, owner: asyncpg.Connection) -> str:
    """500 live clients that never read, while windows change."""
    series = await prepare(owner, 1, [f"c{n}" for n in range(20)])
    minutes = [datetime(2026, 2, 1, tzinfo=UTC) + timedelta(minutes=n) for n in range(150)]
    connections = await connect(service.port, 500, LIVE, takes=4_096)
    for n in range(15):
        await commit(owner, [0], [Change(one, minute, float(n)) for one in series for minute in minutes])
        await asyncio.sleep(0.5)
    seconds = await until_let_go(service, files + 1, WITHIN_S)
    close(connections)
    return f"all let go {seconds:.0f} s after the last change"


async def live_churning(service: ServiceProcess, files: int, _owner: asyncpg.Connection) -> str:
    """5,000 live clients that come and go, 100 at a time."""
    answers = await churn(service.port, 5_000)
    seconds = await until_let_go(service, files + 1, WITHIN_S)
    return f"{dict(answers)}, nothing left after {seconds:.1f} s"


ATTACKS: tuple[Attack, ...] = (
    requests_at_once,
    slow_heads,
    slow_bodies,
    never_reading,
    huge_bodies,
    live_never_reading,
    live_churning,
)


async def _let_go(service: ServiceProcess, files: int, count: int, first: bytes, takes: int = 0) -> str:
    connections = await connect(service.port, count, first, takes)
    seconds = await until_let_go(service, files + 1, WITHIN_S)
    close(connections)
    return f"all let go after {seconds:.1f} s"


def run(stack: Stack, template: str, report: Report, _rounds: int) -> None:
    """Each attack by itself on a service that has just started."""
    columns = ("", "what came of it", "memory", "ordinary client: answers", "p50 ms", "p99 ms")
    rows: list[tuple[Cell, ...]] = []
    with databases.copy_of(stack, template) as database:
        in_own_loop(fill_one_series(database.owner_dsn, 100_000))
        for attack in ATTACKS:
            with report.doing(f"{attack.__doc__}"), tempfile.TemporaryDirectory() as folder:
                rows.append(in_own_loop(_measure(attack, database, Path(folder))))
    report.add(Table("Who means no good, and an ordinary client meanwhile", columns, rows))


async def _measure(attack: Attack, database: databases.Database, folder: Path) -> tuple[Cell, ...]:
    service = ServiceProcess("query-api", {"TIDELINE_POSTGRES_DSN": database.api_dsn, **POOL}, folder)
    owner = await asyncpg.connect(database.owner_dsn)
    try:
        await asyncio.to_thread(service.wait_ready)
        files = psutil.Process(service.pid).num_fds()
        async with watched(service.pid, service.url) as seen:
            result = await attack(service, files, owner)
    finally:
        await owner.close()
        service.kill()
    name = (attack.__doc__ or "").rstrip(".")
    answers = str(dict(sorted(seen.statuses.items())))
    return name, result, f"+{seen.grown_bytes / MIB:.0f} MiB", answers, seen.p50_ms, seen.p99_ms
