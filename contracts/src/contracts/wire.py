"""The messages as they lie on the wire: msgspec structs, their decoders, and what decides that a fast decode was exact.

The annotations only describe: they become the JSON Schema and cost nothing while decoding. What makes a field valid is
in checks.py and times.py.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, UnsetType

from contracts.checks import CATEGORY_LENGTH_MAX, ROW_MAX, STREAM_PATTERN, UUID_PATTERN, VALUE_MAX
from contracts.events import RunState, StreamKind
from contracts.flat import Flat
from contracts.times import TIME_PATTERN

EventId = Annotated[
    str,
    Meta(
        description="UUID, 8-4-4-4-12. Same stream, category, timestamp and id: the same event, counted once.",
        examples=["0195f2b4-7c1e-7d5a-9b3f-2f6a1c0d4e11"],
        extra_json_schema={"pattern": UUID_PATTERN},
    ),
]
StreamId = Annotated[
    str,
    Meta(description="The source of the event.", examples=["lab-3"], extra_json_schema={"pattern": STREAM_PATTERN}),
]
Category = Annotated[
    str,
    Meta(
        description="What is measured: 1 to 128 characters, no control characters.",
        examples=["temperature"],
        extra_json_schema={
            "minLength": 1,
            "maxLength": CATEGORY_LENGTH_MAX,
            "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$",
        },
    ),
]
Time = Annotated[
    str,
    Meta(
        description="Event time: RFC 3339 with Z or an offset; digits beyond microseconds are cut off.",
        examples=["2026-01-02T03:04:05.678Z"],
        extra_json_schema={"pattern": TIME_PATTERN},
    ),
]
Value = Annotated[
    float,
    Meta(
        description="The measured number, from -1e15 to 1e15.",
        examples=[21.5],
        extra_json_schema={"minimum": -VALUE_MAX, "maximum": VALUE_MAX},
    ),
]
RowNumber = Annotated[
    int,
    Meta(
        description="Number of the row in its dataset, from 0.",
        examples=[0],
        extra_json_schema={"minimum": 0, "maximum": ROW_MAX},
    ),
]
RowData = Annotated[
    dict[str, Any],
    Meta(description="The row itself, any shape.", examples=[{"machine": "M-3", "CycleTime": 12.25, "reject": False}]),
]


class WireReading(msgspec.Struct, gc=False, kw_only=True):
    """A record of topic `readings`."""

    id: EventId | UnsetType = msgspec.UNSET
    stream: StreamId
    category: Category
    timestamp: Time | UnsetType = msgspec.UNSET
    value: Value


class WireRow(msgspec.Struct, gc=False, kw_only=True):
    """A record of topic `rows`."""

    id: EventId | UnsetType = msgspec.UNSET
    stream: StreamId
    row: RowNumber
    timestamp: Time | UnsetType = msgspec.UNSET
    data: RowData


class WireStreamState(msgspec.Struct, gc=False, kw_only=True):
    """A record of topic `streams`."""

    stream: StreamId
    kind: Annotated[StreamKind, Meta(description="What feeds the stream.")]
    state: Annotated[RunState, Meta(description="What the stream does now.")]
    run: Annotated[int, Meta(description="Number of the run, from 1.", extra_json_schema={"minimum": 1})]
    at: Annotated[Time, Meta(description="When it came to this state.")]
    reason: Annotated[str | None, Meta(description="Why, where there is something to say.")] = None


READING_DECODER = msgspec.json.Decoder(WireReading)
ROW_DECODER = msgspec.json.Decoder(WireRow)
DATA_DECODER = msgspec.json.Decoder(dict[str, Any])
STREAM_STATE_DECODER = msgspec.json.Decoder(WireStreamState)

READING_QUOTES = 18
"""Quote characters of a reading with all five fields and nothing else: two for each key, two for each text."""
ROW_TEXTS = 8
"""Keys and texts of a row with all five fields and nothing else, its data left out."""


def reading_is_plain(value: bytes, record: WireReading) -> bool:
    """Whether the struct tells all that is in the bytes: no unknown or repeated field, no escape in any text.

    Every further field, and every nested one, would need more quotes; an escape needs a backslash. Without either,
    msgspec has seen and checked every text, and nothing can be hidden from it.
    """
    return value.count(b'"') == READING_QUOTES - 4 * _absent(record) and b"\\" not in value


def row_is_plain(value: bytes, record: WireRow, flat: Flat | None) -> bool:
    """The same for a row, whose data was laid flat; also False where that could not be."""
    if b"\\" in value or flat is None:
        return False
    return value.count(b'"') == 2 * (ROW_TEXTS - 2 * _absent(record) + flat.texts)


def data_is_plain(value: bytes, flat: Flat | None) -> bool:
    """The same for the data of a row alone."""
    return flat is not None and b"\\" not in value and value.count(b'"') == 2 * flat.texts


def _absent(record: WireReading | WireRow) -> int:
    return (record.id is msgspec.UNSET) + (record.timestamp is msgspec.UNSET)
