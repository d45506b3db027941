"""One producer copy: its connections, and the loop that keeps runs and announcements going while they come and go."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import stamina
import structlog

from chassis.database import open_pool
from chassis.errors import StartError
from contracts.events import Limits
from contracts.topics import Topics
from producer.announce import Announcer, control_broker
from producer.away import AWAY
from producer.bounded import in_time
from producer.built_in import apply_settings
from producer.control import ingest
from producer.datasets.fetch import Fetcher
from producer.datasets.ingest import Datasets
from producer.datasets.target import id_from_url, parse_target
from producer.errors import Conflict, Failed, Unavailable, in_words
from producer.metrics import Metrics
from producer.publish import Publisher
from producer.readiness import Readiness
from producer.repeat import Repeat
from producer.replays import Replays
from producer.run import Work
from producer.runs import Runs
from producer.settings import ProducerSettings
from producer.spec import DatasetSpec

log = structlog.get_logger("copy")

CONNECT_TIMEOUT_S = 10.0
CHECK_EVERY_S = 2.0
CHECK_TIMEOUT_S = 3.0
LAST_ROUND_S = 1.0
SWEEP_EVERY_S = 60.0
COUNT_EVERY_S = 5.0
STOP_TIMEOUT_S = 1.0


def now_us() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


class Copy:
    """Made before it connects, so that it can be asked at any time whether it is ready."""

    def __init__(self, settings: ProducerSettings, readiness: Readiness, metrics: Metrics) -> None:
        self.settings = settings
        self.readiness = readiness
        self.metrics = metrics
        self._owner = f"{settings.name}/{secrets.token_hex(4)}"
        self.topics = Topics(settings.topic_prefix)
        self._topic_names = [self.topics.readings, self.topics.rows, self.topics.streams]
        self.publisher = Publisher(settings)
        self._broker = control_broker(settings)
        self._pool: asyncpg.Pool | None = None
        self._awaited: list[Repeat] = []
        """What a change by a person or program wakes."""

    @property
    def pool(self) -> asyncpg.Pool:
        """The connections to Postgres; raises Unavailable as long as there was none."""
        if self._pool is None:
            raise Unavailable("Postgres has not been reached yet: try again in a moment")
        return self._pool

    def look_soon(self) -> None:
        """Have the next look at what is wanted, and at what is of no more use, now."""
        for repeat in self._awaited:
            repeat.wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Connect, work until told to stop, let go of everything in bounded time. Raises StartError."""
        connecting = asyncio.create_task(self._connect())
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({connecting, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if connecting.done():
                await self._work(connecting.result(), stop)
        finally:
            stopped.cancel()
            connecting.cancel()
            await asyncio.gather(in_time(self._broker.stop(), STOP_TIMEOUT_S), self.publisher.stop())
            if self._pool is not None:
                self._pool.terminate()

    async def _connect(self) -> asyncpg.Pool:
        """Wait for Postgres and Kafka, however long it takes; raises StartError for what waiting cannot mend."""
        async for attempt in self._patiently("postgres"):
            with attempt:
                self._pool = pool = await open_pool(self.settings, "producer")
        async for attempt in self._patiently("kafka"):
            with attempt:
                if missing := await self.publisher.missing(self._topic_names):
                    raise StartError(f"Kafka has no topic {', '.join(missing)}: run `python -m provision topics`")
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    await self._broker.start()
        self.readiness.reasons.clear()
        return pool

    def _patiently(self, name: str) -> AsyncIterator[stamina.Attempt]:
        def away(error: Exception) -> bool:
            self.readiness.reasons[name] = in_words(error)
            return isinstance(error, AWAY)

        return stamina.retry_context(on=away, attempts=None, timeout=None, wait_initial=0.2, wait_max=2.0)

    async def _work(self, pool: asyncpg.Pool, stop: asyncio.Event) -> None:
        work = Work(self.publisher, self.topics, self.settings.publish, now_us)
        given = self.settings.datasets
        datasets = Datasets(pool, self._owner, given, Limits(**self.settings.validity.model_dump()), Fetcher(given))
        runs = Runs(pool, self._owner, self.settings.streams, work, datasets, self.metrics)
        announcer = Announcer(pool, self._broker, self.topics)
        poll_s = self.settings.streams.poll_s
        await self._apply_settings(pool)
        looking = Repeat("look at what is wanted", runs.look, poll_s)
        sweeping = Repeat("delete files of ended datasets", datasets.sweep, SWEEP_EVERY_S)
        replays = Replays(pool, self.publisher, self.settings.streams.lease_s)
        sending = Repeat("send dead letters again", replays.send, poll_s)
        self._awaited = [looking, sweeping, sending]
        checks = {"postgres": lambda: _ask(pool), "kafka": self._check_topics}
        loops = [
            looking.run(),
            sweeping.run(),
            sending.run(),
            Repeat("announce states", announcer.announce, poll_s).run(),
            Repeat("count streams by state", lambda: self._count_streams(pool), COUNT_EVERY_S).run(),
            *(self.readiness.keep_checking(name, ask, CHECK_EVERY_S, CHECK_TIMEOUT_S) for name, ask in checks.items()),
        ]
        log.info("working", owner=self._owner)
        await _until_stop(stop, [asyncio.create_task(loop) for loop in loops])
        if not await in_time(runs.give_up(), self.settings.streams.drain_s + LAST_ROUND_S):
            log.warning("stopping without a last checkpoint: another copy repeats a little")
        await in_time(announcer.announce(), LAST_ROUND_S)

    async def _apply_settings(self, pool: asyncpg.Pool) -> None:
        """Make the table say what the settings want: built-in streams and a dataset."""
        async for attempt in self._patiently("postgres"):
            with attempt:
                await apply_settings(pool, self.settings.built_in, datetime.now(UTC))
                await self._apply_dataset_url(pool)

    async def _apply_dataset_url(self, pool: asyncpg.Pool) -> None:
        url, running_max = self.settings.dataset_url, self.settings.streams.running_max
        if not url:
            return
        try:
            parse_target(url)
            spec = DatasetSpec(url=url, timestamp_field=self.settings.datasets.timestamp_field or None)
            _, nothing = await ingest(pool, id_from_url(url), spec, "at_start", datetime.now(UTC), running_max)
            log.info("dataset_url", stream=id_from_url(url), result=nothing or "begun")
        except (Conflict, Failed) as error:
            log.warning("dataset_url is not ingested", error=str(error))

    async def _count_streams(self, pool: asyncpg.Pool) -> None:
        counted = await pool.fetch("SELECT state, count(*) FROM streams WHERE desired <> 'deleted' GROUP BY state")
        self.metrics.count_streams(dict(map(tuple, counted)))

    async def _check_topics(self) -> None:
        if missing := await self.publisher.missing(self._topic_names):
            raise LookupError(f"no topic {', '.join(missing)}: run `python -m provision topics`")


async def _until_stop(stop: asyncio.Event, loops: list[asyncio.Task[None]]) -> None:
    """Until told to stop, or until a loop ends, which none does but by a bug: that is raised."""
    stopped = asyncio.create_task(stop.wait())
    try:
        ended, _ = await asyncio.wait({*loops, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        for task in (*loops, stopped):
            task.cancel()


async def _ask(pool: asyncpg.Pool) -> None:
    await pool.fetchval("SELECT 1")
