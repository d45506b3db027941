"""Carries faults out: begin, last, undo. One that cannot begin because another has the upper hand is noted as such."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, replace

import asyncpg
from tests.support.stack import Server

from chaos.ground import Ground
from chaos.history import History
from chaos.samples import AWAY
from chaos.schedule import PROCESSORS, Fault, hits
from chaos.traffic import Outsider

HOSTILE = (
    "SELECT FROM offsets ORDER BY generation DESC, topic DESC, partition DESC FOR UPDATE",
    "SELECT FROM windows ORDER BY series_id DESC, minute DESC FOR UPDATE",
    "SELECT FROM quarters ORDER BY series_id DESC FOR UPDATE; SELECT FROM windows ORDER BY series_id DESC FOR UPDATE",
    "LOCK TABLE windows IN ACCESS EXCLUSIVE MODE",
    "LOCK TABLE offsets IN EXCLUSIVE MODE",
)


class Injector:
    """Hits one ground with the faults of a schedule."""

    def __init__(self, ground: Ground, outsider: Outsider, history: History, seed: int) -> None:
        self._ground, self._outsider, self._history = ground, outsider, history
        self._seed = seed
        self._healing = asyncio.Event()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.busy: set[str] = set()
        """Targets that a fault has in hand."""
        self._ways: dict[str, Callable[[Fault, random.Random], Awaitable[None]]] = {
            "kafka link": self._link, "postgres link": self._link, "group": self._storm, "topics": self._bad_records,
            "postgres sessions": self._end_sessions, "postgres rows": self._lock, "kafka": self._server,
            "postgres": self._server,
        }  # fmt: skip

    async def run(self, faults: list[Fault], begun_at: float) -> None:
        """Each at its time; returns when all have been undone."""
        tasks = []
        for fault in faults:
            await asyncio.sleep(max(0.0, begun_at + fault.at_s - time.monotonic()))
            tasks.append(asyncio.create_task(self._carry_out(fault, begun_at)))
        await asyncio.gather(*tasks)

    def end(self) -> None:
        """Whatever lasts is undone now; two must not start one server at once, so `heal` comes after `run`."""
        self._healing.set()

    async def heal(self) -> None:
        """Everything runs and every link is well."""
        for link in (self._ground.kafka_link, self._ground.postgres_link):
            await asyncio.to_thread(link.heal)
        for server in (self._ground.stack.postgres, self._ground.stack.kafka):
            await asyncio.to_thread(server.start)
        await asyncio.to_thread(self._ground.crew.start_all)

    async def _carry_out(self, fault: Fault, begun_at: float) -> None:
        """Begin once the fault before on the same target has been undone, which takes as long as a start takes."""
        async with AsyncExitStack() as held:
            for target in hits(fault.target):
                await held.enter_async_context(self._locks[target])
            self.busy.update(hits(fault.target))
            began_s, note = time.monotonic() - begun_at, ""
            try:
                # What is drawn within a fault depends on nothing that happened before it.
                rng = random.Random(f"{self._seed} {fault}")
                await self._ways.get(fault.target, self._member)(fault, rng)
            except AWAY as error:
                note = repr(error)
            self.busy.difference_update(hits(fault.target))
        times = {"began_s": round(began_s, 3), "ended_s": round(time.monotonic() - begun_at, 3)}
        self._history.faults.append(asdict(fault) | times | {"note": note})

    async def _last(self, fault: Fault) -> None:
        """As long as the fault lasts; less when the run ends before."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._healing.wait(), fault.for_s)

    async def _member(self, fault: Fault, _: random.Random) -> None:
        crew, name = self._ground.crew, fault.target
        if fault.kind == "freeze":
            crew.freeze(name)
            await self._last(fault)
        elif fault.kind == "kill":
            await asyncio.to_thread(crew.kill, name)
            await self._last(fault)
        else:
            crew.ask_to_end(name)
            await asyncio.to_thread(crew.wait_ended, name)
            await self._last(fault)
        await asyncio.to_thread(crew.start, name)

    async def _storm(self, fault: Fault, rng: random.Random) -> None:
        """Every one to three seconds something happens to one of the processors."""
        ends = time.monotonic() + fault.for_s
        while time.monotonic() < ends and not self._healing.is_set():
            kind, name = rng.choice(("kill", "freeze", "end")), rng.choice(PROCESSORS)
            pause = asyncio.create_task(asyncio.sleep(rng.uniform(1, 3)))
            await self._member(replace(fault, kind=kind, target=name, for_s=rng.uniform(0, 2)), rng)
            await pause

    async def _server(self, fault: Fault, _: random.Random) -> None:
        server: Server = self._ground.stack.kafka if fault.target == "kafka" else self._ground.stack.postgres
        hurt = {"kill": server.kill, "freeze": server.pause, "restart": server.stop}[fault.kind]
        await asyncio.to_thread(hurt)
        await self._last(fault)
        await asyncio.to_thread(server.start)

    async def _link(self, fault: Fault, rng: random.Random) -> None:
        link = self._ground.kafka_link if fault.target == "kafka link" else self._ground.postgres_link
        if fault.kind in ("reset", "down"):
            await asyncio.to_thread(link.reset if fault.kind == "reset" else link.down)
        elif fault.kind == "slow":
            link.toxics.latency_s = rng.uniform(0.02, 0.5)
        elif fault.kind == "sliced":
            link.toxics.slice_bytes = rng.randint(20, 2_000)
        elif fault.kind == "deaf":
            link.toxics.deaf = True
        else:
            link.toxics.lost_commits = rng.randint(1, 6)
        await self._last(fault)
        await asyncio.to_thread(link.heal)

    async def _end_sessions(self, _: Fault, rng: random.Random) -> None:
        """Sessions of the processors end, wherever in their transactions they are."""
        async with self._owner() as owner:
            for _time in range(rng.randint(1, 5)):
                await owner.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tideline_processor'"
                    " AND datname = current_database() AND state <> 'idle'"
                )
                await asyncio.sleep(rng.uniform(0.01, 0.3))

    async def _lock(self, fault: Fault, rng: random.Random) -> None:
        """Another session locks what processors need, in the reverse of their order."""
        async with self._owner() as owner, owner.transaction():
            await owner.execute(rng.choice(HOSTILE))
            await self._last(fault)

    async def _bad_records(self, fault: Fault, rng: random.Random) -> None:
        if fault.kind == "poison":
            self._outsider.poison(rng.randint(5, 40))
        else:
            self._outsider.repeat(rng.randint(50, 500))

    @asynccontextmanager
    async def _owner(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self._ground.database.owner_dsn, timeout=5, command_timeout=10)
        try:
            yield connection
        finally:
            connection.terminate()
