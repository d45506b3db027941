"""What a file holds, told by its content: the first bytes decide, never its name or what the server calls it. Pure."""

import re
from typing import Literal

from producer.datasets.compressed import GZIP, ZSTD
from producer.errors import Failed

Format = Literal["json", "ndjson", "csv", "semicolons", "tsv", "parquet"]

HEAD_BYTES = 65_536
"""What is looked at."""
BOM = b"\xef\xbb\xbf"
PARQUET = b"PAR1"

_FOREIGN = (
    (GZIP, "it is compressed twice: compress it once"),
    (ZSTD, "it is compressed twice: compress it once"),
    (b"PK\x03\x04", "it is a zip archive or a spreadsheet: unpack it, or save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "it is an Excel file: save it as CSV UTF-8"),
    (b"BZh", "it is compressed with bzip2: use gzip or zstd"),
    (b"\xfd7zXZ", "it is compressed with xz: use gzip or zstd"),
    (b"\xff\xfe", "it is UTF-16 text: save it as UTF-8"),
    (b"\xfe\xff", "it is UTF-16 text: save it as UTF-8"),
    (b"%PDF", "it is a PDF"),
)
_WHAT_IS_TAKEN = "Taken are a JSON array of objects, one JSON object a line, CSV or TSV with a header, and Parquet"
_QUOTED = re.compile(rb'"[^"]*"')
_MARKUP = re.compile(rb"<(!doctype|html|head|body|\?xml|[a-z]+[\s>])", re.IGNORECASE)


def recognise(head: bytes) -> Format:
    """The format of a file that begins so (decompressed). Raises Failed: `empty`, `html` or `unknown_format`."""
    for magic, what in _FOREIGN:
        if head.startswith(magic):
            raise Failed("unknown_format", what)
    if head.startswith(PARQUET):
        return "parquet"
    text = head.removeprefix(BOM).lstrip(b" \t\r\n")
    if not text:
        raise Failed("empty", "the file holds nothing")
    if _MARKUP.match(text):
        raise Failed("html", "the server answers with a web page, not with data: use the address of the file itself")
    if text.startswith(b"["):
        return "json"
    if text.startswith(b"{"):
        return _objects(text)
    return _table(text)


def _objects(text: bytes) -> Format:
    """One object a line, unless the first line is but the beginning of an object."""
    first, newline, rest = text.partition(b"\n")
    if not newline or first.rstrip().endswith(b"}") or rest.startswith(b"{"):
        return "ndjson"
    raise Failed("unknown_format", f"it is one JSON object over several lines. {_WHAT_IS_TAKEN}")


def _table(text: bytes) -> Format:
    header, newline, _ = text.partition(b"\n")
    try:
        header.decode()
    except UnicodeDecodeError as error:
        if newline or error.end < len(header):  # not a character that the head cuts off
            raise Failed("unknown_format", f"it is no UTF-8 text: save it as UTF-8. {_WHAT_IS_TAKEN}") from None
    if b"\x00" in header:
        raise Failed("unknown_format", f"it is binary. {_WHAT_IS_TAKEN}")
    if b"\t" in header:
        return "tsv"
    between = _QUOTED.sub(b"", header)
    if between.count(b";") > between.count(b","):
        return "semicolons"
    if b"," in header:
        return "csv"
    raise Failed("unknown_format", f"its first line is neither JSON nor a header of several columns. {_WHAT_IS_TAKEN}")
