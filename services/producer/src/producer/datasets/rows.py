"""A row as it stands in its file: what the readers of all formats cut out, before anything in it is believed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row: its JSON text, and where it stands; or the reason why there is no text."""

    data: bytes
    line: int
    """Line that it begins on, from 1."""
    byte: int
    """Byte that it begins at, from 0, in the decompressed file."""
    code: str = ""
    """Why it cannot be taken, where that is known already."""
    detail: str = ""
    ended: bool = True
    """False: the file ends before the row does, as far as one can tell."""


def too_long(line: int, byte: int, size: int, bytes_max: int) -> RawRow:
    """A row that was passed over without being kept in memory."""
    detail = f"the row has {size} bytes, at most {bytes_max} are taken (setting datasets.row_bytes_max)"
    return RawRow(b"", line, byte, code="too_large", detail=detail)
