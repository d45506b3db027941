"""Records into readings, rows and dead letters, pure: no clock, no I/O.

Two ways that accept and refuse the same records (a hypothesis test): whole columns at once, where every record has the
plain form; else one by one with contracts, which also gives the reason for a refusal.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np

from contracts.checks import VALUE_MAX, check_headers, valid_category, valid_stream
from contracts.codec import decode_flat_row, decode_reading
from contracts.events import Limits, Place, Reading
from contracts.reasons import Refused
from contracts.wire import READING_DECODER, READING_QUOTES
from processor.columns import ids_of, microseconds, times_of
from processor.plan import Claim, DeadLetter, Decoded, FlatRow, Floats, Ids, Int64s, Pair, Record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def decode_readings(records: Sequence[Record], claim: Claim, limits: Limits) -> Decoded:
    """The readings in records of topic `readings`. One odd record slows down those decoded with it: give portions."""
    return _as_columns(records, limits) or _one_by_one(records, claim, limits)


def decode_rows(records: Sequence[Record], claim: Claim, limits: Limits) -> tuple[list[FlatRow], list[DeadLetter]]:
    """The rows in records of topic `rows` with their data laid flat, and what was refused."""
    rows: list[FlatRow] = []
    letters: list[DeadLetter] = []
    for record in records:
        try:
            check_headers(record.headers)
            rows.append(decode_flat_row(record.value, _place(record, claim), limits))
        except Refused as refused:
            letters.append(DeadLetter(record, refused.reason, refused.detail))
    return rows, letters


def _as_columns(records: Sequence[Record], limits: Limits) -> Decoded | None:
    """All records at once; None when one of them is not of the plain form."""
    values = [record.value for record in records if record.value is not None and not record.headers]
    if not records or len(values) < len(records) or max(map(len, values)) > limits.max_bytes:
        return None
    text = b"".join(values)
    if b"\\" in text or text.count(b'"') != READING_QUOTES * len(records):
        return None
    try:
        text.decode()
        wire = [READING_DECODER.decode(value) for value in values]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    ids, times = [reading.id for reading in wire], [reading.timestamp for reading in wire]
    pairs = [(reading.stream, reading.category) for reading in wire]
    if msgspec.UNSET in ids or msgspec.UNSET in times:
        return None
    if not all(valid_stream(stream) and valid_category(category) for stream, category in set(pairs)):
        return None
    id_column, time_column = ids_of(ids), times_of(times)  # type: ignore[arg-type]
    value_column = np.array([reading.value for reading in wire])
    if id_column is None or time_column is None or np.abs(value_column).max() > VALUE_MAX:
        return None
    appended = np.array([record.timestamp for record in records], np.int64) * 1_000
    oldest = appended - limits.max_age_days * 86_400_000_000
    if (time_column < oldest).any() or (time_column > appended + limits.max_ahead_s * 1_000_000).any():
        return None
    return _decoded(pairs, time_column, id_column, value_column, [record.offset for record in records])


def _one_by_one(records: Sequence[Record], claim: Claim, limits: Limits) -> Decoded:
    """Each record by contracts: a reading, or a dead letter with its reason."""
    readings: list[Reading] = []
    offsets: list[int] = []
    letters: list[DeadLetter] = []
    for record in records:
        try:
            check_headers(record.headers)
            readings.append(decode_reading(record.value, _place(record, claim), limits))
            offsets.append(record.offset)
        except Refused as refused:
            letters.append(DeadLetter(record, refused.reason, refused.detail))
    return _decoded(
        [(reading.stream, reading.category) for reading in readings],
        np.array([microseconds(reading.timestamp) for reading in readings], np.int64),
        np.array([divmod(reading.id.int, 1 << 64) for reading in readings], np.uint64).reshape(-1, 2),
        np.array([reading.value for reading in readings], np.float64),
        offsets,
        letters,
    )


def _decoded(
    pairs: Sequence[Pair],
    times: Int64s,
    ids: Ids,
    values: Floats,
    offsets: Sequence[int],
    letters: Sequence[DeadLetter] = (),
) -> Decoded:
    number: dict[Pair, int] = {}
    return Decoded(
        pair=np.array([number.setdefault(pair, len(number)) for pair in pairs], np.int32),
        pairs=list(number),
        timestamp_us=times,
        ids=ids,
        # -0.0 becomes 0.0: min, max, first and last must not depend on which of two equal numbers came first.
        value=values + 0.0,
        offset=np.array(offsets, np.int64),
        letters=letters,
    )


def _place(record: Record, claim: Claim) -> Place:
    appended = _EPOCH + timedelta(milliseconds=record.timestamp)
    return Place(claim.generation, claim.topic, claim.partition, record.offset, appended)
