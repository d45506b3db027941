"""Rows of a Parquet file as JSON objects, a few at a time, by pyarrow: an extra that not everybody installs."""

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from producer.datasets.rows import RawRow, too_long
from producer.errors import Failed

BATCH_ROWS = 256
BUFFER_BYTES = 1_048_576
"""Of a column that is held at a time, however long its row group is."""

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def check_installed() -> None:
    """Raise Failed (`no_parquet`), telling how to mend it, where pyarrow is not installed."""
    if find_spec("pyarrow") is None:
        how = "`pip install pyarrow` into its environment (extra `parquet`), or save the file as CSV or NDJSON"
        raise Failed("no_parquet", f"it is a Parquet file, which this producer cannot read: {how}")


def read_parquet(
    path: Path, row_bytes_max: int, decoded_bytes_max: int, on_share: Callable[[float], None]
) -> Iterator[RawRow]:
    """Every row, its line being its number from 1. A float that is no number is null, as is usual in such files.

    `on_share` is told which share of them was read. Raises Failed: `no_parquet`, `bad_parquet`, `decoded_too_large`.
    """
    check_installed()
    number = decoded = 0
    file = None
    try:
        file = import_module("pyarrow.parquet").ParquetFile(path, buffer_size=BUFFER_BYTES, pre_buffer=False)
        _check_names(file.schema_arrow.names)
        for batch in file.iter_batches(BATCH_ROWS, use_threads=False):
            for row in _whole_microseconds(batch).to_pylist():
                data = _ENCODER.encode(row)
                number, decoded = number + 1, decoded + len(data)
                if decoded > decoded_bytes_max:
                    raise Failed("decoded_too_large", f"the rows are more than {decoded_bytes_max} bytes of JSON")
                whole = len(data) <= row_bytes_max
                yield RawRow(data, number, 0) if whole else too_long(number, 0, len(data), row_bytes_max)
            on_share(number / max(1, file.metadata.num_rows))
    except (ValueError, TypeError, OSError, NotImplementedError, KeyError):  # what pyarrow's own errors derive from
        detail = f"the Parquet file is damaged, or holds what has no JSON, somewhere after row {number}"
        raise Failed("bad_parquet", detail) from None
    finally:
        if file is not None:
            file.close()


def _check_names(names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise Failed("bad_header", "two columns have the same name: name each differently")


def _whole_microseconds(batch: Any) -> Any:
    """The batch with times of nanoseconds cut to what Python can hold."""
    arrow = import_module("pyarrow")
    for index, column in enumerate(batch.schema):
        if arrow.types.is_timestamp(column.type) and column.type.unit == "ns":
            to = arrow.timestamp("us", column.type.tz)
            batch = batch.set_column(index, column.name, batch.column(index).cast(to, safe=False))
    return batch
