"""A processor on topic `rows`: exact against a recount, with several shapes and with repeats in it."""

import json
import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.pipeline import taken
from tests.support.publisher import publish
from tests.support.stack import Stack

from contracts.topics import Topics

START = datetime(2026, 1, 5, tzinfo=UTC)
WINDOWS = """SELECT category, minute, count, sum, min, max, first_value, last_value
FROM window_values JOIN series ON series.id = series_id WHERE stream = 'molding'"""


def row(number: int, at: datetime, data: dict[str, Any]) -> bytes:
    fields = {"id": str(UUID(int=number)), "stream": "molding", "row": number, "timestamp": at.isoformat()}
    return json.dumps({**fields, "data": data}).encode()


def product(rng: random.Random, number: int) -> dict[str, Any]:
    """Of three shapes, with nulls, texts and numbers that are no samples."""
    state = {"CycleTime": round(rng.gauss(30, 3), 3), "ShotCount": number, "on": rng.random() < 0.5}
    data: dict[str, Any] = {"machine": f"M-{number % 3}", "state": state}
    if number % 5 == 0:
        data["state"]["CycleTime"] = None
    if number % 7 == 0:
        data["note"] = 'a "note"'
    if number % 11 == 0:
        data |= {"list": [1, 2], "huge": 1e300, "state.on": 5}
    return data


def numbers(data: dict[str, Any]) -> dict[str, float]:
    """What a row must contribute; `state.on` in the object comes first and so counts."""
    state = {name: value for name, value in data["state"].items() if value is not None}
    return {f"state.{name}": float(value) for name, value in state.items()}


async def test_rows_of_several_shapes_are_counted_once_each(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    rng = random.Random(5)
    made = [(START + timedelta(seconds=n // 2), product(rng, n)) for n in range(3_000)]
    values = [row(n, at, data) for n, (at, data) in enumerate(made)]
    publish(stack.kafka_bootstrap, topics.rows, values[:2_000])
    start_service("processor", TIDELINE_BATCH__ROWS="300").wait_ready()
    await taken(database, 2_000)
    publish(stack.kafka_bootstrap, topics.rows, [*values[1_500:], *rng.sample(values, 200)])
    await taken(database, 2_000 + 1_500 + 200)
    wanted: dict[tuple[str, datetime], list[tuple[datetime, float]]] = {}
    for at, data in made:
        for name, value in numbers(data).items():
            wanted.setdefault((name, at.replace(second=0)), []).append((at, value))
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        found = {(line["category"], line["minute"]): tuple(line)[2:] for line in await connection.fetch(WINDOWS)}
        assert await connection.fetchval("SELECT count(*) FROM raw_rows") == 3_000
        assert await connection.fetchval("SELECT sum(duplicate)::int8 FROM offsets") == 700
    finally:
        await connection.close()
    assert found == {
        key: (len(s), math.fsum(v for _, v in s), min(v for _, v in s), max(v for _, v in s), min(s)[1], max(s)[1])
        for key, s in wanted.items()
    }
