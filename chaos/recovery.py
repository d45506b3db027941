"""`make recovery ROUNDS=10`: how long a fault holds things up, from the fault, or from when the server is back.

Three processors without names, readings all the time. Recovered is: of every partition of `readings` a record that was
published after the fault has been processed.
"""

import argparse
import asyncio
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
from rich.console import Console
from rich.table import Table
from tests.support import databases
from tests.support.stack import ROOT, open_stack
from tests.support.waiting import until_async

from chaos.ground import Ground, open_ground
from chaos.report import revision
from chaos.samples import AWAY, NEXT, lag, log_ends
from chaos.schedule import PROCESSORS
from chaos.traffic import Outsider

RATE = 300.0
SESSION_S = 6.0
WITHIN_S = 60.0
SETTLED = 3
"""So many looks in a row without much lag: the group is at rest again."""
OWNED, PARTITIONS = "tideline_processor_partitions ", 12
DUPLICATES = "SELECT coalesce(sum(duplicate), 0)::int8 FROM batches"
Ends = dict[tuple[str, int], int]


@dataclass(frozen=True)
class Measured:
    """One fault's times, and the most that 95 of 100 may take."""

    fault: str
    limit_s: float
    seconds: list[float]
    duplicates: int
    """Records taken a second time. After a broker's death its publisher may have sent some twice."""

    @property
    def p95_s(self) -> float:
        """The time that 95 of 100 keep within: of few the longest."""
        return sorted(self.seconds)[math.ceil(0.95 * len(self.seconds)) - 1]

    @property
    def kept(self) -> bool:
        """Whether the limit holds, and a processor that ends made nobody read anything twice."""
        return self.p95_s <= self.limit_s and not (self.duplicates and "processor" in self.fault)


async def kill(ground: Ground, _: int) -> float:
    """kill -9 of a processor, which does not come back."""
    at = time.monotonic()
    await asyncio.to_thread(ground.crew.kill, PROCESSORS[0])
    return at


async def end(ground: Ground, turn: int) -> float:
    """SIGTERM; the others take over."""
    at, name = time.monotonic(), PROCESSORS[turn % len(PROCESSORS)]
    ground.crew.ask_to_end(name)
    await asyncio.to_thread(ground.crew.wait_ended, name)
    return at


async def restart_postgres(ground: Ground, _: int) -> float:
    """kill -9 of Postgres; the time runs from when it takes connections again."""
    await asyncio.to_thread(ground.stack.postgres.kill)
    await asyncio.to_thread(ground.stack.postgres.start)
    return time.monotonic()


async def restart_kafka(ground: Ground, _: int) -> float:
    """kill -9 of the broker; the time runs from when it answers again."""
    await asyncio.to_thread(ground.stack.kafka.kill)
    await asyncio.to_thread(ground.stack.kafka.start)
    return time.monotonic()


FAULTS: dict[str, tuple[Callable[[Ground, int], Awaitable[float]], float]] = {
    "kill -9 of a processor": (kill, SESSION_S + 5),
    "SIGTERM to a processor": (end, 3.0),
    "kill -9 of Postgres, then up": (restart_postgres, 10.0),
    "kill -9 of the broker, then up": (restart_kafka, 20.0),
}


async def measure(ground: Ground, rounds: int, say: Callable[[str], None]) -> list[Measured]:
    """Every fault so many times, one after the other."""
    outsider = Outsider(ground, 1, RATE)
    outsider.start()
    found = []
    for name, (fault, limit_s) in FAULTS.items():
        seconds, before = [], await _duplicates(ground)
        for turn in range(rounds):
            say(f"{name}: {turn + 1} of {rounds}")
            await _settled(ground)
            ends = await asyncio.to_thread(log_ends, ground)
            begun_at = await fault(ground, turn)
            await until_async(lambda ends=ends: _beyond(ground, ends), WITHIN_S, f"recovered from {name}", 0.02)  # type: ignore[misc]
            seconds.append(round(time.monotonic() - begun_at, 3))
            await asyncio.to_thread(ground.crew.start_all)
        await _settled(ground)
        found.append(Measured(name, limit_s, seconds, await _duplicates(ground) - before))
    await asyncio.to_thread(outsider.finish, WITHIN_S)
    return found


