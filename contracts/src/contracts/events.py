"""The events of architecture.md as values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Reading:
    """One event: a number measured in a category of a stream at a time (aware, UTC, microseconds)."""

    id: UUID
    stream: str
    category: str
    timestamp: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a dataset, whole; `row` is its number in the file, from 0."""

    id: UUID
    stream: str
    row: int
    timestamp: datetime
    data: dict[str, Any]


class StreamKind(StrEnum):
    """What feeds a stream."""

    HOST = "host"
    SIMULATION = "simulation"
    DATASET = "dataset"


class RunState(StrEnum):
    """What a stream does: `pending → running → (paused) → stopping → stopped | completed | failed`."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StreamState:
    """A change of a stream's state, for topic `streams`; `run` counts its starts from 1."""

    stream: str
    kind: StreamKind
    state: RunState
    run: int
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands in Kafka and when the broker took it: what an event without id or time is given."""

    generation: int
    topic: str
    partition: int
    offset: int
    append_time: datetime
    judged_at: datetime | None = None
    """Of a replay: when it arrived itself. A time of its own is judged by that; all else comes from the first place."""


class LetterPlace(NamedTuple):
    """Where a dead letter came from."""

    generation: int
    topic: str
    partition: int
    offset: int


AGE_DAYS_MAX, AHEAD_S_MAX = 730_000, 100_000_000_000
"""What a setting may allow: farther, the years run out of four digits or minutes out of 32 bits."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a valid event may hold at most."""

    max_age_days: int = 7305
    """Oldest timestamp before the append time: 20 years."""
    max_ahead_s: int = 86_400
    """Latest timestamp after the append time: one day."""
    max_bytes: int = 1_048_576
    """Largest record value."""
    max_depth: int = 20
    """Deepest nesting of objects and lists."""
    kept_from: datetime | None = None
    """Raw data is kept from then on, so that an older event could not be told from a repetition; None: all is kept."""
