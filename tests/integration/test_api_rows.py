"""Dataset rows: whole, by fields, and as the single values that they contribute to series."""

import csv
import io
import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from tests.support.databases import Database
from tests.support.query_api import every_line, serving
from tests.support.stored import Stored, StoredRow, store, store_rows

START = datetime(2025, 1, 1, tzinfo=UTC)


def shot(number: int) -> dict[str, object]:
    """A molding-machine inspection, small."""
    return {
        "molding_machine_id": f"M-{number % 3}",
        "timestamp": START.timestamp() + number,
        "state": {"CycleTime": 30 + number / 8, "ShotCount": number, "note": 'a "b", c', "x.y": number * 2},
        "reject": number % 2 == 0,
        "nothing": None,
        "list": [1, 2],
        "whole.name": number,
    }


ROWS = [StoredRow("molding", n, START + timedelta(seconds=n // 3), shot(n)) for n in range(50)]
SAMPLED = ("timestamp", "state.CycleTime", "state.ShotCount", "state.x.y", "reject", "whole.name")


def sampled(row: StoredRow) -> list[Stored]:
    """The samples of one row, written out by hand."""
    state: Any = row.data["state"]
    values = (row.data["timestamp"], state["CycleTime"], state["ShotCount"], state["x.y"], row.data["reject"], row.row)
    return [Stored(row.stream, name, row.timestamp, float(v)) for name, v in zip(SAMPLED, values, strict=True)]


async def store_dataset(database: Database, kind: str = "dataset") -> list[tuple[StoredRow, Stored]]:
    await store_rows(database.owner_dsn, ROWS)
    samples = [(row, sample) for row in ROWS for sample in sampled(row)]
    await store(database.owner_dsn, [sample for _, sample in samples], raw=False)
    owner = await asyncpg.connect(database.owner_dsn)
    statement = "INSERT INTO streams (id, kind, desired, state) VALUES ('molding', $1, 'running', 'completed')"
    await owner.execute(statement, kind)
    await owner.close()
    return samples


@pytest.mark.parametrize("limit", [1, 7, 500])
@pytest.mark.parametrize("query", [{}, {"stream": "molding"}])
async def test_rows_come_whole_newest_first_and_once(database: Database, limit: int, query: dict[str, str]) -> None:
    await store_dataset(database)
    async with serving(database.api_dsn) as api:
        lines, pages = await every_line(api, "/api/v1/raw-rows", limit=limit, **query)
    assert pages == math.ceil(len(ROWS) / limit) + (len(ROWS) % limit == 0)
    by_id = {str(row.id): row for row in ROWS}
    assert {line["id"] for line in lines} == set(by_id)
    assert len(lines) == len(ROWS)
    times = [line["timestamp"] for line in lines]
    assert times == sorted(times, reverse=True)
    for line in lines:
        row = by_id[line["id"]]
        got = (line["stream"], line["row"], datetime.fromisoformat(line["timestamp"]), line["data"])
        assert got == (row.stream, row.row, row.timestamp, row.data)


async def test_two_fields_of_the_same_row_can_be_set_against_each_other(database: Database) -> None:
    await store_dataset(database)
    fields = "state.CycleTime,reject,molding_machine_id,none,state.note,whole.name,nothing,list,state.x.y"
    async with serving(database.api_dsn) as api:
        lines, _ = await every_line(api, "/api/v1/raw-rows", stream="molding", fields=fields)
        text = (await api.get("/api/v1/raw-rows", params={"fields": fields, "format": "csv"})).text
    state: Any
    for line in lines:
        row = ROWS[line["row"]]
        state = row.data["state"]
        assert line["data"] == {
            "state.CycleTime": state["CycleTime"],
            "reject": row.data["reject"],
            "molding_machine_id": row.data["molding_machine_id"],
            "none": None,
            "state.note": state["note"],
            "whole.name": row.row,
            "nothing": None,
            "list": [1, 2],
            "state.x.y": row.row * 2,
        }
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["timestamp", "stream", "row", "id", *fields.split(",")]
    assert len(rows) == len(ROWS) + 1
    for cells in rows[1:]:
        number = int(cells[2])
        wanted = [
            str(30 + number / 8),
            str(number % 2 == 0).lower(),
            f"M-{number % 3}",
            "",
            'a "b", c',
            str(number),
            "",
            "[1,2]",
            str(number * 2),
        ]
        assert cells[4:] == wanted


async def test_whole_rows_are_a_json_column_in_csv(database: Database) -> None:
    await store_dataset(database)
    async with serving(database.api_dsn) as api:
        text = (await api.get("/api/v1/raw-rows", params={"format": "csv"})).text
    for line in csv.DictReader(io.StringIO(text)):
        assert json.loads(line["data"]) == ROWS[int(line["row"])].data


async def test_rows_of_a_range_are_half_open(database: Database) -> None:
    await store_dataset(database)
    start, end = START + timedelta(seconds=3), START + timedelta(seconds=5)
    async with serving(database.api_dsn) as api:
        lines, _ = await every_line(api, "/api/v1/raw-rows", start=start.isoformat(), end=end.isoformat())
    assert {line["row"] for line in lines} == {row.row for row in ROWS if start <= row.timestamp < end}


async def test_a_page_ends_early_where_rows_are_large(database: Database) -> None:
    large = [StoredRow("large", n, START + timedelta(seconds=n), {"text": "x" * 400_000, "n": n}) for n in range(60)]
    await store_rows(database.owner_dsn, large)
    async with serving(database.api_dsn) as api:
        first = await api.get("/api/v1/raw-rows", params={"stream": "large", "limit": 60})
        lines, _ = await every_line(api, "/api/v1/raw-rows", stream="large", limit=60)
        streamed = await api.get("/api/v1/raw-rows", params={"stream": "large", "format": "ndjson"})
    assert 0 < len(first.json()) < 60
    assert [line["row"] for line in lines] == list(range(59, -1, -1))
    assert [json.loads(line)["row"] for line in streamed.text.splitlines()] == list(range(59, -1, -1))


@pytest.mark.parametrize("kind", ["dataset", "simulation"])
@pytest.mark.parametrize("limit", [1, 7, 500])
async def test_raw_data_of_a_dataset_is_the_values_of_its_rows(database: Database, kind: str, limit: int) -> None:
    samples = await store_dataset(database, kind)
    async with serving(database.api_dsn) as api:
        lines, _ = await every_line(api, "/api/v1/raw-data", stream="molding", limit=limit)
    got = [(line["id"], line["category"], datetime.fromisoformat(line["timestamp"]), line["value"]) for line in lines]
    assert len(got) == len(set(got))
    assert set(got) == {(str(row.id), s.category, s.timestamp, s.value) for row, s in samples}
    assert [at for _, _, at, _ in got] == sorted((at for _, _, at, _ in got), reverse=True)


async def test_raw_data_of_a_dataset_follows_the_rules_of_its_stream(database: Database) -> None:
    await store_rows(database.owner_dsn, ROWS)
    names = [f"state.CycleTime{{molding_machine_id=M-{n}}}" for n in range(3)]
    wanted = {(str(r.id), names[r.row % 3], 30 + r.row / 8) for r in ROWS}
    samples = [Stored("molding", names[r.row % 3], r.timestamp, 30 + r.row / 8) for r in ROWS]
    left_out = [Stored("molding", "state.ShotCount", START, 1.0)]
    await store(database.owner_dsn, samples + left_out, raw=False)
    owner = await asyncpg.connect(database.owner_dsn)
    spec = {"fields": {"include": ["state.C*"]}, "split_by": ["molding_machine_id"]}
    statement = (
        "INSERT INTO streams (id, kind, desired, state, spec) VALUES ('molding', 'dataset', 'running', 'running', $1)"
    )
    await owner.execute(statement, json.dumps(spec))
    await owner.close()
    async with serving(database.api_dsn) as api:
        lines, _ = await every_line(api, "/api/v1/raw-data", stream="molding")
        one, _ = await every_line(api, "/api/v1/raw-data", stream="molding", category=names[1])
    assert {(line["id"], line["category"], line["value"]) for line in lines} == wanted
    assert len(lines) == len(ROWS)
    assert {line["category"] for line in one} == {names[1]}


async def test_of_a_row_with_many_numbers_the_first_512_are_its_values(database: Database) -> None:
    """The first of the row as it was sent, whatever order Postgres would give them."""
    names = [f"{'long' * (n % 3)}f{600 - n}" for n in range(600)]
    await store_rows(database.owner_dsn, [StoredRow("wide", 0, START, {name: n for n, name in enumerate(names)})])
    await store(database.owner_dsn, [Stored("wide", name, START, float(n)) for n, name in enumerate(names)], raw=False)
    async with serving(database.api_dsn) as api:
        lines, _ = await every_line(api, "/api/v1/raw-data", stream="wide", limit=100)
        [row], _ = await every_line(api, "/api/v1/raw-rows", stream="wide")
    assert {line["category"]: line["value"] for line in lines} == {name: float(n) for n, name in enumerate(names[:512])}
    assert list(row["data"]) == names


async def test_raw_data_of_a_dataset_can_be_one_category_of_a_range(database: Database) -> None:
    samples = await store_dataset(database)
    start, end = START + timedelta(seconds=3), START + timedelta(seconds=9)
    async with serving(database.api_dsn) as api:
        query = {"stream": "molding", "category": "reject", "start": start.isoformat(), "end": end.isoformat()}
        lines, _ = await every_line(api, "/api/v1/raw-data", **query, limit=4)
        none = await api.get("/api/v1/raw-data", params=query | {"category": "note"})
    wanted = [s.value for _, s in samples if s.category == "reject" and start <= s.timestamp < end]
    assert sorted(line["value"] for line in lines) == sorted(wanted)
    assert none.json() == []


async def test_without_a_stream_datasets_are_left_out_of_raw_data(database: Database) -> None:
    await store_dataset(database)
    await store(database.owner_dsn, [Stored("demo", "t", START, 1.5)])
    async with serving(database.api_dsn) as api:
        lines, _ = await every_line(api, "/api/v1/raw-data")
    assert [(line["stream"], line["value"]) for line in lines] == [("demo", 1.5)]


@pytest.mark.parametrize("fields", ["", ",", "a,,b", "%00", "x" * 129, ",".join(map(str, range(65)))])
async def test_bad_names_of_fields_are_refused(database: Database, fields: str) -> None:
    async with serving(database.api_dsn) as api:
        answer = await api.get(f"/api/v1/raw-rows?fields={fields}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "fields"
