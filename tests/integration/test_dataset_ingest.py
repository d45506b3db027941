"""A dataset by its URL: pulled once, kept whole, there to be asked for."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pyarrow as pa
from pyarrow import parquet
from tests.support.databases import Database
from tests.support.datasets import START_S, ask, control, kept_rows, product, products, published_rows, settings
from tests.support.fixtures import StartService
from tests.support.hostile import decent, serving
from tests.support.pipeline import taken
from tests.support.publisher import read_all
from tests.support.stack import Stack
from tests.support.streams import row as stream_row
from tests.support.streams import until_state
from tests.support.waiting import until_async

from contracts.topics import Topics


async def test_a_json_array_becomes_rows_and_windows_that_can_be_asked_for(
    database: Database, start_service: StartService, tmp_path: Path
) -> None:
    start_service("processor")
    producer = start_service("producer", **settings(tmp_path)).wait_ready()
    api = start_service("query-api", TIDELINE_PRODUCER_URL=producer.url).wait_ready()
    with serving(decent(products(2500))) as source:
        async with control(producer) as http:
            answer = await ask(http, source.url())
            assert answer.status_code == 201, answer.text
        row = await until_state(database.producer_dsn, "molding", ["completed", "failed"])
        assert (row["state"], row["reason"], row["position"]) == ("completed", None, 2500)
        assert len(source.requests) == 1
    await taken(database, 2500)
    expected = [
        (n, datetime.fromtimestamp(START_S, UTC) + timedelta(seconds=n + 0.25), product(n)) for n in range(2500)
    ]
    assert await kept_rows(database.owner_dsn) == expected
    name = "molding-machine-state.CycleTime"
    async with httpx.AsyncClient(base_url=api.url, trust_env=False) as http:
        answer = await http.get("/api/v1/processed-data", params={"stream": "molding", "category": name})
    [line] = answer.json()
    assert (line["count"], line["avg_value"]) == (2500, sum(30 + n / 8 for n in range(2500)) / 2500)
    assert json.loads(row["progress"])["published"] == 2500


async def test_a_parquet_file_is_recognised_by_its_content_and_gone_on_with_in_the_middle(
    stack: Stack, database: Database, topics: Topics, start_service: StartService, tmp_path: Path
) -> None:
    parquet.write_table(pa.Table.from_pylist([product(n) for n in range(2000)]), tmp_path / "file")
    env = settings(tmp_path) | {"TIDELINE_PUBLISH__CHUNK_EVENTS": "1", "TIDELINE_PUBLISH__CHUNKS_IN_FLIGHT": "1"}
    producer = start_service("producer", **env).wait_ready()
    with serving(decent((tmp_path / "file").read_bytes())) as source:
        async with control(producer) as http:
            assert (await ask(http, source.url("/molding"))).status_code == 201
            await until_async(lambda: position(database), 20, "some rows are published", every_s=0.01)
            assert (await http.post("/streams/molding/stop")).status_code == 200
            assert (await until_state(database.producer_dsn, "molding", ["stopped"]))["position"] < 2000
            assert (await http.post("/streams/molding/start")).status_code == 200
        row = await until_state(database.producer_dsn, "molding", ["completed", "failed"])
        assert (row["state"], row["reason"], row["position"]) == ("completed", None, 2000)
    assert [number for number, _ in sorted(published_rows(stack.kafka_bootstrap, topics.rows))] == list(range(2000))
    values = [json.loads(record.value) for record in read_all(stack.kafka_bootstrap, topics.rows) if record.value]
    assert {value["row"]: value["data"] for value in values} == {n: product(n) for n in range(2000)}


async def position(database: Database) -> int:
    return int((await stream_row(database.producer_dsn, "molding"))["position"])
