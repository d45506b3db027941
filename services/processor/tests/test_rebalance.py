"""What a rebalance in the middle of something leaves behind."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiokafka import TopicPartition
from services.processor.tests.makers import CLAIM
from tests.support.fake_kafka import FakeConsumer, FakeLog
from tests.support.waiting import until_async

from processor import offsets
from processor.consume import Loop
from processor.failpoints import Failpoint
from processor.metrics import Metrics
from processor.mirror import Mirror
from processor.partitions import Partitions
from processor.plan import Claim, Connection
from processor.settings import ProcessorSettings

P, Q = TopicPartition("readings", 0), TopicPartition("readings", 1)


class NoPool:
    """Hands out nothing, as often as it is asked."""

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[None]:
        yield


class NothingLearnt:
    def forget(self) -> None: ...


async def test_what_is_revoked_while_it_is_claimed_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client goes on naming a revoked partition as assigned until the new assignment has come."""
    loop = Loop(ProcessorSettings(), Metrics(), Failpoint(""))
    consumer = FakeConsumer(FakeLog({P: [], Q: []}), random.Random(1))
    consumer.assign([P, Q])
    loop._consumer, loop._pool, loop._pipeline = consumer, NoPool(), NothingLearnt()  # type: ignore[assignment]
    await loop.on_partitions_assigned([P, Q])

    async def claim(connection: Connection, topic: str, partition: int, log_start: int) -> Claim:
        if partition == Q.partition:
            await loop.on_partitions_revoked([Q])
        return replace(CLAIM, partition=partition)

    monkeypatch.setattr(offsets, "claim", claim)
    await loop._claim_all([P, Q])
    assert consumer.assignment() == {P, Q}
    assert loop._partitions.held.keys() == {P}


async def test_the_mirror_goes_on_whatever_the_client_raises() -> None:
    consumer = FakeConsumer(FakeLog({P: [b""], Q: []}), random.Random(1))
    partitions = Partitions(fresh={P})
    partitions.hold(P, CLAIM, 0, 1)
    mirroring = asyncio.create_task(Mirror(consumer, partitions, Metrics()).run())  # P is not assigned: it raises
    await asyncio.sleep(0)
    consumer.assign([P])
    await until_async(lambda: told(consumer), 5, "the offset is told")
    mirroring.cancel()


async def told(consumer: FakeConsumer) -> bool:
    return P in consumer.committed
