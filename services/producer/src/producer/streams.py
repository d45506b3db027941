"""Streams in Postgres: who runs which (leases), how far it got (checkpoints), what is wanted and what is (states)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import asyncpg
import orjson

from producer.away import AWAY
from producer.errors import LeaseLost, Retry
from producer.sql import statement

Outcome = Literal["drained", "completed", "failed"]
"""How a run ended: all it made was acknowledged and it was told to end, or has no more to make, or cannot go on."""


@dataclass(frozen=True)
class Claim:
    """A stream that this copy is to run, from `position` on; valid as long as its lease is renewed."""

    id: str
    kind: str
    spec: dict[str, Any]
    run: int
    run_start: datetime
    position: int
    progress: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Checkpoint:
    """How far a stream got: every event below `position` was acknowledged; `progress` is for people."""

    id: str
    run: int
    position: int
    progress: dict[str, Any]


async def claim(pool: asyncpg.Pool, owner: str, lease_s: float, limit: int) -> list[Claim]:
    """Take over up to `limit` streams that nobody runs; finish those that nobody runs and nobody wants."""
    rows = await pool.fetch(statement("claim_streams"), owner, lease_s, limit)
    return [
        Claim(
            id=row["id"],
            kind=row["kind"],
            spec=orjson.loads(row["spec"]),
            run=row["run"],
            run_start=row["run_start"],
            position=row["position"],
            progress=orjson.loads(row["progress"]),
        )
        for row in rows
        if row["owner"] == owner
    ]


async def renew(pool: asyncpg.Pool, owner: str, lease_s: float, checkpoints: Sequence[Checkpoint]) -> dict[str, str]:
    """Renew leases and store checkpoints. Answers the desired state by id; an id that is missing was lost."""
    rows = await pool.fetch(
        statement("renew_leases"),
        owner,
        lease_s,
        [checkpoint.id for checkpoint in checkpoints],
        [checkpoint.run for checkpoint in checkpoints],
        [checkpoint.position for checkpoint in checkpoints],
        [orjson.dumps(checkpoint.progress).decode() for checkpoint in checkpoints],
    )
    return {row["id"]: row["desired"] for row in rows}


async def end_run(pool: asyncpg.Pool, owner: str, end: Checkpoint, outcome: Outcome, reason: str | None) -> None:
    """Store the last checkpoint, set the state that follows and give the lease up; nothing if another copy has it."""
    progress = orjson.dumps(end.progress).decode()
    await pool.execute(statement("end_run"), owner, end.id, end.run, end.position, outcome, reason, progress)


async def noted_dataset(pool: asyncpg.Pool, owner: str, claim: Claim) -> dict[str, Any]:
    """What was pulled for the stream, empty where nothing was; raises as `note_dataset` does."""
    return dict(orjson.loads(await _of_mine(pool, "noted_dataset", owner, claim)))


async def note_dataset(pool: asyncpg.Pool, owner: str, claim: Claim, dataset: dict[str, Any]) -> None:
    """Store what was pulled; raises LeaseLost when another copy has the stream, Retry while Postgres is away."""
    await _of_mine(pool, "note_dataset", owner, claim, orjson.dumps(dataset).decode())


async def _of_mine(pool: asyncpg.Pool, name: str, owner: str, claim: Claim, *values: Any) -> Any:
    try:
        answer = await pool.fetchval(statement(name), claim.id, claim.run, owner, *values)
    except AWAY as error:
        raise Retry(f"Postgres did not answer: {error!r}") from error
    if answer is None:
        raise LeaseLost("another copy has the stream")
    return answer


async def not_to_keep(pool: asyncpg.Pool, streams: Sequence[str]) -> list[str]:
    """Those of the streams that have no more use for a spooled file."""
    return [row["id"] for row in await pool.fetch(statement("spools_not_to_keep"), streams)]
