"""Rows of Parquet files, written by pyarrow and read by us."""

import gzip
import json
import random
import resource
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import util
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from producer.datasets import read_parquet as module
from producer.datasets.compressed import Bounds
from producer.datasets.read import is_parquet, read_rows
from producer.datasets.read_parquet import read_parquet
from producer.datasets.rows import RawRow
from producer.errors import Failed

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)


def written(path: Path, table: Any, **options: Any) -> Path:
    parquet.write_table(table, path, **options)
    return path


def rows(path: Path, row_bytes_max: int = 10_000, decoded_bytes_max: int = 10**9) -> Iterator[RawRow]:
    return read_parquet(path, row_bytes_max, decoded_bytes_max, lambda _share: None)


def test_every_row_comes_in_its_order_with_what_json_can_hold_of_it(tmp_path: Path) -> None:
    made = [
        {
            "timestamp": BEGIN + timedelta(seconds=n),
            "value": float("nan") if n == 3 else n / 8,
            "good": n % 2 == 0,
            "machine": {"name": f"M-{n}", "zones": [n, n + 1]},
            "price": Decimal(n) / 100,
            "gap": None,
        }
        for n in range(700)
    ]
    path = written(tmp_path / "a.parquet", pa.Table.from_pylist(made), row_group_size=300)
    assert is_parquet(path)
    expected = [
        row
        | {
            "timestamp": row["timestamp"].isoformat().replace("+00:00", "Z"),
            "value": None if n == 3 else row["value"],
            "price": n / 100,
        }
        for n, row in enumerate(made)
    ]
    found = list(rows(path))
    assert [json.loads(row.data) for row in found] == expected
    assert [row.line for row in found] == list(range(1, 701))


def test_nanoseconds_are_cut(tmp_path: Path) -> None:
    times = pa.array([1_735_689_600_123_456_789], pa.timestamp("ns"))
    path = written(tmp_path / "a.parquet", pa.table({"timestamp": times}))
    assert [json.loads(row.data) for row in rows(path)] == [{"timestamp": "2025-01-01T00:00:00.123456"}]


def test_a_row_that_is_too_long_costs_itself_only(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", pa.table({"a": ["x", "y" * 200, "z"]}))
    assert [row.code for row in rows(path, row_bytes_max=100)] == ["", "too_large", ""]


def test_how_far_it_is_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", pa.table({"a": list(range(1000))}))
    shares: list[float] = []
    assert len(list(read_parquet(path, 100, 10**6, shares.append))) == 1000
    assert shares == sorted(shares)
    assert shares[-1] == 1


@pytest.mark.parametrize("damage", ["cut", "middle", "nothing"])
def test_a_damaged_file_is_told(damage: str, tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", pa.table({"a": [random.Random(1).random() for _ in range(5000)]}))
    data = bytearray(path.read_bytes())
    data[2000:2400] = bytes(400) if damage == "middle" else data[2000:2400]
    path.write_bytes(data[: len(data) // 2] if damage == "cut" else b"PAR1" if damage == "nothing" else data)
    if damage == "middle":  # without checksums a value may just be another one
        parquet.write_table(pa.table({"a": ["x" * 50] * 5000}), path, compression="zstd", use_dictionary=False)
        data = bytearray(path.read_bytes())
        data[20:60] = bytes(40)
        path.write_bytes(data)
    with pytest.raises(Failed, match="bad_parquet"):
        list(rows(path))


def test_more_than_may_come_out_is_left(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", pa.table({"a": ["x" * 1000] * 5000}))
    assert path.stat().st_size < 20_000
    with pytest.raises(Failed, match="decoded_too_large"):
        list(rows(path, decoded_bytes_max=100_000))


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]))
    with pytest.raises(Failed, match="bad_header"):
        list(rows(path))


def test_a_parquet_file_that_is_compressed_once_more_is_refused(tmp_path: Path) -> None:
    data = gzip.compress(written(tmp_path / "a.parquet", pa.table({"a": [1]})).read_bytes())
    with pytest.raises(Failed, match="compressed once more"):
        read_rows(iter([data]), Bounds(10**6, 100), 1000)


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a.parquet", pa.table({"a": [1]}))
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "pyarrow" else util.find_spec(name))
    with pytest.raises(Failed, match=r"no_parquet: .*`pip install pyarrow`"):
        list(rows(path))


def growth_while_reading(path: Path, count: int) -> int:
    """Bytes by which this process grows while it reads so many rows; to be called in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert all(row.data for row in islice(rows(path), count))
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024


def test_one_large_row_group_takes_little_memory(tmp_path: Path) -> None:
    path, names = tmp_path / "a.parquet", [f"c{n}" for n in range(16)]
    column = pa.array([n / 7 for n in range(1_000_000)])
    table = pa.table(dict.fromkeys(names, column))
    written(path, table, compression="none", use_dictionary=False, row_group_size=1_000_000)
    assert path.stat().st_size > 128_000_000
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as another:
        assert another.submit(growth_while_reading, path, 30_000).result(60) < 64 * 1024**2
