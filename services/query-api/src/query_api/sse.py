"""Server-sent events as bytes, and the vector that is their id: how far each partition's ledger was seen. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from query_api.formats import json_bytes

PIECE_BYTES = 1 << 16
POSITION = re.compile(r"(\d{1,9}):([A-Za-z0-9._-]{1,249}):(\d{1,9}):(\d{1,9}):(\d{1,18})", re.ASCII)


class Partition(NamedTuple):
    """One partition of one life of a topic."""

    generation: int
    topic: str
    number: int


class Position(NamedTuple):
    """Which reading of a partition, and the first offset of it that was not seen."""

    run: int
    next_offset: int


Vector = Mapping[Partition, Position]
NOWHERE = Position(0, 0)


def later(one: Vector, other: Vector) -> Vector:
    """What either of them has seen."""
    return {key: max(one.get(key, NOWHERE), other.get(key, NOWHERE)) for key in {*one, *other}}


def reached(vector: Vector, other: Vector) -> bool:
    """Whether the first has seen all that the other has."""
    return all(position.next_offset == 0 or vector.get(key, NOWHERE) >= position for key, position in other.items())


def encode(vector: Vector) -> str:
    """The vector as one line, the same for the same vector."""
    return ",".join(
        f"{generation}:{topic}:{number}:{run}:{offset}"
        for (generation, topic, number), (run, offset) in sorted(vector.items())
    )


def decode(text: str) -> Vector:
    """The vector that `encode` wrote; raises ValueError for anything else."""
    vector: dict[Partition, Position] = {}
    for item in text.split(",") if text else ():
        match = POSITION.fullmatch(item)
        if match is None:
            raise ValueError("not a vector")
        generation, topic, number, run, offset = match.groups()
        vector[Partition(int(generation), topic, int(number))] = Position(int(run), int(offset))
    return vector


def event(name: str, data: Any, vector: Vector) -> bytes:
    """One event; data as JSON on one line."""
    return b"event: %b\nid: %b\ndata: %b\n\n" % (name.encode(), encode(vector).encode(), json_bytes(data))


def ping(vector: Vector) -> bytes:
    """Nothing but a sign of life; it moves the client's id and dispatches no event."""
    return b": ping\nid: %b\n\n" % encode(vector).encode()


def pieces(message: bytes) -> Iterator[bytes]:
    """A long event in parts, so that a slow reader has one part in memory and not all."""
    for start in range(0, len(message), PIECE_BYTES):
        yield message[start : start + PIECE_BYTES]
