"""Records into readings, rows and dead letters, pure: no clock, no I/O.

Two ways that accept and refuse the same records (a hypothesis test): whole columns at once, for records of the plain
form; the others one by one with contracts, which also gives the reason for a refusal.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

import msgspec
import numpy as np

from contracts.checks import (
    REPLAY_HEADER,
    UUID_PATTERN,
    VALUE_MAX,
    check_headers,
    replay_of,
    valid_category,
    valid_stream,
)
from contracts.codec import decode_flat_row, decode_reading
from contracts.events import Limits, Place, Reading
from contracts.reasons import Reason, Refused
from contracts.times import APPEND_MS_MAX, append_time, format_time
from contracts.wire import READING_DECODER, READING_QUOTES
from processor.columns import ids_of, microseconds, times_of
from processor.plan import (
    Asked,
    Claim,
    DeadLetter,
    Decoded,
    FlatRow,
    Floats,
    Ids,
    Int32s,
    Int64s,
    Pair,
    Record,
    Replay,
)

_FARTHEST = timedelta(days=700_000)
"""What is farther away than that is looked at one by one: it may be before the year 1."""
_ID = re.compile(UUID_PATTERN.strip("^$"))
_VALUE, _HEADERS, _OFFSET, _APPENDED = map(attrgetter, ("value", "headers", "offset", "timestamp"))

Placed = tuple[Record, Place]
"""A record and the place that gives it an id and a time where it has none."""


class Sorted(NamedTuple):
    """Records by their headers."""

    placed: list[Placed]
    replays: list[Asked]
    letters: list[DeadLetter]


def decode_readings(records: Sequence[Record], claim: Claim, limits: Limits) -> Decoded:
    """The readings in records of topic `readings`. An odd record slows down those decoded with it: give portions."""
    return _as_columns(records, limits) or _sifted(records, claim, limits)


def decode_rows(placed: Iterable[Placed], limits: Limits) -> tuple[list[FlatRow], list[DeadLetter]]:
    """The rows in records of topic `rows` with their data laid flat, and what was refused."""
    rows: list[FlatRow] = []
    letters: list[DeadLetter] = []
    for record, place in placed:
        try:
            rows.append(decode_flat_row(record.value, place, limits))
        except Refused as refused:
            letters.append(DeadLetter(record, refused.reason, refused.detail))
    return rows, letters


def by_headers(records: Sequence[Record], claim: Claim) -> Sorted:
    """Records by what their headers say: as new ones, as replays, or refused."""
    found = Sorted([], [], [])
    for record in records:
        if not record.headers:
            found.placed.append((record, _place(record, claim)))
            continue
        try:
            check_headers(record.headers)
            letter = replay_of(record.headers)
            if letter is None:
                found.placed.append((record, _place(record, claim)))
            elif letter.topic == claim.topic:
                found.replays.append((record, letter))
            else:
                raise Refused(Reason.UNKNOWN_REPLAY, f"header `{REPLAY_HEADER}` names a dead letter of another topic")
        except Refused as refused:
            found.letters.append(DeadLetter(record, refused.reason, refused.detail))
    return found


def replayed(record: Record, replay: Replay) -> Placed:
    """A replay that was asked for: id and default time are those of its first place, its own time is judged now."""
    return record, Place(*replay.letter, replay.append_time, judged_at=append_time(record.timestamp))


def _as_columns(records: Sequence[Record], limits: Limits) -> Decoded | None:
    """All records at once, a third of the time of one by one; None when one of them is not of the plain form."""
    values = list(map(_VALUE, records))
    if not records or any(map(_HEADERS, records)) or None in values:
        return None
    text = b"".join(values)
    if len(text) > limits.max_bytes and max(map(len, values)) > limits.max_bytes:
        return None
    if b"\\" in text or text.count(b'"') != READING_QUOTES * len(records):
        return None
    try:
        text.isascii() or text.decode()
        wire = list(map(READING_DECODER.decode, values))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    ids, times = [reading.id for reading in wire], [reading.timestamp for reading in wire]
    if msgspec.UNSET in ids or msgspec.UNSET in times:
        return None
    pairs, pair = _numbered((reading.stream, reading.category) for reading in wire)
    if not all(map(_valid, pairs)):
        return None
    id_column, time_column = ids_of(ids), times_of(times)  # type: ignore[arg-type]
    value_column = np.array([reading.value for reading in wire])
    if id_column is None or time_column is None or np.abs(value_column).max() > VALUE_MAX:
        return None
    if not _within(time_column, records, limits):
        return None
    offsets = np.fromiter(map(_OFFSET, records), np.int64, len(records))
    return _decoded(pairs, pair, time_column, id_column, value_column, offsets)


def _within(times: Int64s, records: Sequence[Record], limits: Limits) -> bool:
    """Whether all times are as near to when Kafka took the records as they have to be."""
    try:
        appended = np.fromiter(map(_APPENDED, records), np.int64, len(records))
    except OverflowError:
        return False
    if appended.min() <= 0 or appended.max() >= APPEND_MS_MAX:
        return False
    appended *= 1_000
    oldest = appended - limits.max_age_days * 86_400_000_000
    if limits.kept_from is not None:
        oldest = np.maximum(oldest, microseconds(limits.kept_from))
    return not ((times < oldest).any() or (times > appended + limits.max_ahead_s * 1_000_000).any())


@lru_cache(maxsize=65_536)
def _valid(pair: Pair) -> bool:
    """Asked once for each series that is about, not once for each portion that has it."""
    return valid_stream(pair[0]) and valid_category(pair[1])


def _sifted(records: Sequence[Record], claim: Claim, limits: Limits) -> Decoded:
    """What looks plain as columns and the others one by one, in the order of their offsets; where looks deceived, all
    one by one. With one odd record in twenty that takes a third of the time.
    """
    plain = _looking_plain(records, limits) if records else []
    columns = _as_columns(plain, limits)
    if columns is None:
        return _one_by_one(records, claim, limits)
    taken = set(map(_OFFSET, plain))
    return _merged(columns, _one_by_one([one for one in records if one.offset not in taken], claim, limits))


def _looking_plain(records: Sequence[Record], limits: Limits) -> list[Record]:
    """The records that by themselves would most likely be decoded as columns."""
    appended = [append_time(choose(map(_APPENDED, records))) for choose in (min, max)]
    newest = format_time(appended[0] + min(timedelta(seconds=limits.max_ahead_s), _FARTHEST))
    since = appended[1] - min(timedelta(days=limits.max_age_days), _FARTHEST)
    oldest = format_time(max(since, limits.kept_from or since))
    found = []
    for record in records:
        value = record.value
        if value is None or b"\\" in value or value.count(b'"') != READING_QUOTES or record.headers:
            continue
        try:
            reading = READING_DECODER.decode(value)
            datetime.fromisoformat(reading.timestamp)  # type: ignore[arg-type]
            well = _ID.fullmatch(reading.id) and reading.timestamp[-1] == "Z"  # type: ignore[arg-type,index]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError, ValueError):
            continue
        well = well and oldest < reading.timestamp < newest and len(value) <= limits.max_bytes  # type: ignore[operator]
        if well and -VALUE_MAX <= reading.value <= VALUE_MAX and _valid((reading.stream, reading.category)):
            found.append(record)
    return found


def _merged(columns: Decoded, others: Decoded) -> Decoded:
    """Both in the order of their offsets: of equal readings the first has to stay the first."""
    offsets = np.concatenate([columns.offset, others.offset])
    order = np.argsort(offsets, kind="stable")
    return replace(
        others,
        pairs=[*columns.pairs, *others.pairs],
        pair=np.concatenate([columns.pair, others.pair + np.int32(len(columns.pairs))])[order],
        timestamp_us=np.concatenate([columns.timestamp_us, others.timestamp_us])[order],
        ids=np.concatenate([columns.ids, others.ids])[order],
        value=np.concatenate([columns.value, others.value])[order],
        offset=offsets[order],
    )


def _one_by_one(records: Sequence[Record], claim: Claim, limits: Limits) -> Decoded:
    """Each record by contracts, the replays put aside."""
    found = by_headers(records, claim)
    decoded = decode_placed(found.placed, limits)
    return replace(decoded, letters=[*found.letters, *decoded.letters], replays=found.replays)


def decode_placed(placed: Iterable[Placed], limits: Limits) -> Decoded:
    """Each record by contracts: a reading, or a dead letter with its reason."""
    readings: list[Reading] = []
    offsets: list[int] = []
    letters: list[DeadLetter] = []
    for record, place in placed:
        try:
            readings.append(decode_reading(record.value, place, limits))
            offsets.append(record.offset)
        except Refused as refused:
            letters.append(DeadLetter(record, refused.reason, refused.detail))
    pairs, pair = _numbered((reading.stream, reading.category) for reading in readings)
    return _decoded(
        pairs,
        pair,
        np.array([microseconds(reading.timestamp) for reading in readings], np.int64),
        np.array([divmod(reading.id.int, 1 << 64) for reading in readings], np.uint64).reshape(-1, 2),
        np.array([reading.value for reading in readings], np.float64),
        np.array(offsets, np.int64),
        letters,
    )


def _numbered(pairs: Iterable[Pair]) -> tuple[list[Pair], Int32s]:
    """Each pair once, and for each of the given ones its position among these."""
    number: dict[Pair, int] = {}
    positions = np.array([number.setdefault(pair, len(number)) for pair in pairs], np.int32)
    return list(number), positions


def _decoded(
    pairs: Sequence[Pair],
    pair: Int32s,
    times: Int64s,
    ids: Ids,
    values: Floats,
    offsets: Int64s,
    letters: Sequence[DeadLetter] = (),
) -> Decoded:
    # -0.0 becomes 0.0: min, max, first and last must not depend on which of two equal numbers came first.
    return Decoded(pairs, pair, times, ids, values + 0.0, offsets, letters=letters)


def _place(record: Record, claim: Claim) -> Place:
    return Place(claim.generation, claim.topic, claim.partition, record.offset, append_time(record.timestamp))
