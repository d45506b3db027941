"""Builds a processor at start and passes things in; FastStream owns the consumer, consume.py the loop."""

import asyncio
import contextlib
import gc
import os
import threading
from collections.abc import AsyncIterator

import asyncpg
import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.schemas import Topic
from faststream.kafka.subscriber.usecase import LogicSubscriber

from chassis.database import open_pool
from chassis.errors import StartError
from chassis.kafka import broker_security, client_security
from chassis.server import Server, listen, refuse_strangers
from contracts.topics import Topics
from processor import letter_upkeep, remove, retain
from processor.consume import Loop
from processor.errors import NotStarted
from processor.failpoints import Failpoint
from processor.health import make_app, watch_loop
from processor.metrics import Metrics
from processor.pipeline import Pipeline
from processor.settings import ProcessorSettings
from processor.upkeep import repeat
from processor.write import prepare_connection

log = structlog.get_logger("processor")

WAIT_S = 1.0
"""Pause between attempts to reach a server at start."""
NEW_PARTITIONS_WITHIN_MS = 5_000
"""How long it may take until partitions that were added to a topic are read."""
ANSWER_MS = 4_000
"""How long a broker may take to answer, beside what it holds back on purpose."""
STOP_WITHIN_S = 10.0
"""A stop that takes longer is cut off; nothing is lost by it."""


async def work(settings: ProcessorSettings) -> int:
    """Run a processor copy until a signal; the exit code."""
    while True:
        try:
            return await Processor(settings).run()
        except NotStarted as error:
            log.warning("Kafka went away during the start, beginning anew", error=str(error))
            await asyncio.sleep(WAIT_S)


