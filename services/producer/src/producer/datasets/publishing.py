"""The rows of a spooled file to Kafka, from a row on, a few chunks ahead of what Kafka has acknowledged."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from producer.datasets.chunks import Chunk, Reading
from producer.datasets.records import Dataset
from producer.datasets.report import Report
from producer.errors import Failed
from producer.publish import Delivery
from producer.run import Progress, Work
from producer.settings import DatasetSettings

InFlight = deque[tuple[Chunk, Delivery]]


@dataclass(frozen=True)
class Publishing:
    """One run over one file."""

    path: Path
    dataset: Dataset
    settings: DatasetSettings
    progress: Progress
    work: Work
    report: Report

    async def run(self) -> bool:
        """Until Kafka has acknowledged every row (True) or it is told to stop (False).

        `progress` moves over what is acknowledged, in order. Raises Failed where the file cannot be read on, once every
        row before that place is acknowledged; Retry when Kafka refused.
        """
        self.report.begin_publishing(self.path.name, self.path.stat().st_size, self.progress.position)
        in_flight: InFlight = deque()
        given_up = Event()
        try:
            completed = await self._hand_over(self._reading(given_up), in_flight)
        except Failed:
            await self._settle(in_flight, left_max=0)
            raise
        finally:
            given_up.set()
        await self._settle(in_flight, left_max=0)
        return completed

    async def _hand_over(self, reading: Reading, in_flight: InFlight) -> bool:
        chunks = reading.chunks()
        while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
            self.progress.check_lease()
            if self.progress.stop.is_set():
                return False
            in_flight.append((chunk, await self.work.publisher.publish(self.work.topics.rows, chunk.records)))
            await self._settle(in_flight, left_max=self.work.settings.chunks_in_flight - 1)
        return not self.progress.stop.is_set()

    def _reading(self, given_up: Event) -> Reading:
        return Reading(
            path=self.path,
            dataset=self.dataset,
            first=self.progress.position,
            settings=self.settings,
            chunk_rows=self.work.settings.chunk_events,
            now=lambda: datetime.now(UTC),
            stopped=lambda: given_up.is_set() or self.progress.stop.is_set(),
        )

    async def _settle(self, in_flight: InFlight, left_max: int) -> None:
        """Move the position over what Kafka has acknowledged; wait until at most so many deliveries are left."""
        while in_flight and (len(in_flight) > left_max or in_flight[0][1].done()):
            chunk, delivery = in_flight[0]
            await delivery.acknowledged()
            in_flight.popleft()
            self.progress.published += len(chunk.records)
            self.progress.position = chunk.next_row
            self.report.published(chunk.next_row, chunk.bytes_read, chunk.rejects, chunk.labelled, time.monotonic())
            self.progress.shown = self.report.figures()
