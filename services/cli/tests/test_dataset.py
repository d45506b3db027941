"""`tideline dataset`: the same file for the same seed, of the shape that it promises."""

import csv
import io
import itertools
import json
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from services.cli.tests.conftest import Tideline

from tideline.inspections import DAY_S, START_S, Format, texts
from tideline.machine_fields import DEFECTS

ROWS = 2_000
DAY_ROWS = 24_000
"""Somewhat more than a day of eight machines."""


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


def test_the_days_look_like_a_factory() -> None:
    times, machines, rejects, shots, halls = [], [], [], [], []
    for line in itertools.islice(texts(DAY_ROWS, 1, Format.NDJSON), 1, DAY_ROWS + 1):
        product = json.loads(line)
        state = product["molding-machine-state"]
        times.append(product["timestamp"])
        machines.append(product["molding_machine_id"])
        rejects.append(product["object_detection"]["reject"])
        shots.append(state["ShotCount"])
        halls.append((times[-1] % DAY_S / 3600, state["HallTemp"]))
    assert times == sorted(times)
    assert times[0] == START_S
    assert set(machines) == {f"M-{n}" for n in range(1, 9)}
    assert DAY_S < times[-1] - times[0] < 1.6 * DAY_S
    assert max(after - before for before, after in itertools.pairwise(times)) > 120, "breaks when shifts change"
    assert 0.02 < sum(rejects) / DAY_ROWS < 0.2
    per_hour = [sum(rejects[start : start + 800]) for start in range(0, DAY_ROWS, 800)]
    assert min(per_hour) * 5 < max(per_hour), "bursts"
    of_one = [shot for shot, machine in zip(shots, machines, strict=True) if machine == "M-1"]
    assert all(after in (before + 1, 0) for before, after in itertools.pairwise(of_one))
    assert fmean(warmth for hour, warmth in halls if 13 <= hour < 17) > 2 + fmean(
        warmth for hour, warmth in halls if 1 <= hour < 5
    )


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