async def _settled(ground: Ground) -> None:
    """All processors hold partitions and keep up."""
    calm = 0

    async def is_calm() -> bool:
        nonlocal calm
        behind = await lag(ground)
        calm = calm + 1 if behind is not None and behind < RATE and await asyncio.to_thread(_shared, ground) else 0
        return calm >= SETTLED

    await until_async(is_calm, WITHIN_S, "the processors are at rest", 0.5)


def _shared(ground: Ground) -> bool:
    """Whether all processors own partitions, together every one."""
    owned = []
    for url in (ground.crew.url(name) for name in PROCESSORS):
        try:
            text = httpx.get(f"{url}/metrics", timeout=2, trust_env=False).text
        except httpx.HTTPError:
            return False
        owned += [float(line.split()[1]) for line in text.splitlines() if line.startswith(OWNED)]
    return len(owned) == len(PROCESSORS) and min(owned) > 0 and sum(owned) == PARTITIONS


async def _beyond(ground: Ground, ends: Ends) -> bool:
    """Whether something behind each of these ends was processed."""
    try:
        connection = await asyncpg.connect(ground.database.owner_dsn, timeout=2, command_timeout=2)
    except AWAY:
        return False
    try:
        lines = await connection.fetch(NEXT, [ground.topics.readings])
    except AWAY:
        return False
    finally:
        connection.terminate()
    reached = {(line["topic"], line["partition"]): line["next_offset"] for line in lines}
    return all(reached.get(place, 0) > end for place, end in ends.items() if place[0] == ground.topics.readings)


async def _duplicates(ground: Ground) -> int:
    connection = await asyncpg.connect(ground.database.owner_dsn)
    try:
        return int(await connection.fetchval(DUPLICATES))
    finally:
        await connection.close()


def table(found: list[Measured], title: str) -> Table:
    """A line a fault."""
    shown = Table(title=title, title_justify="left")
    for heading in ("fault", "median s", "p95 s", "wanted s", "taken twice", ""):
        shown.add_column(heading, justify="left" if heading == "fault" else "right", no_wrap=heading == "fault")
    for one in found:
        times = (f"{seconds:.2f}" for seconds in (statistics.median(one.seconds), one.p95_s))
        shown.add_row(one.fault, *times, f"{one.limit_s:g}", str(one.duplicates), "kept" if one.kept else "NOT KEPT")
    return shown


def main() -> int:
    """Measure; 1 when a limit is not kept."""
    parser = argparse.ArgumentParser(prog="make recovery", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="of each fault (default 10)")
    parser.add_argument("--out", type=Path, help="folder of the results (default .local/recovery/<time>)")
    asked = parser.parse_args()
    out = asked.out or ROOT / ".local" / "recovery" / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}"
    out.mkdir(parents=True, exist_ok=True)
    console = Console()
    with (
        console.status("starting Kafka and Postgres") as status,
        open_stack() as stack,
        databases.template(stack) as template,
        tempfile.TemporaryDirectory() as folder,
        open_ground(stack, template, Path(folder), named=False) as ground,
    ):
        found = asyncio.run(measure(ground, asked.rounds, status.update))
    title = f"{asked.rounds} rounds, {RATE:g} records a second, revision {revision()}"
    (out / "recovery.json").write_text(json.dumps({"title": title, "faults": [asdict(one) for one in found]}, indent=1))
    console.print(table(found, title))
    console.print(f"written to {out}")
    return int(not all(one.kept for one in found))


if __name__ == "__main__":
    sys.exit(main())
