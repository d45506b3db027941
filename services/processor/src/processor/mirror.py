"""Copies stored offsets to Kafka, where lag tools look, and lag to the metrics. Never read back and never waited for by
the loop."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from processor.metrics import Metrics
from processor.partitions import Partitions

log = structlog.get_logger("processor")

PAUSE_S = 0.5
AGAIN_S = 5.0
"""Said again after this even if nothing moved: it also tells whether Kafka answers."""
TIMEOUT_S = 3.0


class CommittingConsumer(Protocol):
    """What the mirror needs of a consumer."""

    def highwater(self, partition: TopicPartition) -> int | None: ...  # noqa: D102
    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None: ...  # noqa: D102


class Mirror:
    """The offsets that Postgres has, told to the consumer group; a failure harms nothing."""

    def __init__(
        self, consumer: CommittingConsumer, partitions: Partitions, metrics: Metrics, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._consumer = consumer
        self._metrics = metrics
        self._partitions = partitions
        self._timeout_s = timeout_s
        self._asked: asyncio.Task[None] | None = None
        self.unanswered = False
        """Whether Kafka left the last attempt without an answer."""

    async def run(self) -> None:
        """Tell what changed, at most half a second late, until cancelled."""
        told: Mapping[TopicPartition, int] = {}
        told_at = 0.0
        while True:
            try:
                self._metrics.behind(self.lag())
                stored, now = dict(self._partitions.stored()), asyncio.get_running_loop().time()
                if (stored != told or now > told_at + AGAIN_S) and await self.tell():
                    told, told_at = stored, now
            except Exception as error:  # whatever it was: the next round may go well
                log.error("unexpected", exc_info=error)
            await asyncio.sleep(PAUSE_S)

    async def tell(self) -> bool:
        """One attempt, bounded in time; a commit of aiokafka waits for ever while the broker is away. It is left to
        wait, as what it has sent would go on, unheard, if it were cancelled; there is no other beside it."""
        if self._asked is not None and not await self._answered(self._asked):
            return False
        stored = dict(self._partitions.stored())
        if not stored:
            self.unanswered = False  # nothing was asked
            return False
        self._asked = asyncio.create_task(self._consumer.commit(stored))
        # Nobody waits for it any more when this is cancelled: what it raised is no news then.
        self._asked.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await self._answered(self._asked)

    async def _answered(self, asked: "asyncio.Task[None]") -> bool:
        await asyncio.wait([asked], timeout=self._timeout_s)
        self.unanswered = not asked.done()
        if self.unanswered:
            return False
        self._asked = None
        try:
            asked.result()
        except (KafkaError, AssertionError) as error:  # in a rebalance
            log.debug("offsets not mirrored", error=repr(error))
            return False
        return True

    def lag(self) -> dict[TopicPartition, int]:
        """Records between what is stored and the end of the log, where the end is known by now."""
        ends = {partition: self._consumer.highwater(partition) for partition in self._partitions.held}
        stored = self._partitions.stored()
        return {partition: max(0, end - stored[partition]) for partition, end in ends.items() if end is not None}
