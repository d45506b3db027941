"""The run of one stream against a Kafka that acknowledges when the test says so."""

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.support.waiting import until_async

from contracts.topics import Topics
from producer.errors import LeaseLost, NotAcknowledged
from producer.run import Clock, Progress, Work, run_stream
from producer.settings import PublishSettings
from producer.streams import Claim

START = datetime(2026, 3, 1, tzinfo=UTC)
START_US = int(START.timestamp()) * 1_000_000
CHUNK = PublishSettings(chunk_events=100, chunks_in_flight=3, linger_ms=0)


class Kafka:
    """Takes everything at once and acknowledges or refuses when told to."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []

    async def publish(self, topic: str, records: Iterable[tuple[bytes, bytes]]) -> "Delivery":
        self.deliveries.append(Delivery(list(records)))
        return self.deliveries[-1]


class Delivery:
    def __init__(self, records: list[tuple[bytes, bytes]]) -> None:
        self.records = records
        self.answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def done(self) -> bool:
        return self.answer.done()

    async def acknowledged(self) -> None:
        await self.answer


def begin(
    kafka: Kafka,
    position: int = 0,
    now_us: int = START_US + 10**12,
    lease_s: float = 60,
    clock: Clock | None = None,
    **spec: Any,
):
    claim = Claim("lab", "simulation", {"seed": 1, "rate": 1000, **spec}, 1, START, position)
    progress = Progress(position, time.monotonic() + lease_s)
    work = Work(kafka, Topics(), CHUNK, clock or (lambda: now_us))  # type: ignore[arg-type]
    return progress, asyncio.create_task(run_stream(claim, progress, work))


async def settle(condition: Callable[[], bool]) -> None:
    async def holds() -> bool:
        return condition()

    await until_async(holds, 5, every_s=0)


async def rest() -> None:
    """Let everything run that can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_the_position_moves_only_over_what_kafka_acknowledged_and_in_order() -> None:
    kafka = Kafka()
    progress, run = begin(kafka, count=250)
    await settle(lambda: len(kafka.deliveries) == 3)
    kafka.deliveries[1].answer.set_result(None)
    await rest()
    assert progress.position == 0
    kafka.deliveries[0].answer.set_result(None)
    await settle(lambda: progress.position == 200)
    assert not run.done()
    kafka.deliveries[2].answer.set_result(None)
    assert await run == "completed"
    assert (progress.position, progress.published) == (250, 250)


async def test_no_more_chunks_wait_for_kafka_than_the_setting_says() -> None:
    kafka = Kafka()
    _, run = begin(kafka, count=100_000)
    await settle(lambda: len(kafka.deliveries) == 3)
    await rest()
    assert len(kafka.deliveries) == 3
    run.cancel()


async def test_a_stop_makes_nothing_more_and_waits_for_what_is_in_flight() -> None:
    kafka = Kafka()
    progress, run = begin(kafka, count=100_000)
    await settle(lambda: len(kafka.deliveries) == 3)
    progress.stop.set()
    await rest()
    assert not run.done()
    for delivery in kafka.deliveries:
        delivery.answer.set_result(None)
    assert await run == "drained"
    assert (progress.position, len(kafka.deliveries)) == (300, 3)


async def test_it_goes_on_from_the_checkpoint() -> None:
    kafka, whole = Kafka(), Kafka()
    _, run = begin(kafka, position=120, count=200)
    _, other = begin(whole, count=200)
    await settle(lambda: len(kafka.deliveries) == 1 and len(whole.deliveries) == 2)
    everything = whole.deliveries[0].records + whole.deliveries[1].records
    assert kafka.deliveries[0].records == everything[120:]
    run.cancel()
    other.cancel()


async def test_only_what_is_due_is_published() -> None:
    kafka = Kafka()
    progress, run = begin(kafka, now_us=START_US + 9_500)
    await settle(lambda: len(kafka.deliveries) == 1)
    kafka.deliveries[0].answer.set_result(None)
    await settle(lambda: progress.position == 10)
    await rest()
    assert len(kafka.deliveries) == 1
    progress.stop.set()
    assert await run == "drained"


async def test_a_clock_that_is_set_right_again_is_noticed() -> None:
    kafka, now_us = Kafka(), [START_US - 3600 * 1_000_000]
    _, run = begin(kafka, clock=lambda: now_us[0])
    await rest()
    assert kafka.deliveries == []
    now_us[0] = START_US + 9_500
    await settle(lambda: len(kafka.deliveries) == 1)
    run.cancel()


async def test_a_refusal_ends_the_run_at_the_last_acknowledged_position() -> None:
    kafka = Kafka()
    progress, run = begin(kafka, count=300)
    await settle(lambda: len(kafka.deliveries) == 3)
    kafka.deliveries[0].answer.set_result(None)
    kafka.deliveries[1].answer.set_exception(NotAcknowledged("refused"))
    with pytest.raises(NotAcknowledged):
        await run
    assert progress.position == 100


async def test_nothing_is_published_after_the_lease_ended() -> None:
    kafka = Kafka()
    _, run = begin(kafka, lease_s=-1)
    with pytest.raises(LeaseLost):
        await run
    assert kafka.deliveries == []
