"""From the bytes of a spooled file to its raw rows, whatever its format and compression."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from producer.datasets.compressed import Bounds, plain
from producer.datasets.read_csv import read_csv
from producer.datasets.read_json import read_json
from producer.datasets.read_lines import read_lines
from producer.datasets.recognise import HEAD_BYTES, PARQUET, recognise
from producer.datasets.rows import RawRow
from producer.errors import Failed


def read_rows(chunks: Iterable[bytes], bounds: Bounds, row_bytes_max: int) -> Iterator[RawRow]:
    """Every row of the file, in its order and in constant memory; raises Failed where it cannot be read on."""
    source = plain(chunks, bounds)
    head = head_of(source)
    text = chain([head], source)
    match recognise(head):
        case "json":
            return read_json(text, row_bytes_max)
        case "ndjson":
            return read_lines(text, row_bytes_max)
        case "csv":
            return read_csv(text, ",", row_bytes_max)
        case "semicolons":
            return read_csv(text, ";", row_bytes_max)
        case "tsv":
            return read_csv(text, "\t", row_bytes_max)
        case "parquet":
            raise Failed("unknown_format", "it is a Parquet file that is compressed once more: leave it as it is")


def is_parquet(path: Path) -> bool:
    """Whether it is a file that is read from its end, not as a stream."""
    with path.open("rb") as file:
        return file.read(len(PARQUET)) == PARQUET


def head_of(source: Iterator[bytes]) -> bytes:
    """The first bytes, as many as the format is told from; the source goes on after them."""
    head = b""
    while len(head) < HEAD_BYTES and (piece := next(source, b"")):
        head += piece
    return head
