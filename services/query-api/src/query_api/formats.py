"""Lines as JSON, NDJSON or CSV bytes, and which of them a caller wants. Pure."""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import itemgetter
from typing import Any, Literal

import orjson

from query_api.accept import named
from query_api.ranges import written

Line = Mapping[str, Any]


class JsonText:
    """A value that is JSON already."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JsonText) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)


class Format(StrEnum):
    """How lines are written."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


MEDIA_TYPES = {
    Format.JSON: "application/json",
    Format.NDJSON: "application/x-ndjson",
    Format.CSV: "text/csv; charset=utf-8",
}
ACCEPTED = {
    "application/json": Format.JSON,
    "application/x-ndjson": Format.NDJSON,
    "application/ndjson": Format.NDJSON,
    "application/jsonl": Format.NDJSON,
    "text/csv": Format.CSV,
    "text/*": Format.CSV,
}


def wanted(asked: Format | None, accept: str | None) -> Format:
    """`format=` first, then the best of Accept, then JSON (also when nothing of Accept can be had)."""
    if asked is not None:
        return asked
    best, best_quality = Format.JSON, 0.0
    for name, quality in named(accept):
        form = ACCEPTED.get(name, Format.JSON if name in ("*/*", "application/*") else None)
        if form is not None and quality > best_quality:
            best, best_quality = form, quality
    return best


def json_bytes(data: Any) -> bytes:
    """JSON on one line."""
    return orjson.dumps(data, _as_it_is, orjson.OPT_UTC_Z)


def ndjson(lines: Sequence[Line]) -> bytes:
    """One JSON object a line."""
    return b"".join(orjson.dumps(line, _as_it_is, orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE) for line in lines)


def _as_it_is(value: Any) -> orjson.Fragment:
    if isinstance(value, JsonText):
        return orjson.Fragment(value.text)
    raise TypeError(type(value))


def csv_rows(rows: Iterable[Iterable[Any]]) -> bytes:
    """Rows of values without a header; times in RFC 3339, nothing for null, JSON for objects and lists."""
    lines = list(zip(*map(_cells, zip(*rows, strict=True)), strict=True))
    text = _csv(lines, csv.QUOTE_MINIMAL)
    return (text if "\r" not in text else _csv(lines, csv.QUOTE_ALL)).encode()


def _csv(lines: Iterable[Iterable[Any]], quoting: Literal[0, 1]) -> str:
    """Python before 3.13 puts no quotes around a carriage return, which most readers take for the end of a line."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=quoting).writerows(lines)
    return text.getvalue()


def _cells(column: Sequence[Any]) -> Sequence[Any]:
    """The values of a column as csv writes them right; most columns are of one kind."""
    kinds = set(map(type, column))
    if kinds == {datetime}:
        return orjson.loads(orjson.dumps(column, option=orjson.OPT_UTC_Z))  # type: ignore[no-any-return]
    return [_cell(value) for value in column] if kinds & {datetime, bool, dict, list, JsonText} else column


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return written(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    return value.text if isinstance(value, JsonText) else value


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of CSV: their names, and the values of a line in that order (by name where nothing else is said)."""

    names: Sequence[str]
    values: Callable[[Line], Iterable[Any]] | None = None

    def header(self) -> bytes:
        """The header line."""
        return csv_rows([self.names])

    def rows(self, lines: Sequence[Line]) -> bytes:
        """The lines."""
        values = self.values or itemgetter(*self.names)
        return csv_rows(values(line) for line in lines)


def page(form: Format, lines: Sequence[Line], columns: Columns) -> bytes:
    """A whole page in one of the formats."""
    if form is Format.JSON:
        return json_bytes(lines)
    return ndjson(lines) if form is Format.NDJSON else columns.header() + columns.rows(lines)


def etag(body: bytes, accept_encoding: str | None) -> str:
    """A strong ETag: equal tags are equal bytes, so what may travel as gzip has a tag of its own."""
    suffix = "-gzip" if "gzip" in (accept_encoding or "") else ""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}{suffix}"'


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Whether the caller says that it has this very answer."""
    known = [item.strip().removeprefix("W/") for item in (if_none_match or "").split(",")]
    return "*" in known or tag in known
