"""The rows of a spooled file as records, so many at a time that memory stays flat; meant to be asked in a thread."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from producer.datasets.compressed import Bounds
from producer.datasets.errors import Rejected
from producer.datasets.read import is_parquet, read_rows
from producer.datasets.read_parquet import read_parquet
from producer.datasets.records import Dataset, record
from producer.datasets.rows import RawRow
from producer.datasets.spool import read_file
from producer.errors import Failed
from producer.settings import DatasetSettings

CUT_OFF = ("not_json", "not_utf8", "wrong_columns", "bad_quotes")
"""What a last line without an end is refused for when the file was cut off inside it."""
ASK_EVERY_ROWS = 256


@dataclass(frozen=True)
class Reject:
    """A row that is left out: its number from 0, the line it begins on from 1, and why."""

    row: int
    line: int
    code: str
    detail: str


@dataclass
class Chunk:
    """Consecutive rows, and the number of the row after them."""

    next_row: int
    records: list[tuple[bytes, bytes]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    labelled: set[str] = field(default_factory=set)
    """Those of `split_by` that some of the rows have."""
    size: int = 0
    """Bytes of the records."""
    bytes_read: int = 0
    """Of the file as it is spooled, once the chunk is full."""

    @property
    def rows(self) -> int:
        """How many there are, rejected ones included."""
        return len(self.records) + len(self.rejects)


@dataclass(frozen=True)
class Reading:
    """How a file is read: whose rows they are, and from which row on they are wanted."""

    path: Path
    dataset: Dataset
    first: int
    settings: DatasetSettings
    chunk_rows: int
    now: Callable[[], datetime]
    stopped: Callable[[], bool]
    """Asked now and then; then nothing more comes."""

    def chunks(self) -> Iterator[Chunk]:
        """All rows from `first` on. Raises Failed where the file cannot be read on, after all rows before that."""
        file = _Counted(read_file(self.path))
        chunk = Chunk(self.first)
        failure: Failed | None = None
        try:
            for number, row in enumerate(self._rows(file)):
                if number % ASK_EVERY_ROWS == 0 and self.stopped():
                    return
                if number < self.first:
                    continue
                self._add(chunk, number, row)
                if chunk.size >= self.settings.chunk_bytes or chunk.rows >= self.chunk_rows:
                    chunk.bytes_read = file.count
                    yield chunk
                    chunk = Chunk(number + 1)
        except Failed as error:
            failure = error
        chunk.bytes_read = file.count
        yield chunk
        if failure is not None:
            raise failure

    def _rows(self, file: "_Counted") -> Iterator[RawRow]:
        if is_parquet(self.path):
            size = self.path.stat().st_size
            most = (self.settings.row_bytes_max, self.settings.decoded_bytes_max)
            return read_parquet(self.path, *most, lambda share: file.set(round(share * size)))
        bounds = Bounds(self.settings.decoded_bytes_max, self.settings.ratio_max)
        return read_rows(file, bounds, self.settings.row_bytes_max)

    def _add(self, chunk: Chunk, number: int, row: RawRow) -> None:
        if number >= self.settings.rows_max:
            raise Failed("too_many_rows", f"the file has more than {self.settings.rows_max} rows")
        try:
            key, value, labelled = record(self.dataset, number, row, self.now())
            chunk.records.append((key, value))
            chunk.labelled |= labelled
            chunk.size += len(value)
        except Rejected as error:
            if not row.ended and error.code in CUT_OFF:
                where = f"in line {row.line}, which begins at byte {row.byte}"
                raise Failed("truncated", f"the file ends {where}: it is not whole") from None
            chunk.rejects.append(Reject(number, row.line, error.code, error.detail))
        chunk.next_row = number + 1


class _Counted(Iterator[bytes]):
    """The same pieces; how many bytes they were."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.count = 0

    def set(self, count: int) -> None:
        """It was read in another way, so far."""
        self.count = count

    def __next__(self) -> bytes:
        piece = next(self._pieces)
        self.count += len(piece)
        return piece
