"""`tideline dataset`: the same file for the same seed, of the shape that it promises."""

import csv
import io
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from services.cli.tests.conftest import Tideline

from tideline.inspections import DAY_S, START_S, Format, texts
from tideline.machine_fields import DEFECTS

ROWS = 60_000
"""Some three days of eight machines."""


def text(rows: int, seed: int, form: Format = Format.JSON) -> str:
    return "".join(texts(rows, seed, form))


@pytest.fixture(scope="module")
def products() -> list[dict[str, Any]]:
    return json.loads(text(ROWS, 1))


def leaves(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, part in value.items():
        found |= leaves(part, f"{prefix}{name}.") if isinstance(part, dict) else {prefix + name: part}
    return found


def test_the_seed_decides_all_and_more_rows_only_add(tideline: Tideline, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one.json", "two.json", "other.json")]
    for file, seed in zip(files, (7, 7, 8), strict=True):
        assert tideline(f"dataset {file} --rows 300 --seed {seed}").exit_code == 0
    one, two, other = (file.read_bytes() for file in files)
    assert one == two != other
    assert text(200, 7) == one.decode()[: len(text(200, 7)) - 1] + "]"


def test_every_product_has_the_same_shape_on_one_line_of_json(products: list[dict[str, Any]]) -> None:
    assert "\n" not in text(10, 1)
    assert len(products) == ROWS
    assert list(products[0]) == [
        "molding_machine_id", "timestamp", "version", "molding-machine-state", "object_detection",
    ]  # fmt: skip
    assert len(products[0]["molding-machine-state"]) == 71
    assert list(products[0]["object_detection"]) == ["reject", *DEFECTS]
    assert len(DEFECTS) == 13
    shape = {name: bool if isinstance(value, bool) else type(value) for name, value in leaves(products[0]).items()}
    for product in products[::97]:
        assert {name: type(value) for name, value in leaves(product).items()} == shape
    assert sum(kind in (bool, int, float) for kind in shape.values()) == 151


def test_a_reject_is_a_severity_above_its_threshold(products: list[dict[str, Any]]) -> None:
    for product in products[::13]:
        seen = product["object_detection"]
        for defect in DEFECTS:
            severity = seen[defect]["pixel_severity"]
            assert severity["reject"] == seen[defect]["reject"]
            assert severity["reject"] == (severity["value"] > severity["threshold"]) or severity["value"] == 0.5
            assert severity["min_value"] <= severity["value"] <= severity["max_value"]
        assert seen["reject"] == any(seen[defect]["reject"] for defect in DEFECTS)


def test_the_days_look_like_a_factory(products: list[dict[str, Any]]) -> None:
    times = [product["timestamp"] for product in products]
    assert times == sorted(times)
    assert times[0] == START_S
    assert {product["molding_machine_id"] for product in products} == {f"M-{n}" for n in range(1, 9)}
    assert 2.5 * DAY_S < times[-1] - times[0] < 4 * DAY_S
    assert max(after - before for before, after in itertools.pairwise(times)) > 120, "breaks when shifts change"
    rejects = [product["object_detection"]["reject"] for product in products]
    assert 0.02 < sum(rejects) / ROWS < 0.2
    per_hour = [sum(rejects[start : start + 800]) for start in range(0, ROWS, 800)]
    assert min(per_hour) * 5 < max(per_hour), "bursts"
    one = [p["molding-machine-state"] for p in products if p["molding_machine_id"] == "M-1"]
    shots = [state["ShotCount"] for state in one]
    assert all(after in (before + 1, 0) for before, after in itertools.pairwise(shots))
    warm = [p["molding-machine-state"]["HallTemp"] for p in products if 13 <= p["timestamp"] % DAY_S / 3600 < 17]
    cold = [p["molding-machine-state"]["HallTemp"] for p in products if 1 <= p["timestamp"] % DAY_S / 3600 < 5]
    assert sum(warm) / len(warm) > sum(cold) / len(cold) + 2


def test_lines_and_tables_hold_the_same_products() -> None:
    products = json.loads(text(50, 3))
    assert [json.loads(line) for line in text(50, 3, Format.NDJSON).splitlines()] == products
    table = list(csv.DictReader(io.StringIO(text(50, 3, Format.CSV))))
    assert list(table[0]) == list(leaves(products[0]))
    for line, product in zip(table, products, strict=True):
        for name, value in leaves(product).items():
            assert (line[name] if isinstance(value, str) else json.loads(line[name])) == value


def test_the_name_tells_the_format_and_a_program_gets_json(tideline: Tideline, tmp_path: Path) -> None:
    file = tmp_path / "some.csv"
    told = json.loads(tideline(f"dataset {file} --rows 5 --json").stdout)
    assert told == {"file": str(file), "rows": 5, "seed": 1, "bytes": file.stat().st_size}
    assert file.read_text() == text(5, 1, Format.CSV)
    assert tideline(f"dataset {file} --rows 5 --format ndjson").exit_code == 1
    named = tmp_path / "data.csv2"
    result = tideline(f"dataset {named} --rows 5 --format ndjson")
    assert result.stdout == f"{named}: 5 products, {named.stat().st_size / 1e6:,.1f} MB\n"
    assert len(named.read_text().splitlines()) == 5


def test_a_file_that_is_there_stays(tideline: Tideline, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text("mine")
    result = tideline(f"dataset {file} --rows 5")
    assert (result.exit_code, result.stderr) == (1, f"error: {file} is there already: delete it or name another\n")
    assert file.read_text() == "mine"
    nowhere = tmp_path / "none" / "x.json"
    result = tideline(f"dataset {nowhere} --rows 5")
    assert (result.exit_code, result.stderr) == (1, f"error: {nowhere} cannot be written: No such file or directory\n")
    assert list(tmp_path.iterdir()) == [file]
