"""The loop: claim what is assigned, fetch, prepare one plan while the one before is being committed.

Written against a plain consumer object, so that tests can hand it a fake. What Kafka says of positions is never
believed: each claim reads the stored offset and seeks to it, and after any error every partition is claimed again.
"""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from typing import Any, Protocol

import asyncpg
import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CorruptRecordException, KafkaError, RecordTooLargeError

from processor import offsets
from processor.errors import Fenced, PartitionRefused
from processor.failpoints import Failpoint
from processor.fetch import DeliveringConsumer, Fetcher
from processor.metrics import Metrics
from processor.mirror import CommittingConsumer, Mirror
from processor.partitions import Partitions
from processor.pipeline import Pipeline
from processor.plan import Batch, Claim, Connection, Plan
from processor.settings import ProcessorSettings

log = structlog.get_logger("processor")

FENCED_PAUSE_S = 0.5
FAILED_PAUSE_S = (0.1, 5.0)
"""First and longest pause after Postgres failed."""
KAFKA_PAUSE_S = 1.0
ANSWER_S = 10.0
"""Longest wait for where a log begins or ends."""
LOOK_AGAIN_S = 5.0
COMPARE_EVERY_S = 2.0
STILL_S = 4.0
"""A round that takes longer is told as a trouble."""
UNREADABLE_PAUSE_S = 60.0
EXPECTED = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    KafkaError,
    OSError,
    TimeoutError,
)
UNREADABLE = (CorruptRecordException, RecordTooLargeError, UnicodeError, ValueError)


class Consumer(CommittingConsumer, DeliveringConsumer, Protocol):
    """What the loop needs of an AIOKafkaConsumer."""

    def assignment(self) -> set[TopicPartition]: ...  # noqa: D102
    def pause(self, *partitions: TopicPartition) -> None: ...  # noqa: D102
    def resume(self, *partitions: TopicPartition) -> None: ...  # noqa: D102
    def seek(self, partition: TopicPartition, offset: int) -> None: ...  # noqa: D102
    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]: ...  # noqa: D102
    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]: ...  # noqa: D102


