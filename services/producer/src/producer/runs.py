"""The runs of this copy: claims streams, renews their leases, stores their checkpoints, ends them as wanted."""

import asyncio
import time
from dataclasses import dataclass

import asyncpg
import structlog

from producer import streams
from producer.datasets.ingest import Datasets
from producer.errors import Failed, LeaseLost, Retry
from producer.metrics import Metrics
from producer.run import Progress, Work, run_stream
from producer.settings import StreamSettings
from producer.streams import Checkpoint, Claim, Outcome

log = structlog.get_logger("runs")

CLAIMS_AT_ONCE = 16
RETRY_PAUSE_S = 1.0


@dataclass(frozen=True)
class Run:
    """A claimed stream and the task that runs it."""

    claim: Claim
    progress: Progress
    task: asyncio.Task[Outcome]

    def checkpoint(self) -> Checkpoint:
        """How far it got."""
        common = {"published": self.progress.published, "behind_s": round(self.progress.behind_s, 3)}
        return Checkpoint(self.claim.id, self.claim.run, self.progress.position, common | self.progress.shown)


class Runs:
    """What this copy runs, by stream id. `look` is called every second or so and does all that is to be done."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        owner: str,
        settings: StreamSettings,
        work: Work,
        datasets: Datasets,
        metrics: Metrics,
    ) -> None:
        self._pool = pool
        self._owner = owner
        self._settings = settings
        self._work = work
        self._datasets = datasets
        self._metrics = metrics
        self._runs: dict[str, Run] = {}

    async def look(self) -> None:
        """One round: end what has ended, renew the rest, pass on what is wanted, claim what is free.

        Raises what asyncpg raises while Postgres is away; runs whose lease ends meanwhile stop by themselves. An end
        that cannot be stored is raised last, when all others are served; the next round tries it again.
        """
        self._count()
        trouble = await self._end_finished()
        await self._renew()
        asked_s = time.monotonic()
        for claim in await streams.claim(self._pool, self._owner, self._settings.lease_s, CLAIMS_AT_ONCE):
            self._start(claim, asked_s + self._settings.lease_s)
        self._metrics.running.set(len(self._runs))
        if trouble is not None:
            raise trouble

    async def give_up(self) -> None:
        """Drain everything in bounded time and give the leases up, so that another copy can go on at once."""
        for run in self._runs.values():
            run.progress.stop.set()
        tasks = [run.task for run in self._runs.values()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._settings.drain_s)
            for task in late:
                task.cancel()
            await asyncio.wait(tasks, timeout=1)
        self._count()
        await self._end_finished()

    async def _end_finished(self) -> Exception | None:
        """Store the ends of all runs that have ended; what went wrong with one of them, where something did."""
        trouble: Exception | None = None
        for run in list(self._runs.values()):
            if run.task.done():
                try:
                    await self._end(run)
                except Exception as error:  # raised once the others are served
                    trouble = error
        return trouble

    async def _end(self, run: Run) -> None:
        stream, (outcome, reason) = run.claim.id, _outcome(run)
        if outcome is not None:
            await streams.end_run(self._pool, self._owner, run.checkpoint(), outcome, reason)
            log.info("run ended", stream=stream, run=run.claim.run, outcome=outcome, position=run.progress.position)
        del self._runs[stream]
        if outcome is not None and run.claim.kind == "dataset":
            await self._datasets.ended(stream, outcome)

    async def _renew(self) -> None:
        if not self._runs:
            return
        asked_s = time.monotonic()
        runs = list(self._runs.values())
        desired = await streams.renew(
            self._pool, self._owner, self._settings.lease_s, [run.checkpoint() for run in runs]
        )
        for run in runs:
            wanted = desired.get(run.claim.id)
            if wanted is None:
                log.warning("lease lost", stream=run.claim.id, run=run.claim.run)
                self._metrics.leases_lost.inc()
                run.task.cancel()
                self._runs.pop(run.claim.id, None)
                continue
            run.progress.lease_end_s = asked_s + self._settings.lease_s
            if wanted != "running":
                run.progress.stop.set()

    def _start(self, claim: Claim, lease_end_s: float) -> None:
        log.info("run claimed", stream=claim.id, run=claim.run, position=claim.position)
        shown = dict(claim.progress) if claim.kind == "dataset" else {}
        progress = Progress(claim.position, lease_end_s, shown=shown)
        task = asyncio.create_task(self._run(claim, progress), name=f"stream {claim.id}")
        self._runs[claim.id] = Run(claim, progress, task)

    async def _run(self, claim: Claim, progress: Progress) -> Outcome:
        while True:
            try:
                if claim.kind == "dataset":
                    return await self._datasets.run(claim, progress, self._work)
                return await run_stream(claim, progress, self._work)
            except Retry as error:
                self._metrics.retries.inc()
                log.warning("beginning again from the checkpoint", stream=claim.id, error=str(error))
                if progress.stop.is_set():
                    return "drained"
                await asyncio.sleep(RETRY_PAUSE_S)

    def _count(self) -> None:
        for run in self._runs.values():
            published = run.progress.published
            self._metrics.published.inc(published - run.progress.counted)
            run.progress.counted = published


def _outcome(run: Run) -> tuple[Outcome | None, str | None]:
    """How a finished run ended, and why; None: there is nothing to store."""
    if run.task.cancelled():
        return "drained", None
    error = run.task.exception()
    if isinstance(error, LeaseLost):
        return None, None
    if isinstance(error, Failed):
        return "failed", str(error)
    if error is not None:
        log.error("run failed", stream=run.claim.id, exc_info=error)
        return "failed", _storable(f"{type(error).__name__}: {error}")
    return run.task.result(), run.progress.reason


def _storable(text: str) -> str:
    """Words of a library in a form that Postgres takes, whatever they quote."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:500])
