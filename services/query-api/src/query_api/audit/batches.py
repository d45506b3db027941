"""The ledger against the records that Kafka holds in its ranges."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from enum import Enum, auto

from asyncpg import Record

from query_api.audit.findings import FINDINGS_MAX, Check, Outcome
from query_api.audit.stretches import Stretch
from query_api.database import Snapshot

BATCHES = Check(
    "kafka_batches", 1, "each batch of the ledger counts what Kafka holds in its range",
    "a batch does not count what Kafka holds here",
)  # fmt: skip


class Fate(Enum):
    """What became of a record, as far as it can be told."""

    REFUSED = auto()
    FIRST = auto()
    """An event that its partition had not had before: accepted, unless another partition had it, or an earlier record
    that was not read."""
    AGAIN = auto()
    UNKNOWN = auto()


class KafkaBatches:
    """Walks along the ledger of one partition while its records are read."""

    def __init__(self, snapshot: Snapshot, stretch: Stretch, of_rows: bool) -> None:
        self._stretch, self._of_rows = stretch, of_rows
        self.outcome = Outcome(BATCHES)
        asked = (*stretch.place, stretch.pass_number, stretch.first, stretch.end)
        self._lines: AsyncIterator[Record] = snapshot.rows("audit/kafka_batches", *asked)
        self._line: Record | None = None
        self._counts = Counter[Fate]()
        self._short: list[tuple[Record, int]] = []
        """Batches that accepted less than they could have, with how much that is."""

    async def begin(self) -> None:
        """Go to the first batch that was read whole."""
        self._line = await anext(self._lines, None)

    async def count(self, offsets: Sequence[int], fates: Sequence[Fate]) -> None:
        """More records, in their order."""
        for offset, fate in zip(offsets, fates, strict=True):
            while self._line is not None and offset >= self._line["next_offset"]:
                await self._close(self._line)
            if self._line is not None and offset >= self._line["first_offset"]:
                self._counts[fate] += 1

    async def skip(self, following: int) -> None:
        """What stands before this offset is not there any more: no batch of it can be counted."""
        self._counts.clear()
        while self._line is not None and self._line["first_offset"] < following:
            self._line = await anext(self._lines, None)

    async def finish(self, reached: int) -> None:
        """Every batch up to an offset was read."""
        while self._line is not None and self._line["next_offset"] <= reached:
            await self._close(self._line)

    async def _close(self, line: Record) -> None:
        counts, self._counts = self._counts, Counter()
        self._line = await anext(self._lines, None)
        stored = {"records": line["accepted"] + line["duplicate"] + line["rejected"]}
        should_be = {"records": counts.total()}
        first, unknown = counts[Fate.FIRST], counts[Fate.UNKNOWN]
        if self._stretch.pass_number == 1:
            stored["rejected"], should_be["rejected"] = line["rejected"], counts[Fate.REFUSED]
        if line["accepted"] > first + unknown:
            stored["accepted"], should_be["accepted"] = line["accepted"], first + unknown
        if not self._of_rows:
            stored["samples"], should_be["samples"] = line["samples"], line["accepted"]
        if stored != should_be:
            self._add(line, stored, should_be)
        elif line["accepted"] < first and len(self._short) < FINDINGS_MAX:
            self._short.append((line, first))

    def blame_short(self) -> None:
        """Nothing was left out and no other partition had any of these events: who accepted less is wrong."""
        for line, first in self._short if self._stretch.pass_number == 1 else ():
            self._add(line, {"accepted": line["accepted"]}, {"accepted": first})

    def _add(self, line: Record, stored: dict[str, int], should_be: dict[str, int]) -> None:
        place = self._stretch.at(line["first_offset"], line["next_offset"])
        self.outcome.add(place | {"table": "batches", "pass": self._stretch.pass_number}, stored, should_be)
