"""What people and programs may do with streams: every change is one transaction on the table `streams`."""

from datetime import datetime
from typing import Any

import asyncpg
import orjson

from producer.built_in import BUILT_IN_IDS
from producer.decide import Stream, Wish, decide, refuse_if_active, refuse_if_full
from producer.errors import Conflict, Unknown
from producer.spec import Spec
from producer.sql import statement


async def all_streams(pool: asyncpg.Pool) -> list[asyncpg.Record]:
    """Every stream that is not deleted, built-in ones first."""
    return list(await pool.fetch(statement("all_streams")))


async def one_stream(pool: asyncpg.Pool, stream: str) -> asyncpg.Record:
    """The row of a stream; raises Unknown."""
    row = await pool.fetchrow(statement("one_stream"), stream)
    if row is None or _is_gone(row):
        raise _unknown(stream)
    return row


async def start(pool: asyncpg.Pool, stream: str, spec: Spec, now: datetime, running_max: int) -> asyncpg.Record:
    """Begin a stream, or a new run of one at rest; raises Conflict when it runs already or too many do.

    Starts wait for each other over all copies, so that never more than `running_max` are active.
    """
    if stream in BUILT_IN_IDS:
        raise Conflict(f"{stream} is built in: start it by POST /streams/{stream}/start, or choose another id")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(statement("hold_starting"))
        found = await connection.fetchrow(statement("lock_stream"), stream)
        if found is not None:
            refuse_if_active(_stream(found))
        active = [row["id"] for row in await connection.fetch(statement("active_streams"))]
        refuse_if_full(active, running_max)
        stored = spec.model_dump_json(exclude_unset=True)
        begun = (stream, "simulation", stored, spec.start_time or now)
        return (await connection.fetch(statement("start_stream"), *begun))[0]


async def change(
    pool: asyncpg.Pool, stream: str, wish: Wish, now: datetime, running_max: int, delete_data: bool = False
) -> asyncpg.Record:
    """Carry a wish out, unless it is so already. Raises Unknown, or Conflict when it makes no sense now."""
    async with pool.acquire() as connection, connection.transaction():
        if wish == "start":
            await connection.execute(statement("hold_starting"))
        found = await connection.fetchrow(statement("lock_stream"), stream)
        if found is None or (_is_gone(found) and wish != "delete" and not (wish == "start" and found["built_in"])):
            raise _unknown(stream)
        before = _stream(found)
        after = decide(before, wish, now, delete_data)
        if wish == "start" and not before.built_in:
            refuse_if_full([row["id"] for row in await connection.fetch(statement("active_streams"))], running_max)
        if after == before:
            return found
        values = (after.desired, after.state, after.reason, after.run, after.run_start, after.position)
        return (await connection.fetch(statement("change_stream"), stream, *values, after.delete_data))[0]


def _is_gone(row: asyncpg.Record) -> bool:
    return bool(row["desired"] == "deleted" and row["state"] != "stopping")


def _unknown(stream: str) -> Unknown:
    hint = f": the setting built_in.{stream} is off" if stream in BUILT_IN_IDS else ""
    return Unknown(f"there is no stream {stream}{hint}")


def _stream(row: asyncpg.Record) -> Stream:
    progress: dict[str, Any] = orjson.loads(row["progress"])
    return Stream(
        id=row["id"],
        kind=row["kind"],
        built_in=row["built_in"],
        spec=orjson.loads(row["spec"]),
        desired=row["desired"],
        state=row["state"],
        reason=row["reason"],
        run=row["run"],
        run_start=row["run_start"],
        position=row["position"],
        delete_data=row["delete_data"],
        behind_s=progress.get("behind_s"),
    )
