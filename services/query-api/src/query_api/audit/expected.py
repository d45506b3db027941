"""What a record in Kafka must have become: the deep audit's own reading of the contract. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Protocol

from contracts.checks import check_headers
from contracts.codec import decode_reading, decode_row
from contracts.events import Limits, Place, Reading, Row
from contracts.reasons import Reason, Refused

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BY_STATE = frozenset({Reason.TOO_MANY_SERIES, Reason.TOO_LATE, Reason.DB_REJECTED})
"""Reasons that depend on what was stored when the record came: a valid event may have been refused for one of them."""


class Record(Protocol):
    """A Kafka record as aiokafka delivers it; `timestamp` is the broker's append time in milliseconds."""

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
    """A record with what it is: an event, or refused for a reason."""

    offset: int
    append_time: datetime
    found: Reading | Row | Reason
    digest: bytes
    """Of what a dead letter keeps of it; empty for an event."""


def judged(record: Record, generation: int, topic: str, partition: int, of_rows: bool, limits: Limits) -> Judged:
    """What the record is. The one place that knows what headers mean to an event."""
    appended = EPOCH + timedelta(milliseconds=record.timestamp)
    place = Place(generation, topic, partition, record.offset, appended)
    try:
        check_headers(record.headers)
        event = (decode_row if of_rows else decode_reading)(record.value, place, limits)
        return Judged(record.offset, appended, event, b"")
    except Refused as refused:
        return Judged(record.offset, appended, refused.reason, digest(record.key, record.value))


def digest(key: bytes | None, value: bytes | None) -> bytes:
    """As sql/audit/kafka_dead_letters.sql makes it."""
    return sha256(sha256(key or b"").digest() + sha256(value or b"").digest()).digest()