class Loop(ConsumerRebalanceListener):  # type: ignore[misc]
    """One processor copy at work. Hand it to the consumer as rebalance listener, then `run` it with the consumer."""

    def __init__(self, settings: ProcessorSettings, metrics: Metrics, failpoint: Failpoint) -> None:
        self._settings = settings
        self._fetcher = Fetcher(settings)
        self._metrics = metrics
        self._reach = failpoint.reach
        self._partitions = Partitions()
        self._in_flight: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._claim_at = 0.0
        self._compare_at = 0.0
        self._round_at: float | None = None
        self._pause_s = FAILED_PAUSE_S[0]
        self._trouble: str | None = "the first assignment has not come yet"
        self._mirror: Mirror | None = None
        self._consumer: Consumer
        self._pool: asyncpg.Pool
        self._pipeline: Pipeline

    async def run(self, consumer: Consumer, pool: asyncpg.Pool, pipeline: Pipeline) -> None:
        """Work until `stop`; ends with nothing in flight."""
        self._consumer, self._pool, self._pipeline = consumer, pool, pipeline
        self._partitions.fresh |= consumer.assignment() - self._partitions.held.keys()
        self._mirror = Mirror(consumer, self._partitions, self._metrics)
        mirroring = asyncio.create_task(self._mirror.run())
        try:
            while not self._stopping.is_set():
                self._round_at = asyncio.get_running_loop().time()
                await self._claim()
                batches = await self._fetch()
                if batches:
                    await self._hand_over(batches)
                elif self._in_flight is not None and self._in_flight.done():
                    await self._guarded(self._settle())
                elif self._in_flight is None:
                    await self._guarded(self._compare())
            self._reach("draining")
            await self._guarded(self._settle())
        finally:
            mirroring.cancel()
            await asyncio.wait([mirroring])
        await self._mirror.tell()

    def stop(self) -> None:
        """Finish what is in flight, take nothing new."""
        self._stopping.set()

    def troubles(self) -> list[str]:
        """Why this copy is not ready; empty when it is."""
        found = [f"{p.topic}-{p.partition}: {refusal.reason}" for p, refusal in self._partitions.refused.items()]
        if self._trouble is not None:
            found.append(self._trouble)
        if self._mirror is not None and self._mirror.unanswered:
            found.append("Kafka does not answer")
        elif self._round_at is not None and asyncio.get_running_loop().time() > self._round_at + STILL_S:
            found.append(f"nothing has moved for more than {STILL_S:.0f} s: Postgres or Kafka does not answer")
        return found

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        """Remember them. Pausing helps; what guards is that nothing is taken from a partition without a claim."""
        if hasattr(self, "_consumer"):
            self._consumer.pause(*assigned)
        self._partitions.assigned(assigned)
        self._trouble = "what was assigned is not claimed yet" if assigned else None
        log.info("partitions assigned", count=len(assigned))

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        """Let the transaction in flight end, for a while; then forget them. A late one will be fenced."""
        if self._in_flight is not None:
            await asyncio.wait([self._in_flight], timeout=self._settings.group.session_timeout_ms / 2_000)
        self._partitions.revoked(revoked)
        self._reach("revoked")

    async def _claim(self) -> None:
        """Claim what is new or due for another look; one attempt, then a pause, so that polling goes on."""
        now = asyncio.get_running_loop().time()
        partitions = self._partitions
        due = partitions.fresh | {p for p, refusal in partitions.refused.items() if refusal.look_again_at <= now}
        due &= self._consumer.assignment()
        if not due or now < self._claim_at:
            self._metrics.partitions.set(len(partitions.held))
            self._metrics.partitions_refused.set(len(partitions.refused))
            return
        await self._guarded(self._claim_all(sorted(due)))

    async def _claim_all(self, due: Sequence[TopicPartition]) -> None:
        await self._settle()  # what is in flight may still move the offsets that are about to be read
        self._pipeline.forget()
        starts = await asyncio.wait_for(self._consumer.beginning_offsets(due), ANSWER_S)
        claims = {}
        async with self._pool.acquire() as connection:
            for partition in due:
                claim = claims[partition] = await self._claim_one(connection, partition, starts[partition])
                if starts[partition] > claim.next_offset:
                    await offsets.book_lost(connection, claim, starts[partition])
        # Asked for after the claims, up to which a former owner may have gone on; nothing is waited for after this.
        ends = await asyncio.wait_for(self._consumer.end_offsets(due), ANSWER_S)
        for partition in due:
            if not self._partitions.awaits(partition):
                continue  # revoked meanwhile; the client counts it as assigned until the next assignment comes
            with self._refusing(partition):
                where = self._partitions.hold(partition, claims[partition], starts[partition], ends[partition])
                self._consumer.seek(partition, where)
                self._consumer.resume(partition)
        self._reach("claimed")
        self._pause_s = FAILED_PAUSE_S[0]
        self._trouble = None

    async def _claim_one(self, connection: Connection, partition: TopicPartition, log_start: int) -> Claim:
        try:
            return await offsets.claim(connection, partition.topic, partition.partition, log_start)
        except asyncpg.LockNotAvailableError:
            ended = await offsets.end_frozen(connection)
            log.warning("the former owner holds the partition", topic=partition.topic, sessions_ended=ended)
            raise

    async def _compare(self) -> None:
        """While nothing comes: whether Postgres still stands where it was left. It may be away, or an older copy."""
        now, held = asyncio.get_running_loop().time(), self._partitions.held.values()
        if not held or now < self._compare_at:
            return
        self._compare_at = now + COMPARE_EVERY_S
        async with self._pool.acquire() as connection, connection.transaction():
            if held:  # not revoked meanwhile
                await offsets.hold(connection, [Batch(each.claim, each.stored, each.stored, ()) for each in held])

    async def _fetch(self) -> list[Batch]:
        try:
            fetched = await self._fetcher.fetch(self._consumer)
        except UNREADABLE as error:
            if isinstance(error, UnicodeError) and self._fetcher.turn_lenient():
                self._start_over(0, f"the name of a header is not UTF-8: {error}")
            else:
                await self._guarded(self._find_unreadable(error))
            return []
        except KafkaError as error:
            self._start_over(KAFKA_PAUSE_S, f"{type(error).__name__}: {error}")
            await self._pause(KAFKA_PAUSE_S)
            return []
        if fetched:
            self._reach("fetched")
        batches = []
        for partition in sorted(fetched):
            with self._refusing(partition):
                taken = self._partitions.take(partition, fetched[partition])
                if isinstance(taken, Batch):
                    batches.append(taken)
                elif taken is not None:
                    self._consumer.seek(partition, taken)
        return batches

    async def _hand_over(self, batches: Sequence[Batch]) -> None:
        """Prepare the batches while the plan before is being committed, then commit them."""

        async def work() -> None:
            if await self._were_deleted(batches):
                self._start_over(0, "offsets were deleted before they were read")  # claiming again tells which
                return
            plan = await self._pipeline.prepare(batches)
            await self._settle()
            if self._partitions.still_hold(batches):
                self._in_flight = asyncio.create_task(self._commit(plan))
                # Nobody settles it when the loop itself is cancelled: what it raised is no news then.
                self._in_flight.add_done_callback(lambda task: task.cancelled() or task.exception())
            else:
                self._partitions.drop()

        await self._guarded(work())

    async def _were_deleted(self, batches: Sequence[Batch]) -> bool:
        """Whether offsets are missing because retention was quicker; else they are those of markers and the like."""
        missing = {TopicPartition(b.claim.topic, b.claim.partition): b.gaps[0].start for b in batches if b.gaps}
        if not missing:
            return False
        starts = await asyncio.wait_for(self._consumer.beginning_offsets(list(missing)), ANSWER_S)
        return any(starts[partition] > offset for partition, offset in missing.items())

    async def _commit(self, plan: Plan) -> None:
        await self._pipeline.commit(plan)
        self._partitions.committed(plan.batches)

    async def _settle(self) -> None:
        """Wait for the transaction in flight; raises what it raised. Never cancels it."""
        if (task := self._in_flight) is not None:
            await asyncio.wait([task])
            self._in_flight = None
            task.result()

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it; after any error forget all positions and claim again after a pause."""
        try:
            await work
        except Fenced as error:
            self._metrics.fenced.inc()
            self._start_over(FENCED_PAUSE_S, f"fenced: {error}")
        except Exception as error:  # whatever it was: the stored offsets tell what is true
            self._metrics.retries.inc()
            if not isinstance(error, EXPECTED):
                log.error("unexpected", exc_info=error)
            self._start_over(self._pause_s, f"{type(error).__name__}: {error}")
            self._pause_s = min(self._pause_s * 2, FAILED_PAUSE_S[1])

    def _start_over(self, pause_s: float, why: str) -> None:
        self._partitions.drop()
        self._consumer.pause(*(self._partitions.fresh & self._consumer.assignment()))
        self._claim_at = asyncio.get_running_loop().time() + pause_s
        self._trouble = why if self._partitions.fresh else None
        log.warning("starting over from the stored offsets", why=why, pause_s=pause_s)

    @contextlib.contextmanager
    def _refusing(self, partition: TopicPartition) -> Iterator[None]:
        try:
            yield
        except PartitionRefused as error:
            self._refuse(partition, str(error), LOOK_AGAIN_S)

    def _refuse(self, partition: TopicPartition, reason: str, pause_s: float) -> None:
        known = self._partitions.refused.get(partition)
        if known is None or known.reason != reason:
            log.error("partition refused", topic=partition.topic, partition=partition.partition, reason=reason)
        self._partitions.refuse(partition, reason, asyncio.get_running_loop().time() + pause_s)
        if partition in self._consumer.assignment():
            self._consumer.pause(partition)

    async def _find_unreadable(self, error: Exception) -> None:
        """One partition holds something that the client cannot read: find it by asking each, leave it alone."""
        for partition in sorted(self._partitions.held):
            try:
                await self._consumer.getmany(partition, timeout_ms=300, max_records=1)
            except UNREADABLE as found:
                if partition in self._partitions.held:
                    self._refuse(partition, f"the client cannot read it: {found!r}", UNREADABLE_PAUSE_S)
                break
        # What was read while looking has to be read again.
        self._start_over(FENCED_PAUSE_S, f"{type(error).__name__}: {error}")

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
