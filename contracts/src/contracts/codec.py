"""Bytes on the wire to events and back.

A valid record is decoded by msgspec alone. Where that fails or may have overlooked something, strict.py reads the
record again and names the reason. The first thing found wrong is reported: the bytes, the JSON, missing fields, types,
then stream, category or row, timestamp, id, value; that it comes too late is told of valid events only.
"""

import math
from datetime import datetime
from types import NoneType
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from contracts import checks, strict, wire
from contracts.events import Limits, Place, Reading, Row, StreamState
from contracts.flat import Flat, flatten
from contracts.reasons import Reason, Refused
from contracts.times import check_append_time, check_kept, check_time, format_time, parse_time

ROWS_PER_BLOCK = 1000
"""Consecutive rows of a dataset that share a key and so a partition."""

T = TypeVar("T", bound=msgspec.Struct)

_FIELD_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "id": ((str,), "a text"),
    "stream": ((str,), "a text"),
    "category": ((str,), "a text"),
    "timestamp": ((str,), "a text"),
    "value": ((int, float), "a number"),
    "row": ((int,), "a whole number"),
    "data": ((dict,), "an object"),
    "kind": ((str,), "a text"),
    "state": ((str,), "a text"),
    "run": ((int,), "a whole number"),
    "at": ((str,), "a text"),
    "reason": ((str, NoneType), "a text or null"),
}
_JSON_NAMES = {
    str: "a text",
    int: "a whole number",
    float: "a decimal number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


def decode_reading(value: bytes | None, place: Place, limits: Limits) -> Reading:
    """The reading in a record of topic `readings`; raises Refused with a reason code."""
    value = _present(value, limits.max_bytes)
    record = _decode(value, wire.READING_DECODER, limits.max_depth)
    if not wire.reading_is_plain(value, record):
        strict.read_object(value, limits.max_depth)
    checks.check_stream(record.stream)
    checks.check_category(record.category)
    event_id, timestamp = _identity(record.id, record.timestamp, place, limits)
    checks.check_value(record.value)
    check_kept(timestamp, limits)
    return Reading(event_id, record.stream, record.category, timestamp, record.value)


def decode_row(value: bytes | None, place: Place, limits: Limits) -> Row:
    """The row in a record of topic `rows`; raises Refused with a reason code."""
    return decode_flat_row(value, place, limits)[0]


def decode_flat_row(value: bytes | None, place: Place, limits: Limits) -> tuple[Row, Flat | None]:
    """The same with its data laid flat, None where that cannot be."""
    value = _present(value, limits.max_bytes)
    record = _decode(value, wire.ROW_DECODER, limits.max_depth)
    flat = flatten(record.data, limits.max_depth - 1)  # the record is the first level
    if not wire.row_is_plain(value, record, flat):
        strict.read_object(value, limits.max_depth)
    checks.check_stream(record.stream)
    checks.check_row_number(record.row)
    event_id, timestamp = _identity(record.id, record.timestamp, place, limits)
    check_kept(timestamp, limits)
    return Row(event_id, record.stream, record.row, timestamp, record.data), flat


def decode_row_data(value: bytes, limits: Limits) -> dict[str, Any]:
    """The object that is to be the `data` of a row, in JSON; raises Refused for what `decode_row` would refuse."""
    if len(value) > limits.max_bytes:
        raise Refused(Reason.TOO_LARGE, f"the row has {len(value)} bytes, at most {limits.max_bytes} are taken")
    max_depth = limits.max_depth - 1  # the record around it is the first level
    try:
        data = wire.DATA_DECODER.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        strict.read_object(value, max_depth)
        raise Refused(Reason.NOT_JSON, f"the row cannot be read: {error}") from None
    if not wire.data_is_plain(value, flatten(data, max_depth)):
        strict.read_object(value, max_depth)
    return data


def decode_stream_state(value: bytes | None, limits: Limits) -> StreamState:
    """The state in a record of topic `streams`; raises Refused with a reason code."""
    value = _present(value, limits.max_bytes)
    record = _decode(value, wire.STREAM_STATE_DECODER, limits.max_depth)
    strict.read_object(value, limits.max_depth)
    checks.check_stream(record.stream)
    return StreamState(record.stream, record.kind, record.state, record.run, parse_time(record.at), record.reason)


def encode_reading(reading: Reading) -> bytes:
    """The reading as it goes on the wire; times with six decimals and Z.

    Raises ValueError for a value that is not finite and for a time without a zone.
    """
    if not math.isfinite(reading.value):
        raise ValueError("a reading's value must be finite")
    return msgspec.json.encode(
        wire.WireReading(
            id=str(reading.id),
            stream=reading.stream,
            category=reading.category,
            timestamp=format_time(reading.timestamp),
            value=reading.value,
        )
    )


def encode_row(row: Row) -> bytes:
    """The row as it goes on the wire; raises ValueError for a time without a zone."""
    return msgspec.json.encode(
        wire.WireRow(
            id=str(row.id), stream=row.stream, row=row.row, timestamp=format_time(row.timestamp), data=row.data
        )
    )


def encode_stream_state(state: StreamState) -> bytes:
    """The state as it goes on the wire; raises ValueError for a time without a zone."""
    return msgspec.json.encode(
        wire.WireStreamState(
            stream=state.stream,
            kind=state.kind,
            state=state.state,
            run=state.run,
            at=format_time(state.at),
            reason=state.reason,
        )
    )


def reading_key(stream: str, category: str) -> bytes:
    """The record key of a reading: `stream/category`."""
    return f"{stream}/{category}".encode()


def row_key(stream: str, row: int) -> bytes:
    """The record key of a row: `stream/<block of rows>`."""
    return f"{stream}/{row // ROWS_PER_BLOCK}".encode()


def stream_state_key(stream: str) -> bytes:
    """The record key of a stream's state; the topic is compacted to the last one of each."""
    return stream.encode()


def _present(value: bytes | None, max_bytes: int) -> bytes:
    if not value:
        raise Refused(Reason.EMPTY, "the record has no value: send one JSON object")
    if len(value) > max_bytes:
        raise Refused(Reason.TOO_LARGE, f"the value has {len(value)} bytes, at most {max_bytes} are taken: split it")
    return value


def _decode(value: bytes, decoder: msgspec.json.Decoder[T], max_depth: int) -> T:
    try:
        return decoder.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        record = strict.read_object(value, max_depth)
        _check_fields(record, decoder.type)
        reason = Reason.WRONG_TYPE if isinstance(error, msgspec.ValidationError) else Reason.NOT_JSON
        raise Refused(reason, f"the value cannot be read: {error}") from None


def _check_fields(record: dict[str, Any], struct: type[msgspec.Struct]) -> None:
    for field in msgspec.structs.fields(struct):
        types, wanted = _FIELD_TYPES[field.name]
        if field.name not in record:
            if field.required:
                raise Refused(Reason.MISSING_FIELD, f"`{field.name}` is missing: it must be {wanted}")
            continue
        found = record[field.name]
        if not isinstance(found, types) or isinstance(found, bool):
            hint = "" if field.required else " or be left out"
            name = _JSON_NAMES.get(type(found), "null")
            raise Refused(Reason.WRONG_TYPE, f"`{field.name}` must be {wanted}{hint}, not {name}")


def _identity(
    event_id: str | UnsetType, timestamp: str | UnsetType, place: Place, limits: Limits
) -> tuple[UUID, datetime]:
    if timestamp is UNSET:
        if event_id is not UNSET:
            raise Refused(
                Reason.ID_WITHOUT_TIMESTAMP,
                "`id` needs a `timestamp`: without one its time would differ at each sending and it would count again",
            )
        check_append_time(place.append_time)
        return checks.place_id(place), place.append_time
    time = parse_time(timestamp)
    appended = place.judged_at or place.append_time
    check_append_time(appended)
    check_time(time, appended, limits)
    return (checks.place_id(place) if event_id is UNSET else checks.parse_id(event_id)), time
