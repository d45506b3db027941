"""Rows of a JSON array of any size, one line or many, in constant memory. Pure.

The array is cut at the commas between its elements, by counting brackets outside texts; what is inside an element is
not looked at here. So a row that is no JSON (NaN, bad UTF-8, two values) costs itself and no other row, and each row
keeps the very bytes it has in the file.
"""

import re
from collections.abc import Iterable, Iterator

from producer.datasets.recognise import BOM
from producer.datasets.rows import RawRow, too_long
from producer.errors import Failed

_SPACE = b" \t\r\n"
_SPACES = re.compile(rb"[ \t\r\n]*+")
_TEXT = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_INSIDE = re.compile(rb'[^"{}\[\]]*+(?:' + _TEXT + rb'[^"{}\[\]]*+)*+([{}\[\]"]?)', re.DOTALL)
"""Up to the next bracket outside of texts, or up to a text that does not end here."""
_BETWEEN = re.compile(rb'[^"{}\[\],]*+(?:' + _TEXT + rb'[^"{}\[\],]*+)*+([{}\[\],"]?)', re.DOTALL)
"""The same, but also up to the comma that ends an element."""
_TEXT_END = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+("|\\?)', re.DOTALL)
"""Up to the end of a text that has begun; a backslash at the very end of the bytes waits for what it escapes."""


def _nested(levels: int) -> bytes:
    """Whatever may stand in an element that is nested so deep, brackets in pairs."""
    flat = rb'[^"{}\[\]]*+(?:' + _TEXT + rb'[^"{}\[\]]*+)*+'
    inside = flat
    for _ in range(levels):
        inside = flat + rb"(?:[{\[]" + inside + rb"[}\]]" + flat + rb")*+"
    return inside


_WHOLE = re.compile(rb"\{" + _nested(4) + rb"\}[ \t\r\n]*+(?=[,\]])", re.DOTALL)
"""An object that is whole and not nested deeper than most: found in one go, the scanner finds the others."""


class Scanner:
    """Finds where elements end; remembers, from one piece of the file to the next, how deep and in what it is."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_text = False
        self._escaping = False

    def end(self, data: bytes, start: int) -> int:
        """Index of the comma or bracket that ends the element, -1 when these bytes do not reach it."""
        at = start
        while at < len(data):
            if self._in_text:
                at = self._through_text(data, at)
                continue
            match = (_INSIDE if self._depth else _BETWEEN).match(data, at)
            assert match is not None  # noqa: S101 - both match the empty text
            at, token = match.end(), match[1]
            if token == b'"':
                self._in_text = True
            elif token in (b"{", b"["):
                self._depth += 1
            elif token and self._depth:
                self._depth -= 1
            elif token:
                return at - 1
        return -1

    def _through_text(self, data: bytes, at: int) -> int:
        if self._escaping:
            self._escaping, at = False, at + 1
        match = _TEXT_END.match(data, at)
        assert match is not None  # noqa: S101 - it matches the empty text
        self._in_text = match[1] != b'"'
        self._escaping = match[1] == b"\\"
        return match.end()


def read_json(chunks: Iterable[bytes], row_bytes_max: int) -> Iterator[RawRow]:
    """The elements of the array in their order; the first chunk holds at least the bracket that opens it.

    Raises Failed, `truncated` where the array has no end and `not_json` where more follows it, after all rows before.
    """
    array = _Array(row_bytes_max)
    for chunk in chunks:
        yield from array.feed(chunk)
    array.check_end()


class _Array:
    """What is known of the array between one chunk and the next."""

    def __init__(self, row_bytes_max: int) -> None:
        self._row_bytes_max = row_bytes_max
        self._scanner = Scanner()
        self._opened = self._closed = False
        self._byte, self._line = 0, 1
        self._rows = 0
        self._row_byte, self._row_line = 0, 1
        self._row_size = 0
        self._parts: list[bytes] = []
        """Of a row that began in an earlier chunk; empty as soon as it is too long."""

    def feed(self, chunk: bytes) -> Iterator[RawRow]:
        """The rows that end in this chunk."""
        at = 0 if self._opened else self._open(chunk)
        while at < len(chunk) and not self._closed:
            if not self._row_size:
                at = self._begin(chunk, at)
            whole = None if self._row_size else _WHOLE.match(chunk, at)
            stop = whole.end() if whole else self._scanner.end(chunk, at)
            self._take(chunk[at:stop] if stop >= 0 else chunk[at:])
            if stop < 0:
                break
            token = chunk[stop : stop + 1]
            if self._row_size or token == b",":
                yield self._cut()
            if token == b"}":
                raise Failed("not_json", f"there is a closing brace too many at byte {self._byte + stop}")
            self._closed = token == b"]"
            at = stop + 1
        if self._closed and chunk[at:].strip(_SPACE):
            raise Failed("not_json", f"more follows after the end of the array, in the bytes from {self._byte + at} on")
        self._byte += len(chunk)

    def check_end(self) -> None:
        """Raise Failed unless the array is closed."""
        if not self._closed:
            where = f"in row {self._rows}, which begins at byte {self._row_byte}" if self._row_size else "between rows"
            raise Failed("truncated", f"the JSON array ends at byte {self._byte}, {where}: the file is not whole")

    def _open(self, chunk: bytes) -> int:
        self._opened = True
        bracket = chunk.index(b"[", len(BOM) if chunk.startswith(BOM) else 0)
        self._line += chunk.count(b"\n", 0, bracket)
        return bracket + 1

    def _begin(self, chunk: bytes, at: int) -> int:
        """Where the next row begins in the chunk: after white space."""
        space = _SPACES.match(chunk, at)
        start = space.end() if space else at
        self._line += chunk.count(b"\n", at, start)
        self._row_byte, self._row_line = self._byte + start, self._line
        return start

    def _take(self, piece: bytes) -> None:
        self._row_size += len(piece)
        self._line += piece.count(b"\n")
        if self._row_size <= self._row_bytes_max:
            self._parts.append(piece)
        else:
            self._parts.clear()

    def _cut(self) -> RawRow:
        data = b"".join(self._parts).rstrip(_SPACE)
        size, self._row_size = self._row_size, 0
        self._parts.clear()
        self._rows += 1
        if size > self._row_bytes_max:
            return too_long(self._row_line, self._row_byte, size, self._row_bytes_max)
        return RawRow(data, self._row_line, self._row_byte)
