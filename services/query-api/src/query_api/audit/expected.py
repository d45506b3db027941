"""What a record in Kafka must have become: the deep audit's own reading of the contract. Pure."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from contracts.checks import check_headers, replay_of
from contracts.codec import decode_reading, decode_row
from contracts.events import LetterPlace, Limits, Place, Reading, Row
from contracts.reasons import Reason, Refused
from contracts.times import append_time

BY_STATE = frozenset({Reason.TOO_MANY_SERIES, Reason.DB_REJECTED})
"""Reasons that depend on what was stored when the record came: a valid event may have been refused for one of them."""


class Record(Protocol):
    """A Kafka record as aiokafka delivers it; contracts' `append_time` tells what `timestamp`, in milliseconds, is."""

    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def timestamp(self) -> int: ...  # noqa: D102
    @property
    def key(self) -> bytes | None: ...  # noqa: D102
    @property
    def value(self) -> bytes | None: ...  # noqa: D102
    @property
    def headers(self) -> tuple[tuple[str, bytes | None], ...]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Judged:
    """A record with what it is: an event, or refused for a reason; None: a replay that another one forestalled."""

    offset: int
    append_time: datetime
    found: Reading | Row | Reason | None
    digest: bytes
    """Of what a dead letter keeps of it; empty for an event."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A replay that somebody asked for: when Kafka took its dead letter, and whether it is the one that counted."""

    append_time: datetime
    taken: bool


def judged(record: Record, stands: Place, of_rows: bool, limits: Limits, asked: Asked | None) -> Judged:
    """What the record is that stands at this place. The one place that knows what headers mean to an event."""
    place, at = stands, stands.append_time
    try:
        check_headers(record.headers)
        if (letter := replay_of(record.headers)) is not None:
            if asked is None or letter.topic != stands.topic:
                raise Refused(Reason.UNKNOWN_REPLAY, "nobody asked for it")
            if not asked.taken:
                return Judged(record.offset, at, None, b"")
            place = Place(*letter, asked.append_time, judged_at=at)
        event = (decode_row if of_rows else decode_reading)(record.value, place, limits)
        return Judged(record.offset, at, event, b"")
    except Refused as refused:
        return Judged(record.offset, at, refused.reason, digest(record.key, record.value))


def may_be_refused(found: Reading | Row | None, reason: str, kept_from: datetime | None) -> bool:
    """Whether what is stored explains why a valid event was refused. Raw data was never kept from later on than now."""
    if reason == Reason.TOO_LATE:
        return found is not None and kept_from is not None and found.timestamp < kept_from
    return reason in BY_STATE


def place_of(record: Record, generation: int, topic: str, partition: int) -> Place:
    """Where a record stands."""
    return Place(generation, topic, partition, record.offset, append_time(record.timestamp))


def replayed_letter(record: Record) -> LetterPlace | None:
    """The dead letter that the record says it is sent again for."""
    try:
        return replay_of(record.headers)
    except Refused:
        return None


def digest(key: bytes | None, value: bytes | None) -> bytes:
    """As sql/audit/kafka_dead_letters.sql makes it."""
    return sha256(sha256(key or b"").digest() + sha256(value or b"").digest()).digest()
