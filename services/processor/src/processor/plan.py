"""The values that the steps hand to each other: Kafka → decode → aggregate → write. Nothing here does anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias
from uuid import UUID

import asyncpg
import numpy as np
import numpy.typing as npt
from asyncpg.pool import PoolConnectionProxy

from contracts.events import LetterPlace, Row
from contracts.flat import Flat
from contracts.reasons import Reason

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ids = npt.NDArray[np.uint64]
"""UUIDs as shape (n, 2): high and low half."""

PORTION = 2_000
"""Readings taken from Kafka at once, and decoded without letting anything else run: about two milliseconds. Half as
many cost 0.2 µs an event more, as numpy's calls are shared by fewer."""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
"""An open connection, the caller's."""

Pair = tuple[str, str]
"""(stream, category): the name of a series."""

FlatRow = tuple[Row, Flat | None]
"""A row and its data laid flat."""


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
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Bookmark:
    """The last record taken from a partition: append time in milliseconds and sha256 of key and value."""

    append_ms: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """This process's hold on a partition: valid as long as `epoch` is still the stored one and Postgres runs on."""

    topic: str
    partition: int
    generation: int
    pass_number: int
    epoch: int
    next_offset: int
    bookmark: Bookmark | None
    server: datetime | None = None
    """When the Postgres server was started that gave it."""
    kept_from: datetime | None = None
    """Since when raw data is kept; None: all is."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Offsets [start, end) that Kafka never delivered."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Records taken from one partition: the contiguous offsets [first_offset, next_offset), under one claim."""

    claim: Claim
    first_offset: int
    next_offset: int
    records: Sequence[Record]
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be accepted, with the reason."""

    record: Record
    reason: Reason
    detail: str


Asked = tuple[Record, LetterPlace]
"""A record with the header `replay-of`, and the dead letter that it names."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A record that somebody asked for, standing for a dead letter: its place and append time."""

    letter: LetterPlace
    append_time: datetime
    digest: bytes
    open: bool
    """Whether the letter was still to be taken when this was looked up."""


@dataclass(frozen=True, slots=True)
class RowRecord:
    """An accepted dataset row, with its JSON text."""

    stream: str
    timestamp_us: int
    id: UUID
    row: int
    data: str


@dataclass(frozen=True, slots=True)
class RowSamples:
    """The numbers of a portion's rows as columns; `pair` indexes its `pairs`, `row` its `rows`."""

    pair: Int32s
    value: Floats
    row: Int32s


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a portion of a batch holds: readings as columns (`pair` indexes `pairs`), rows, and what was refused."""

    pairs: Sequence[Pair]
    pair: Int32s
    timestamp_us: Int64s
    ids: Ids
    value: Floats
    offset: Int64s
    rows: Sequence[RowRecord] = ()
    samples: RowSamples | None = None
    letters: Sequence[DeadLetter] = ()
    replays: Sequence[Asked] = ()


@dataclass(frozen=True, slots=True)
class Samples:
    """Numbers on their way into windows, as columns; `source` is the index of their batch in the transaction."""

    series: Int32s
    timestamp_us: Int64s
    value: Floats
    source: Int32s


def join(*parts: Samples) -> Samples:
    """All samples of several parts."""
    return Samples(
        series=np.concatenate([part.series for part in parts]),
        timestamp_us=np.concatenate([part.timestamp_us for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        source=np.concatenate([part.source for part in parts]),
    )


@dataclass(frozen=True, slots=True)
class Readings(Samples):
    """Samples that are readings of their own: with the event's id and the offset of its record."""

    ids: Ids
    offset: Int64s

    def take(self, which: Int64s | Bools) -> "Readings":
        """The readings at these positions, or where the mask is true."""
        return Readings(
            series=self.series[which],
            timestamp_us=self.timestamp_us[which],
            value=self.value[which],
            source=self.source[which],
            ids=self.ids[which],
            offset=self.offset[which],
        )


@dataclass(frozen=True, slots=True)
class Windows:
    """Aggregates as columns, sorted by (series, start).

    The sum is exact: `(((s0·2³¹ + s1)·2³¹ + s2)·2³¹ + s3) · 2⁻⁶²`.
    """

    series: Int32s
    start_us: Int64s
    count: Int64s
    sums: tuple[Int64s, Int64s, Int64s, Int64s]
    min: Floats
    max: Floats
    first_us: Int64s
    first: Floats
    last_us: Int64s
    last: Floats
    minutes: Int64s
    """Quarters: the mask of minutes that have data; windows: all zero."""


def no_windows() -> Windows:
    """Not one."""
    none, nothing = np.empty(0, np.int64), np.empty(0)
    sums = (none, none, none, none)
    return Windows(np.empty(0, np.int32), none, none, sums, nothing, nothing, none, nothing, none, nothing, none)


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of one batch's records, as it goes into the ledger."""

    accepted: int
    duplicate: int
    rejected: int
    samples: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one transaction writes, decided before BEGIN."""

    batches: Sequence[Batch]
    readings: Readings
    """Sorted by (series, timestamp, id), each once."""
    suspects: Bools
    """Readings that may be in Postgres already: to be looked up before they are written."""
    rows: Sequence[tuple[int, RowRecord]]
    """(index of the batch, row)."""
    row_samples: Samples
    row_of_sample: Int32s
    """For each of `row_samples` the index of its row."""
    windows: Windows
    """What readings and rows come to when all of them are new."""
    letters: Sequence[tuple[int, DeadLetter]]
    replays: Mapping[tuple[int, int], Replay] = field(default_factory=dict)
    """By (index of the batch, offset). One that is refused has its reason in `letters` and becomes none."""
