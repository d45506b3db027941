"""One seed from start to verdict."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from tests.support.publisher import read_all
from tests.support.stack import Stack
from tests.support.tables import broken_invariants, read_tables

from chaos.check import judge
from chaos.faults import Injector
from chaos.ground import Ground, open_ground
from chaos.history import History
from chaos.replays import WAITING, ask_for_replays
from chaos.report import revision
from chaos.samples import AWAY, lag, take_samples
from chaos.schedule import Fault
from chaos.traffic import Outsider, begin_streams

SNAPSHOT_EVERY_S = 0.25
RECOVER_WITHIN_S = 30.0
RUNNING = "SELECT count(*) FROM streams WHERE state NOT IN ('completed', 'stopped')"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """What is asked of one run."""

    seed: int
    seconds: float
    faults: list[Fault]
    rate: float = 600.0
    """Events a second, of streams and outside publisher together."""


async def carry_out(run: Run, stack: Stack, template: str, folder: Path, say: Say) -> tuple[History, list[str]]:
    """Do it; what happened, and everything that is wrong with it."""
    history = History(run.seed, run.seconds, revision())
    ground_context = open_ground(stack, template, folder)
    ground = await asyncio.to_thread(ground_context.__enter__)
    try:
        await _work(run, ground, history, say)
        say("recounting")
        return history, await asyncio.to_thread(judge, history)
    finally:
        await asyncio.to_thread(ground_context.__exit__, None, None, None)


async def _work(run: Run, ground: Ground, history: History, say: Say) -> None:
    outsider = Outsider(ground, run.seed, run.rate * 0.2)
    history.streams = await begin_streams(ground, run.seed, run.rate, run.seconds)
    injector = Injector(ground, outsider, history, run.seed)
    begun_at = time.monotonic()
    outsider.start()
    watching = asyncio.create_task(_watch(run, ground, injector, history, begun_at, say))
    sampling = asyncio.create_task(take_samples(ground, begun_at, history.samples))
    faults = asyncio.create_task(injector.run(run.faults, begun_at))
    replaying = asyncio.create_task(ask_for_replays(ground, run.seed))
    await asyncio.sleep(run.seconds)
    replaying.cancel()
    say("healing")
    injector.end()
    await faults
    await injector.heal()
    healed_at = time.monotonic()
    await asyncio.to_thread(outsider.finish, RECOVER_WITHIN_S)
    await _recover(ground, history, healed_at, say)
    watching.cancel()
    sampling.cancel()
    await asyncio.wait([watching, sampling])
    history.acknowledged = outsider.acknowledged
    history.problems += ground.crew.ended_alone
    await _take_stock(ground, history)


async def _watch(run: Run, ground: Ground, injector: Injector, history: History, begun_at: float, say: Say) -> None:
    """Look at the invariants in one snapshot after another; start again who ended by itself."""
    while True:
        with contextlib.suppress(*AWAY):
            connection = await asyncpg.connect(ground.database.owner_dsn, timeout=3, command_timeout=15)
            try:
                while True:
                    ground.crew.look_after(injector.busy)
                    broken = await broken_invariants(connection)
                    history.snapshots += 1
                    at_s = time.monotonic() - begun_at
                    history.broken += [f"at {at_s:.1f} s: invariant {name} is broken" for name in broken]
                    busy = ", ".join(sorted(injector.busy)) or "none"
                    over = f"{len(history.faults)} of {len(run.faults)} faults over"
                    say(f"{at_s:.0f} of {run.seconds:.0f} s, {over}, now: {busy}")
                    await asyncio.sleep(SNAPSHOT_EVERY_S)
            finally:
                connection.terminate()
        await asyncio.sleep(SNAPSHOT_EVERY_S)


async def _recover(ground: Ground, history: History, healed_at: float, say: Say) -> None:
    """Liveness, asked only after the last fault: all streams end and all of Kafka goes through."""
    say("waiting for the last record")
    left = "nothing was ever read"
    connection = await asyncpg.connect(ground.database.owner_dsn)
    try:
        while time.monotonic() < healed_at + RECOVER_WITHIN_S:
            running = await connection.fetchval(RUNNING)
            unread, waiting = await lag(ground), await connection.fetchval(WAITING)
            if not running and (unread, waiting) == (0, 0):
                history.figures["recovered_s"] = round(time.monotonic() - healed_at, 2)
                return
            left = f"{running} streams still run, {unread} records and {waiting} replays are not taken"
            await asyncio.sleep(0.2)
    finally:
        await connection.close()
    history.problems.append(f"not done {RECOVER_WITHIN_S:g} s after the last fault: {left}")


async def _take_stock(ground: Ground, history: History) -> None:
    """Read all of Kafka and all of Postgres."""
    for topic in (ground.topics.readings, ground.topics.rows):
        history.records += await asyncio.to_thread(read_all, ground.stack.kafka_bootstrap, topic)
    connection = await asyncpg.connect(ground.database.owner_dsn)
    try:
        history.broken += [f"in the end: invariant {name} is broken" for name in await broken_invariants(connection)]
        history.tables = await read_tables(connection)
    finally:
        await connection.close()
    accepted, duplicate, rejected = (sum(line[n] for line in history.tables["offsets"]) for n in (7, 8, 9))
    history.figures |= {
        "faults": len(history.faults), "records": len(history.records), "accepted": accepted, "duplicate": duplicate,
        "rejected": rejected, "replays": len(history.tables["replays"]),
        "transactions": len(history.tables["batches"]), "snapshots": history.snapshots,
        "claims": sum(line[6] for line in history.tables["offsets"]),
        "fenced": ground.crew.count_in_logs('"why": ?"fenced'),
        "commits_lost": ground.postgres_link.commits_lost,
    }  # fmt: skip
