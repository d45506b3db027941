"""What people and programs may do with streams: every change is one transaction on the table `streams`."""

from datetime import datetime
from typing import Any

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from producer import decide_dataset
from producer.built_in import BUILT_IN_IDS
from producer.decide import Stream, Wish, decide, refuse_if_active, refuse_if_full
from producer.decide_dataset import Ask
from producer.errors import Conflict, Unknown
from producer.spec import DatasetSpec, Spec
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
        raise Conflict(
            f"{stream} is built in: start it as it is (POST /api/v1/streams/{stream}/start), or choose another id"
        )
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(statement("hold_starting"))
        found = await connection.fetchrow(statement("lock_stream"), stream)
        if found is not None:
            refuse_if_active(_stream(found))
            if found["kind"] != "simulation" and not _is_gone(found):
                raise Conflict(f"stream {stream} is no simulation: use another id")
        await _refuse_if_full(connection, running_max)
        stored = spec.model_dump_json(exclude_unset=True)
        return await _begin(connection, stream, "simulation", stored, spec.start_time or now)


async def ingest(
    pool: asyncpg.Pool, stream: str, spec: DatasetSpec, ask: Ask, now: datetime, running_max: int
) -> tuple[asyncpg.Record, str | None]:
    """Begin, go on with or refresh a dataset; its row, and why nothing was begun where nothing is to be done.

    Raises Conflict where that contradicts what is. Never asks the source itself.
    """
    if stream in BUILT_IN_IDS:
        raise Conflict(f"{stream} is built in: choose another id")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(statement("hold_starting"))
        found = await connection.fetchrow(statement("lock_stream"), stream)
        if found is None or _is_gone(found):
            if found is not None and ask == "at_start":
                return found, f"stream {stream} was deleted: POST /api/v1/streams brings it back"
            if found is not None:
                refuse_if_active(_stream(found))
            await _refuse_if_full(connection, running_max)
            return await _begin(connection, stream, "dataset", spec.model_dump_json(), now), None
        before = _stream(found)
        after = decide_dataset.ingest(before, spec, ask)
        if after == before:
            return found, decide_dataset.already(before)
        await _refuse_if_full(connection, running_max)
        if after.spec != before.spec:
            return await _begin(connection, stream, "dataset", spec.model_dump_json(), now), None
        return await _store(connection, after), None


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
            await _refuse_if_full(connection, running_max)
        return found if after == before else await _store(connection, after)


async def _refuse_if_full(connection: PoolConnectionProxy, running_max: int) -> None:
    refuse_if_full([row["id"] for row in await connection.fetch(statement("active_streams"))], running_max)


async def _begin(
    connection: PoolConnectionProxy, stream: str, kind: str, spec: str, run_start: datetime
) -> asyncpg.Record:
    return (await connection.fetch(statement("start_stream"), stream, kind, spec, run_start))[0]


async def _store(connection: PoolConnectionProxy, after: Stream) -> asyncpg.Record:
    place = (after.run, after.run_start, after.position)
    kept = (after.delete_data, orjson.dumps(after.dataset).decode())
    values = (after.id, after.desired, after.state, after.reason, *place, *kept)
    return (await connection.fetch(statement("change_stream"), *values))[0]


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
        dataset=orjson.loads(row["dataset"]),
    )
