"""Rows of CSV and TSV with a header, as JSON objects: cells that read as JSON are typed, an empty one is null. Pure.

Where semicolons separate, as spreadsheets do it that write 12,5, such a cell is a number too.
"""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator

import msgspec

from producer.datasets.read_lines import cut_lines
from producer.datasets.rows import RawRow
from producer.errors import Failed

RECORD_BYTES_MAX = 65_536
"""A quoted cell that makes a record of several lines longer than this was never meant to be one."""
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?")
_DECIMAL_COMMA = re.compile(r"-?(0|[1-9][0-9]*),[0-9]+")
_WORDS = {"true": b"true", "false": b"false", "": b"null"}


def read_csv(chunks: Iterable[bytes], delimiter: str, row_bytes_max: int) -> Iterator[RawRow]:
    """Every record below the header as a JSON object; raises Failed (`bad_header`) where there is no header.

    A record that is wrong costs its first line only: the lines after it are read again as records of their own, so
    that a quote that is never closed swallows nothing.
    """
    csv.field_size_limit(
        max(csv.field_size_limit(), row_bytes_max)
    )  # of the process: what is too long, cut_lines tells
    feed = _Feed(cut_lines(chunks, row_bytes_max))
    records = csv.reader(feed, delimiter=delimiter, strict=True)
    keys = _header(feed, records)
    while (cells := _next(feed, records)) is not None:
        if cells == [] and not feed.taken[0].code:  # a blank line
            continue
        row = _row(feed, keys, cells, decimal_comma=delimiter == ";")
        if row.code:
            feed.give_back()
        yield row


class _Feed:
    """Hands lines to the csv module, and remembers those of the record that is being read."""

    def __init__(self, lines: Iterator[RawRow]) -> None:
        self._lines = lines
        self._again: deque[RawRow] = deque()
        self._size = 0
        self.taken: list[RawRow] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        self._size += len(line.data)
        if len(self.taken) > 1 and (self._size > RECORD_BYTES_MAX or line.code):
            raise csv.Error(f"a quote is not closed within {RECORD_BYTES_MAX} bytes")
        return line.data.decode("utf-8", "surrogateescape") + "\n"

    def begin(self) -> None:
        """The next line begins a record."""
        self.taken, self._size = [], 0

    def give_back(self) -> None:
        """All lines of this record but the first will be handed out again."""
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]


def _next(feed: _Feed, records: Iterator[list[str]]) -> list[str] | csv.Error | None:
    """The cells of the next record, empty for a blank line; what is wrong with it; None at the end."""
    feed.begin()
    try:
        return next(records, None)
    except csv.Error as error:
        return error


def _header(feed: _Feed, records: Iterator[list[str]]) -> list[bytes]:
    """The names of the columns, as the keys of a JSON object."""
    cells = _next(feed, records)
    while cells == []:
        cells = _next(feed, records)
    if cells is None or isinstance(cells, csv.Error) or feed.taken[0].code or not _is_text(feed.taken):
        raise Failed("bad_header", "the first line cannot be read as the names of columns")
    names = [cell.strip() for cell in cells]
    if len(set(names)) < len(names):
        raise Failed("bad_header", "two columns have the same name: name each differently")
    return [msgspec.json.encode(name) + b":" for name in names]


def _row(feed: _Feed, keys: list[bytes], cells: list[str] | csv.Error, *, decimal_comma: bool) -> RawRow:
    first = feed.taken[0]
    if first.code:
        return first
    fault = _fault(feed.taken, len(keys), cells)
    if fault is None and isinstance(cells, list):
        if decimal_comma:
            cells = [cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell.strip()) else cell for cell in cells]
        data = b"{" + b",".join([key + _value(cell) for key, cell in zip(keys, cells, strict=True)]) + b"}"
        return RawRow(data, first.line, first.byte)
    code, detail = fault or ("bad_quotes", str(cells))
    return RawRow(b"", first.line, first.byte, code, detail, feed.taken[-1].ended)


def _fault(lines: list[RawRow], columns: int, cells: list[str] | csv.Error) -> tuple[str, str] | None:
    """What is wrong with a record, code and words, told of its first line; None where it makes a row."""
    if not _is_text(lines[:1]):
        return "not_utf8", "the line is not UTF-8: save the file as UTF-8"
    if isinstance(cells, list) and len(cells) == columns and _is_text(lines):
        return None
    if len(lines) > 1:
        return "bad_quotes", "a quoted cell begins in this line, and what follows until it ends makes no row"
    if isinstance(cells, csv.Error):
        return "bad_quotes", f"the line cannot be read as cells: {cells}"
    return "wrong_columns", f"the line has {len(cells)} cells, the header has {columns}"


def _value(cell: str) -> bytes:
    word = cell.strip()
    known = _WORDS.get(word)
    if known is not None:
        return known
    return word.encode("ascii") if _NUMBER.fullmatch(word) else msgspec.json.encode(cell)


def _is_text(lines: list[RawRow]) -> bool:
    try:
        for line in lines:
            line.data.decode()
    except UnicodeDecodeError:
        return False
    return True
