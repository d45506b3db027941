"""Events as lines of NDJSON, cut into portions that a request can carry. Pure, in memory bounded by one portion."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

PORTION_BYTES = 262_144
PORTION_LINES = 2_000
LINE_BYTES_MAX = 1_000_000
"""A longer line is refused here: the server takes no larger body either."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that holds something, and its number in the input, from 1; data is None when it is too long to keep."""

    number: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that was refused, and why."""

    line: int
    reason: str
    detail: str


@dataclass(slots=True)
class Lines:
    """Puts pieces of input together to lines, whatever the pieces' ends cut through."""

    number: int = 0
    _rest: bytearray = field(default_factory=bytearray)
    _too_long: bool = False

    def feed(self, piece: bytes) -> Iterator[Line]:
        """The lines that end in this piece."""
        *ended, rest = piece.split(b"\n")
        for end in ended:
            self._add(end)
            yield from self._take()
        self._add(rest)

    def end(self) -> Iterator[Line]:
        """The last line, if nothing ended it."""
        if self._rest or self._too_long:
            yield from self._take()

    def _add(self, part: bytes) -> None:
        self._rest += part
        if len(self._rest) > LINE_BYTES_MAX:
            self._too_long = True
        if self._too_long:
            self._rest.clear()

    def _take(self) -> Iterator[Line]:
        self.number += 1
        data, too_long = bytes(self._rest).strip(b" \t\r"), self._too_long
        self._rest.clear()
        self._too_long = False
        if data or too_long:
            yield Line(self.number, None if too_long else data)


def portions(pieces: Iterable[bytes], bytes_max: int = PORTION_BYTES) -> Iterator[list[Line]]:
    """Lines in portions of bounded size. What a piece ends is not kept back, so that slow input is sent as it comes."""
    lines = Lines()
    for piece in pieces:
        yield from _grouped(lines.feed(piece), bytes_max)
    yield from _grouped(lines.end(), bytes_max)


def _grouped(lines: Iterable[Line], bytes_max: int) -> Iterator[list[Line]]:
    group: list[Line] = []
    size = 0
    for line in lines:
        length = len(line.data or b"") + 1
        if group and (size + length > bytes_max or len(group) == PORTION_LINES):
            yield group
            group, size = [], 0
        group.append(line)
        size += length
    if group:
        yield group


def identified(line: bytes, new_id: Callable[[], str], now: Callable[[], str]) -> bytes:
    """The event with an id, and a time if it has none, so that sending it again counts nothing twice.

    The rest of it stays as it is, byte by byte. What already has an id, or is no event, stays whole: the server tells.
    """
    try:
        event = json.loads(line.decode())
    except (ValueError, RecursionError):
        return line
    if not isinstance(event, dict) or not event or "id" in event:
        return line
    given = {"id": new_id()} if "timestamp" in event else {"id": new_id(), "timestamp": now()}
    return json.dumps(given).encode()[:-1] + b"," + line.lstrip()[1:]
