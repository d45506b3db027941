"""Lines of a file of any size in constant memory, and NDJSON: one JSON object a line. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from producer.datasets.recognise import BOM
from producer.datasets.rows import RawRow, too_long


def read_lines(chunks: Iterable[bytes], line_bytes_max: int) -> Iterator[RawRow]:
    """Every line that is not blank as a row, without the white space around it."""
    for line in cut_lines(chunks, line_bytes_max):
        data = line.data.strip(b" \t\r\n")
        if data or line.code:
            yield replace(line, data=data)


def cut_lines(chunks: Iterable[bytes], line_bytes_max: int) -> Iterator[RawRow]:
    """Every line, also a blank one, without its end (LF or CR LF) and without a byte order mark before the first.

    A longer line is passed over as one row that says so. The last line may lack its end, which the row tells.
    """
    parts: list[bytes] = []
    size, byte, line = 0, 0, 1
    for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            size += len(piece)
            data = b"".join([*parts, piece]) if parts else piece
            yield _line(data, size, line, byte, line_bytes_max)
            byte, line, size = byte + size + 1, line + 1, 0
            parts.clear()
        size += len(rest)
        if size > line_bytes_max + len(BOM) + 1:
            parts.clear()
        elif rest:
            parts.append(rest)
    if size:
        yield replace(_line(b"".join(parts), size, line, byte, line_bytes_max), ended=False)


def _line(data: bytes, size: int, line: int, byte: int, bytes_max: int) -> RawRow:
    mark = len(BOM) if byte == 0 and data.startswith(BOM) else 0
    end = 1 if data.endswith(b"\r") else 0
    if size - mark - end > bytes_max:
        return too_long(line, byte, size, bytes_max)
    return RawRow(data[mark : len(data) - end], line, byte + mark)
