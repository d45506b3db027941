"""Runs one stream: makes its events, publishes them when they are due, and says how far Kafka has acknowledged them."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from contracts.topics import Topics
from producer import host
from producer.errors import LeaseLost
from producer.publish import Delivery, Publisher
from producer.settings import PublishSettings
from producer.simulate.generate import generate
from producer.simulate.simulation import Simulation, simulation
from producer.simulate.timeline import SECOND
from producer.spec import Spec
from producer.streams import Claim, Outcome

CLOCK_AGAIN_S = 1.0
"""Longest without a look at the clock: it may be set meanwhile, or the machine may have slept."""
Clock = Callable[[], int]
"""Microseconds since 1970."""


@dataclass
class Progress:
    """How far a run got; written by the run, read by whoever stores checkpoints and renews the lease."""

    position: int
    lease_end_s: float
    """By `time.monotonic`: after it another copy may own the stream."""
    published: int = 0
    counted: int = 0
    """How many of the published events the metrics have."""
    behind_s: float = 0.0
    shown: dict[str, Any] = field(default_factory=dict)
    """What else people are to see; stored with the position."""
    reason: str | None = None
    """Why the run ended as it did, where there is something to say."""
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def check_lease(self) -> None:
        """Raise LeaseLost when the lease was not renewed in time."""
        if time.monotonic() > self.lease_end_s:
            raise LeaseLost("the lease was not renewed in time")


@dataclass(frozen=True)
class Work:
    """What a run needs from this copy."""

    publisher: Publisher
    topics: Topics
    settings: PublishSettings
    clock: Clock


async def run_stream(claim: Claim, progress: Progress, work: Work) -> Outcome:
    """Run a stream from `progress.position` on until it completes or is told to stop, then wait for what is in flight.

    Raises Retry when it is to be called again with the position reached, LeaseLost when it is not.
    """
    run_start_us = round(claim.run_start.timestamp() * SECOND)
    if claim.kind == "host":
        return await _run_host(claim, run_start_us, progress, work)
    run = simulation(claim.id, claim.run, run_start_us, Spec.model_validate(claim.spec))
    return await _run_simulation(run, progress, work)


async def _run_simulation(run: Simulation, progress: Progress, work: Work) -> Outcome:
    topic = work.topics.rows if run.topic == "rows" else work.topics.readings
    position = progress.position
    in_flight: deque[tuple[int, Delivery]] = deque()
    while True:
        progress.check_lease()
        now_us = work.clock()
        due = run.due(now_us)
        progress.behind_s = max(0.0, (now_us - run.publish_at(position)) / SECOND)
        last = min(due, position + work.settings.chunk_events)
        if last > position and not progress.stop.is_set():
            delivery = await work.publisher.publish(topic, generate(run, position, last))
            in_flight.append((last, delivery))
            position = last
        completed = position == run.end
        behind = position < due
        ended = completed or progress.stop.is_set()
        await _settle(in_flight, progress, left_max=work.settings.chunks_in_flight - 1 if behind and not ended else 0)
        if ended:
            return "completed" if completed else "drained"
        if not behind:
            until_due_s = (run.publish_at(position) - work.clock()) / SECOND
            await pause(progress.stop, min(max(until_due_s, work.settings.linger_ms / 1000), CLOCK_AGAIN_S))


async def _settle(in_flight: deque[tuple[int, Delivery]], progress: Progress, left_max: int) -> None:
    """Move the position over what Kafka has acknowledged; wait until at most so many deliveries are left."""
    while in_flight and (len(in_flight) > left_max or in_flight[0][1].done()):
        position, delivery = in_flight[0]
        await delivery.acknowledged()
        progress.published += position - progress.position
        progress.position = position
        in_flight.popleft()


async def _run_host(claim: Claim, run_start_us: int, progress: Progress, work: Work) -> Outcome:
    """Position n is the second n of the run. Seconds that pass while one waits to be acknowledged are left out, so that
    an outage leaves a gap and no heap."""
    before = await asyncio.to_thread(host.read_counters, time.monotonic())
    while not progress.stop.is_set():
        progress.check_lease()
        passed_us = work.clock() - run_start_us
        await pause(progress.stop, (SECOND - passed_us % SECOND) / SECOND)
        tick = (work.clock() - run_start_us) // SECOND
        if progress.stop.is_set() or tick < progress.position:
            continue
        counters = await asyncio.to_thread(host.read_counters, time.monotonic())
        figures = host.rates(before, counters) | await asyncio.to_thread(host.levels, "/")
        before = counters
        records = host.host_records(claim.id, claim.run, tick, run_start_us + tick * SECOND, figures)
        delivery = await work.publisher.publish(work.topics.readings, records)
        await delivery.acknowledged()
        progress.position, progress.published = tick + 1, progress.published + len(records)
    return "drained"


async def pause(until: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until the event."""
    try:
        await asyncio.wait_for(until.wait(), max(seconds, 0))
    except TimeoutError:
        return
