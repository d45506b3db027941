"""Datasets as tests ask for them and see them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from tests.support.processes import ServiceProcess
from tests.support.publisher import read_all

START_S = 1_735_689_600
"""2025-01-01."""


def settings(tmp_path: Path, **datasets: object) -> dict[str, str]:
    """A quick producer that may pull from this machine, with further settings of the section `datasets`."""
    quick = {
        "BUILT_IN__HOST": "false",
        "BUILT_IN__DEMO": "false",
        "BUILT_IN__PRICES": "false",
        "STREAMS__LEASE_S": "2",
        "STREAMS__POLL_S": "0.1",
        "DATASETS__SPOOL_DIR": str(tmp_path / "spool"),
        "DATASETS__ALLOW_PRIVATE_HOSTS": '["127.0.0.1"]',
        "DATASETS__RETRY_S": "0.05",
    }
    given = {
        f"DATASETS__{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in datasets.items()
    }
    return {f"TIDELINE_{name}": value for name, value in (quick | given).items()}


def product(number: int) -> dict[str, Any]:
    """An inspected product, small."""
    return {
        "molding_machine_id": f"M-{number % 3}",
        "timestamp": START_S + number + 0.25,
        "molding-machine-state": {"CycleTime": 30 + number / 8, "ShotCount": number, "AutoMode": number % 2 == 0},
        "object_detection": {"flash_defect": {"reject": False, "pixel_severity": {"value": number / 1000}}},
    }


def products(count: int) -> bytes:
    """A JSON array of them, on one line."""
    return json.dumps([product(number) for number in range(count)]).encode()


@asynccontextmanager
async def control(process: ServiceProcess) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a producer."""
    async with httpx.AsyncClient(base_url=process.url, timeout=30, trust_env=False) as client:
        yield client


async def ask(http: httpx.AsyncClient, url: str, stream: str = "molding", **rules: Any) -> httpx.Response:
    """Ask for a dataset."""
    return await http.post("/streams", json={"id": stream, "kind": "dataset", "url": url, **rules})


async def kept_rows(dsn: str, stream: str = "molding") -> list[tuple[int, datetime, Any]]:
    """Number, time and data of every row that Postgres has, by number."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "SELECT row, timestamp, data FROM raw_rows WHERE stream = $1 ORDER BY row", stream
        )
    finally:
        await connection.close()
    return [(row["row"], row["timestamp"].astimezone(UTC), json.loads(row["data"])) for row in rows]


def published_rows(bootstrap: str, topic: str, stream: str = "molding") -> list[tuple[int, str]]:
    """Row number and id of every record of the stream that Kafka has now, repeats included."""
    records = [json.loads(record.value) for record in read_all(bootstrap, topic) if record.value]
    return [(record["row"], record["id"]) for record in records if record["stream"] == stream]
