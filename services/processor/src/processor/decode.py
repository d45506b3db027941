"""Records into readings, rows and dead letters, pure: no clock, no I/O.

Two ways that accept and refuse the same records (a hypothesis test): whole columns at once, for chunks in which every
record has the plain form; else one by one with contracts, which also gives the reason for a refusal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np

from contracts.checks import VALUE_MAX, check_headers, valid_category, valid_stream
from contracts.codec import decode_reading, decode_row
from contracts.events import Limits, Place, Reading
from contracts.reasons import Refused
from contracts.samples import samples
from contracts.wire import READING_DECODER, READING_QUOTES
from processor.columns import ids_of, microseconds, times_of
from processor.plan import Batch, Claim, DeadLetter, Decoded, Floats, Ids, Int64s, Pair, Record, RowRecord

CHUNK = 2_000
"""Records that share a fast attempt: one odd record slows down its chunk, not its batch."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Found:
    """What has been decoded so far, chunk by chunk."""

    number: dict[Pair, int] = field(default_factory=dict)
    pair: list[int] = field(default_factory=list)
    times: list[Int64s] = field(default_factory=list)
    ids: list[Ids] = field(default_factory=list)
    values: list[Floats] = field(default_factory=list)
    offsets: list[Int64s] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)

    def add(self, pairs: Sequence[Pair], times: Int64s, ids: Ids, values: Floats, offsets: list[int]) -> None:
        number = self.number
        self.pair.extend([number.setdefault(pair, len(number)) for pair in pairs])
        self.times.append(times)
        self.ids.append(ids)
        # -0.0 becomes 0.0: min, max, first and last must not depend on which of two equal numbers came first.
        self.values.append(values + 0.0)
        self.offsets.append(np.array(offsets, np.int64))


def decode_readings_batch(batch: Batch, limits: Limits, chunk_size: int = CHUNK) -> Decoded:
    """The readings of a batch of topic `readings`."""
    found = _Found()
    for start in range(0, len(batch.records), chunk_size):
        chunk = batch.records[start : start + chunk_size]
        if not _add_as_columns(found, chunk, limits):
            _add_one_by_one(found, chunk, batch.claim, limits)
    return Decoded(
        pairs=list(found.number),
        pair=np.array(found.pair, np.int32),
        timestamp_us=_joined(found.times, np.empty(0, np.int64)),
        ids=_joined(found.ids, np.empty((0, 2), np.uint64)),
        value=_joined(found.values, np.empty(0)),
        offset=_joined(found.offsets, np.empty(0, np.int64)),
        letters=found.letters,
    )


def decode_rows_batch(batch: Batch, limits: Limits) -> Decoded:
    """The rows of a batch of topic `rows`."""
    rows, letters = [], []
    for record in batch.records:
        try:
            check_headers(record.headers)
            row = decode_row(record.value, _place(record, batch.claim), limits)
        except Refused as refused:
            letters.append(DeadLetter(record, refused.reason, refused.detail))
            continue
        rows.append(
            RowRecord(
                offset=record.offset,
                record=record,
                stream=row.stream,
                timestamp_us=microseconds(row.timestamp),
                id=row.id,
                row=row.row,
                data=msgspec.json.encode(row.data).decode(),
                samples=samples(row).values,
            )
        )
    none = np.empty(0, np.int64)
    return Decoded((), np.empty(0, np.int32), none, np.empty((0, 2), np.uint64), np.empty(0), none, rows, letters)


def _joined(parts: list[np.ndarray], empty: np.ndarray) -> np.ndarray:
    return np.concatenate(parts) if parts else empty


def _add_as_columns(found: _Found, records: Sequence[Record], limits: Limits) -> bool:
    """All records at once; False, and nothing added, when one of them is not of the plain form."""
    values = [record.value for record in records if record.value is not None and not record.headers]
    if len(values) < len(records) or max(map(len, values)) > limits.max_bytes:
        return False
    text = b"".join(values)
    if b"\\" in text or text.count(b'"') != READING_QUOTES * len(records):
        return False
    try:
        text.decode()
        wire = [READING_DECODER.decode(value) for value in values]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    ids, times = [reading.id for reading in wire], [reading.timestamp for reading in wire]
    pairs = [(reading.stream, reading.category) for reading in wire]
    if msgspec.UNSET in ids or msgspec.UNSET in times:
        return False
    if not all(
        valid_stream(stream) and valid_category(category) for stream, category in set(pairs) - found.number.keys()
    ):
        return False
    id_column, time_column = ids_of(ids), times_of(times)  # type: ignore[arg-type]
    value_column = np.array([reading.value for reading in wire])
    if id_column is None or time_column is None or np.abs(value_column).max() > VALUE_MAX:
        return False
    appended = np.array([record.timestamp for record in records], np.int64) * 1_000
    oldest = appended - limits.max_age_days * 86_400_000_000
    if (time_column < oldest).any() or (time_column > appended + limits.max_ahead_s * 1_000_000).any():
        return False
    found.add(pairs, time_column, id_column, value_column, [record.offset for record in records])
    return True


def _add_one_by_one(found: _Found, records: Sequence[Record], claim: Claim, limits: Limits) -> None:
    """Each record by contracts: a reading, or a dead letter with its reason."""
    readings: list[Reading] = []
    offsets: list[int] = []
    for record in records:
        try:
            check_headers(record.headers)
            readings.append(decode_reading(record.value, _place(record, claim), limits))
            offsets.append(record.offset)
        except Refused as refused:
            found.letters.append(DeadLetter(record, refused.reason, refused.detail))
    if readings:
        found.add(
            [(reading.stream, reading.category) for reading in readings],
            np.array([microseconds(reading.timestamp) for reading in readings], np.int64),
            np.array([divmod(reading.id.int, 1 << 64) for reading in readings], np.uint64),
            np.array([reading.value for reading in readings]),
            offsets,
        )


def _place(record: Record, claim: Claim) -> Place:
    appended = _EPOCH + timedelta(milliseconds=record.timestamp)
    return Place(claim.generation, claim.topic, claim.partition, record.offset, appended)
