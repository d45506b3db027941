"""What the loop holds, and what it says of itself, when Kafka and Postgres answer at awkward moments."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, TopicAuthorizationFailedError
from services.processor.tests.makers import CLAIM
from tests.support.fake_kafka import FakeConsumer, FakeLog
from tests.support.waiting import until_async

from processor.consume import Loop
from processor.failpoints import Failpoint
from processor.metrics import Metrics
from processor.mirror import Mirror
from processor.partitions import Partitions
from processor.settings import ProcessorSettings

P = TopicPartition("readings", 0)
SETTINGS = ProcessorSettings(kafka_bootstrap="127.0.0.1:9", postgres_dsn="postgresql://127.0.0.1:9/none")


class Offsets:
    """A Postgres that knows one table, `offsets`; `meanwhile` happens before it answers a claim."""

    def __init__(self, next_offset: int = 0, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        self._next_offset, self._meanwhile = next_offset, meanwhile

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator["Offsets"]:
        yield self

    async def fetchrow(self, _statement: str, *_values: object) -> Mapping[str, Any]:
        if self._meanwhile:
            await self._meanwhile()
        return {
            "generation": 1, "pass": 1, "epoch": 1, "next_offset": self._next_offset,
            "bookmark_time": None, "bookmark_hash": None, "kept_from": None, "server": None,
        }  # fmt: skip


class Pipeline:
    def forget(self) -> None:
        pass


def loop_on(consumer: FakeConsumer, offsets: Offsets) -> Loop:
    loop = Loop(SETTINGS, Metrics(), Failpoint(""))
    loop._consumer, loop._pool, loop._pipeline = consumer, offsets, Pipeline()  # type: ignore[assignment]
    return loop


@pytest.fixture
def consumer() -> FakeConsumer:
    consumer = FakeConsumer(FakeLog({P: [b"1", b"2"]}), Random(1))
    consumer.assign([P])
    return consumer


async def test_what_is_revoked_while_it_is_claimed_is_not_held(consumer: FakeConsumer) -> None:
    """The client goes on naming a revoked partition as assigned until the new assignment has come."""

    async def revoke() -> None:
        await loop.on_partitions_revoked([P])

    loop = loop_on(consumer, Offsets(meanwhile=revoke))
    await loop.on_partitions_assigned([P])
    await loop._claim()
    assert consumer.assignment() == {P}
    assert not loop._partitions.held


async def test_a_log_that_grows_while_it_is_claimed_is_not_taken_for_one_cut_off(consumer: FakeConsumer) -> None:
    async def taken_by_the_former_owner() -> None:
        consumer.log.records[P] *= 2

    loop = loop_on(consumer, Offsets(next_offset=3, meanwhile=taken_by_the_former_owner))
    await loop.on_partitions_assigned([P])
    await loop._claim()
    assert loop._partitions.held.keys() == {P}


async def test_a_revocation_waits_for_the_transaction_in_flight_also_while_the_loop_waits_for_it(
    consumer: FakeConsumer,
) -> None:
    loop = loop_on(consumer, Offsets())
    answered = asyncio.Event()
    loop._in_flight = asyncio.create_task(answered.wait())  # type: ignore[assignment]
    settling = asyncio.create_task(loop._settle())
    await asyncio.sleep(0)
    revoking = asyncio.create_task(loop.on_partitions_revoked([P]))
    await asyncio.sleep(0)
    assert not revoking.done()
    answered.set()
    await asyncio.wait_for(asyncio.gather(settling, revoking), 5)


async def test_it_is_not_ready_before_what_was_assigned_is_claimed(consumer: FakeConsumer) -> None:
    loop = loop_on(consumer, Offsets())
    assert loop.troubles()
    await loop.on_partitions_assigned([P])
    assert loop.troubles()
    await loop._claim()
    assert not loop.troubles()


async def test_what_was_wrong_with_partitions_that_others_have_now_is_no_trouble(consumer: FakeConsumer) -> None:
    loop = loop_on(consumer, Offsets())
    await loop.on_partitions_assigned([P])
    await loop.on_partitions_revoked([P])
    consumer.assign([])
    await loop.on_partitions_assigned([])
    loop._start_over(0, "fenced")
    assert not loop.troubles()


class Refusing(FakeConsumer):
    """A client that only has errors for us."""

    errors: Sequence[Exception] = ()

    async def getmany(self, *_: TopicPartition, timeout_ms: int, max_records: int) -> Any:
        self.errors, error = self.errors[1:] or self.errors, self.errors[0]
        raise error


@pytest.fixture
def refusing() -> Refusing:
    consumer = Refusing(FakeLog({P: [b"1", b"2"]}), Random(1))
    consumer.assign([P])
    return consumer


async def test_it_is_not_ready_while_kafka_does_not_let_it_read(refusing: Refusing) -> None:
    refusing.errors = [TopicAuthorizationFailedError("readings")]
    loop = loop_on(refusing, Offsets())
    await loop.on_partitions_assigned([P])
    await loop._claim()
    loop.stop()  # so that it does not pause
    assert await loop._fetch() == []
    assert "TopicAuthorizationFailed" in " ".join(loop.troubles())


async def test_a_rebalance_while_it_looks_for_what_cannot_be_read_does_not_end_it(refusing: Refusing) -> None:
    refusing.errors = [ValueError("a record that the client cannot read"), IllegalStateError("not assigned")]
    loop = loop_on(refusing, Offsets())
    await loop.on_partitions_assigned([P])
    await loop._claim()
    assert await loop._fetch() == []


async def test_kafka_owes_no_answer_to_a_copy_without_partitions(consumer: FakeConsumer) -> None:
    mirror = Mirror(consumer, Partitions(), Metrics())
    mirror.unanswered = True
    await mirror.tell()
    assert not mirror.unanswered


async def test_what_kafka_does_not_answer_is_asked_once_and_left_to_wait(consumer: FakeConsumer) -> None:
    """The client goes on with a commit that was cancelled, and says of its failure that nobody asked."""
    asked: list[Mapping[TopicPartition, int]] = []
    kafka_is_back = asyncio.Event()

    async def commit(offsets: Mapping[TopicPartition, int]) -> None:
        asked.append(offsets)
        await kafka_is_back.wait()

    consumer.commit = commit  # type: ignore[method-assign]
    partitions = Partitions(fresh={P})
    partitions.hold(P, CLAIM, 0, 2)
    mirror = Mirror(consumer, partitions, Metrics(), timeout_s=0.01)
    assert [await mirror.tell(), await mirror.tell()] == [False, False]
    assert mirror.unanswered
    partitions.held[P].stored = 1
    kafka_is_back.set()
    assert await mirror.tell()
    assert asked == [{P: 0}, {P: 1}]


async def test_the_mirror_goes_on_whatever_the_client_raises(consumer: FakeConsumer) -> None:
    async def told() -> bool:
        return P in consumer.committed

    partitions = Partitions(fresh={P})
    partitions.hold(P, CLAIM, 0, 2)
    consumer.assign([])  # so that asking for P raises
    mirroring = asyncio.create_task(Mirror(consumer, partitions, Metrics()).run())
    await asyncio.sleep(0)
    consumer.assign([P])
    await until_async(told, 5, "the offset is told")
    mirroring.cancel()
