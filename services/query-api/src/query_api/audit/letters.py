"""Dead letters against the records of Kafka that are no events."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from asyncpg import Record

from contracts.reasons import Reason
from query_api.audit.expected import Judged, may_be_refused
from query_api.audit.findings import Check, Outcome
from query_api.audit.stretches import Stretch
from query_api.database import Snapshot

LETTERS = Check(
    "kafka_dead_letters", 3, "the dead letters are the records that are no events, byte for byte",
    "a dead letter is not what Kafka has here",
)  # fmt: skip
NONE = {"reason": None}


class KafkaLetters:
    """Compares them range by range."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._kept_from: datetime | None = None
        self.outcome = Outcome(LETTERS)

    async def begin(self) -> None:
        """Read since when raw data is kept."""
        (row,) = await self._snapshot.fetch("raw_horizon")
        self._kept_from = row["kept_from"]

    async def compare(self, stretch: Stretch, first: int, following: int, records: Sequence[Judged]) -> set[int]:
        """All records in the offsets from `first` up to `following`; returns the offsets of those that were refused."""
        found = await self._snapshot.fetch("audit/kafka_dead_letters", *stretch.place, first, following)
        letters = {row["offset"]: row for row in found}
        refused, missing = set[int](), list[Judged]()
        for record in records:
            letter = letters.pop(record.offset, None)
            if isinstance(record.found, Reason):
                refused.add(record.offset)
                if letter is None:
                    missing.append(record)
                else:
                    self._same(stretch, record, letter)
            elif letter is not None and may_be_refused(record.found, letter["reason"], self._kept_from):
                refused.add(record.offset)
                self.outcome.not_checkable += 1
            elif letter is not None:
                self._add(stretch, record.offset, {"reason": letter["reason"]}, NONE)
        for offset, letter in letters.items():
            self._add(stretch, offset, {"reason": letter["reason"]}, NONE)
        await self._missing(stretch, missing)
        return refused

    def _same(self, stretch: Stretch, record: Judged, letter: Record) -> None:
        stored = {"reason": letter["reason"], "digest": letter["digest"].hex()}
        should_be = {"reason": record.found, "digest": record.digest.hex()}
        if stored != should_be:
            self._add(stretch, record.offset, stored, should_be)

    async def _missing(self, stretch: Stretch, records: Sequence[Judged]) -> None:
        """A letter may be gone because retention took it."""
        if not records:
            return
        (removed,) = await self._snapshot.fetch("audit/kafka_letters_removed", *stretch.place)
        for record in records:
            if removed["until"] is not None and record.append_time <= removed["until"]:
                self.outcome.not_checkable += 1
            else:
                self._add(stretch, record.offset, NONE, {"reason": record.found})

    def _add(
        self, stretch: Stretch, offset: int, stored: Mapping[str, object], should_be: Mapping[str, object]
    ) -> None:
        self.outcome.add(stretch.at(offset) | {"table": "dead_letters"}, stored, should_be)
