"""Streams as tests see them: put into the table, followed there, and recounted from Kafka by another client."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from tests.support.publisher import read_all
from tests.support.waiting import until_async


@dataclass(frozen=True)
class Published:
    """A reading as it lies in Kafka, read without our code."""

    id: str
    category: str
    timestamp: datetime
    value: float


def published(bootstrap: str, topic: str, stream: str) -> list[Published]:
    """All readings of a stream that Kafka has now, repeats included."""
    events = [json.loads(record.value) for record in read_all(bootstrap, topic) if record.value]
    return [
        Published(event["id"], event["category"], datetime.fromisoformat(event["timestamp"]), event["value"])
        for event in events
        if event["stream"] == stream
    ]


async def add_simulation(dsn: str, stream: str, run_start: datetime, **spec: Any) -> None:
    """Ask for a simulated stream by writing it into the table, as the control API does."""
    await execute(
        dsn,
        """INSERT INTO streams (id, kind, spec, desired, state, run_start)
           VALUES ($1, 'simulation', $2, 'running', 'pending', $3)""",
        stream,
        json.dumps(spec),
        run_start,
    )


async def execute(dsn: str, statement: str, *values: Any) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()


async def row(dsn: str, stream: str) -> dict[str, Any]:
    """The stream's row; empty when there is none."""
    connection = await asyncpg.connect(dsn)
    try:
        return dict(await connection.fetchrow("SELECT * FROM streams WHERE id = $1", stream) or {})
    finally:
        await connection.close()


async def until_state(dsn: str, stream: str, states: Iterable[str], within_s: float = 60) -> dict[str, Any]:
    """Wait until the stream is in one of the states; its row."""

    async def reached() -> dict[str, Any] | None:
        found = await row(dsn, stream)
        return found if found and found["state"] in states else None

    found = await until_async(reached, within_s, f"stream {stream} is {' or '.join(states)}")
    assert found
    return found