class Processor:
    """One processor copy, from start to stop."""

    def __init__(self, settings: ProcessorSettings) -> None:
        self._settings = settings
        self._topics = Topics(settings.topic_prefix)
        self._metrics = Metrics()
        self._failpoint = Failpoint(settings.failpoint)
        self._loop = Loop(settings, self._metrics, self._failpoint)
        self._waiting_for: str | None = "Postgres"
        self._work: asyncio.Task[None] | None = None
        self._upkeep: list[asyncio.Task[None]] = []
        self._pool: asyncpg.Pool
        self._failed: BaseException | None = None
        self.broker = KafkaBroker(
            settings.kafka_bootstrap.split(","),
            client_id=settings.name or "processor",
            metadata_max_age_ms=NEW_PARTITIONS_WITHIN_MS,
            # The answer to a join is held back for up to a session. A broker whose host is gone says nothing at all:
            # after this long its partitions are read from their new leaders.
            request_timeout_ms=settings.group.session_timeout_ms + ANSWER_MS,
            consumer_only=True,
            logger=None,
            security=broker_security(settings.kafka),
        )
        self._subscriber = _subscriber(self.broker, settings, self._topics, self._loop)
        self._app = FastStream(
            self.broker,
            logger=None,
            lifespan=self._lifespan,
            on_startup=[self._wait_for_servers],
            after_startup=[self._start_loop],
            on_shutdown=[self._stop_loop],
        )

    async def run(self) -> int:
        """Work until a signal; the exit code. Raises NotStarted when Kafka goes away while the consumer starts."""
        try:
            await self._app.run()
        except KafkaError as error:
            if self._work is not None:
                raise
            self._pool.terminate()
            raise NotStarted(repr(error)) from error
        if isinstance(self._failed, StartError):
            raise self._failed
        return 0 if self._failed is None else 1

    def _troubles(self) -> list[str]:
        return [f"waiting for {self._waiting_for}"] if self._waiting_for else self._loop.troubles()

    @contextlib.asynccontextmanager
    async def _lifespan(self) -> AsyncIterator[None]:
        refuse_strangers(self._settings.http_host, self._settings.trusted_network)
        sock = listen(self._settings.http_host, self._settings.http_port)
        server = Server(make_app(self._metrics, self._troubles))
        serving = asyncio.create_task(server.serve([sock]))
        watching = asyncio.create_task(watch_loop())
        try:
            yield
        finally:
            watching.cancel()
            server.stop()
            await asyncio.wait([serving], timeout=2)

    async def _wait_for_servers(self) -> None:
        """Come up when Postgres and Kafka do; what waiting cannot mend ends the start."""
        try:
            self._pool = await self._reach_postgres()
            self._waiting_for = "Kafka"
            await self._reach_kafka()
            self._waiting_for = None
        except StartError as error:
            self._end(error)

    async def _reach_postgres(self) -> asyncpg.Pool:
        while True:
            try:
                return await open_pool(self._settings, self._settings.name or "processor", prepare_connection)
            except (OSError, TimeoutError, asyncpg.PostgresError) as error:
                log.warning("waiting for Postgres", error=repr(error))
                await asyncio.sleep(WAIT_S)

    async def _reach_kafka(self) -> None:
        wanted = {self._topics.readings, self._topics.rows}
        while True:
            admin = AIOKafkaAdminClient(
                bootstrap_servers=self._settings.kafka_bootstrap, **client_security(self._settings.kafka)
            )
            try:
                await admin.start()
                missing = wanted - set(await admin.list_topics())
                if missing:
                    names = ", ".join(sorted(missing))
                    raise StartError(f"Kafka has no topic {names}: run `python -m provision topics`")
                return
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("waiting for Kafka", error=repr(error))
                await asyncio.sleep(WAIT_S)
            finally:
                with contextlib.suppress(KafkaError, OSError):
                    await admin.close()

    async def _start_loop(self) -> None:
        consumer = self._subscriber.consumer
        if self._failed is not None or not isinstance(consumer, AIOKafkaConsumer):
            return
        pipeline = Pipeline(self._pool, self._topics.readings, self._settings, self._metrics, self._failpoint)
        self._work = asyncio.create_task(self._loop.run(consumer, self._pool, pipeline))
        self._work.add_done_callback(self._loop_ended)
        remover = remove.Remover(self._pool, consumer, [self._topics.readings, self._topics.rows])
        letters = letter_upkeep.LetterUpkeep(self._pool, self._metrics, self._settings.dead_letters.keep_days)
        upkeep = [
            repeat("removal of a deleted stream", remover.look, remove.LOOK_EVERY_S),
            repeat("upkeep of dead letters", letters.look, letter_upkeep.LOOK_EVERY_S),
        ]
        if keep_days := self._settings.raw.keep_days:
            retention = retain.Retention(self._pool, keep_days)
            upkeep.append(repeat("retention of raw data", retention.look, retain.LOOK_EVERY_S))
        self._upkeep = list(map(asyncio.create_task, upkeep))
        # What lives since the start lives on: collections need not look at it. The thresholds stay as they are: cycles
        # in the client hold whole fetched buffers, and rarer collections let memory grow with the backlog.
        gc.collect()
        gc.freeze()
        log.info("processing", topics=[self._topics.readings, self._topics.rows])

    def _loop_ended(self, work: "asyncio.Task[None]") -> None:
        if not work.cancelled() and (error := work.exception()) is not None:
            log.error("the loop died", exc_info=error)
            self._end(error)

    def _end(self, error: BaseException) -> None:
        self._failed = error
        self._app.exit()

    async def _stop_loop(self) -> None:
        """Let the transaction in flight end, leave the group, close; whatever hangs is cut off."""
        deadline = threading.Timer(STOP_WITHIN_S, os._exit, [3])
        deadline.daemon = True
        deadline.start()
        self._loop.stop()
        for task in self._upkeep:
            task.cancel()
        if self._work is not None:
            await asyncio.wait([self._work])
        if self._subscriber.consumer is not None:
            leaving = asyncio.create_task(self._subscriber.consumer.stop())
            await asyncio.wait([leaving], timeout=self._settings.group.session_timeout_ms / 1_000 + 2)
        if hasattr(self, "_pool"):
            self._pool.terminate()
        log.info("stopped")


def _subscriber(broker: KafkaBroker, settings: ProcessorSettings, topics: Topics, loop: Loop) -> LogicSubscriber:  # type: ignore[type-arg]
    """Both topics as one subscriber without a handler: FastStream builds, starts and stops the consumer."""
    return broker.subscriber(
        Topic(topics.readings, declare=False),
        Topic(topics.rows, declare=False),
        group_id=topics.processor_group,
        group_instance_id=settings.name or None,
        ack_policy=AckPolicy.MANUAL,
        auto_offset_reset="earliest",
        isolation_level="read_committed",  # what a publisher's transaction took back never was
        listener=loop,
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=1_048_576,
        session_timeout_ms=settings.group.session_timeout_ms,
        heartbeat_interval_ms=settings.group.heartbeat_ms,
        max_poll_interval_ms=600_000,
        title="events",
        description="Readings and dataset rows, taken by the processor's own loop.",
    )
