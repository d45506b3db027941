"""Events that somebody sends over HTTP: which of them are valid, and what goes to Kafka for them."""

from dataclasses import dataclass
from datetime import datetime

from contracts.codec import decode_reading, encode_reading, reading_key
from contracts.events import Limits, Place, Reading
from contracts.reasons import Reason, Refused
from contracts.times import format_time


@dataclass(frozen=True)
class Valid:
    """An event to publish, and the line it stood on, counted from 1."""

    line: int
    reading: Reading

    def record(self) -> tuple[bytes, bytes]:
        """Key and value for topic `readings`."""
        return reading_key(self.reading.stream, self.reading.category), encode_reading(self.reading)

    def answer(self) -> dict[str, object]:
        """What the sender is told: the identity it has, which makes sending it again harmless."""
        timestamp = format_time(self.reading.timestamp)
        return {"line": self.line, "status": "accepted", "id": str(self.reading.id), "timestamp": timestamp}


@dataclass(frozen=True)
class Invalid:
    """A line that is no valid event, and why."""

    line: int
    reason: Reason
    detail: str

    def answer(self) -> dict[str, object]:
        """What the sender is told."""
        return {"line": self.line, "status": "refused", "reason": self.reason, "detail": self.detail}


def read_lines(body: bytes, ndjson: bool, request: str, now: datetime, limits: Limits) -> list[Valid | Invalid]:
    """Every event of a body, in order; empty lines of NDJSON are left out.

    An event without a time gets `now`, one without an id an id made from `request` (unique) and its line.
    """
    if not ndjson:
        return [_read(1, body, request, now, limits)]
    lines = enumerate(body.split(b"\n"), start=1)
    return [_read(number, line, request, now, limits) for number, line in lines if line.strip()]


def _read(number: int, line: bytes, request: str, now: datetime, limits: Limits) -> Valid | Invalid:
    try:
        return Valid(number, decode_reading(line, Place(0, request, 0, number, now), limits))
    except Refused as refusal:
        return Invalid(number, refusal.reason, refusal.detail)
