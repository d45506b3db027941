"""The database as this service uses it: waited for at start, one statement a call, failures as problems."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy

from chassis.database import open_pool
from chassis.problems import Problem
from query_api.errors import database_problem, unavailable
from query_api.settings import QueryApiSettings

log = structlog.get_logger("database")

Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"

RETRY_S = 0.5
ROWS_AT_ONCE = 500
FAILED = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
GRACE_S = 1.0
"""What the client waits beyond the server's own statement timeout: a server that is frozen keeps no timeout."""


@cache
def statement(name: str) -> str:
    """The text of sql/<name>.sql."""
    return (files("query_api") / "sql" / f"{name}.sql").read_text()


def session(settings: QueryApiSettings) -> dict[str, str]:
    """Session settings: a plan is made for the values at hand, as ranges and numbers of series differ widely, and reads
    by index also while a table that was just filled has no statistics yet."""
    return {
        "statement_timeout": str(settings.limits.statement_ms),
        "plan_cache_mode": "force_custom_plan",
        "enable_seqscan": "off",
        "jit": "off",
    }


SNAPSHOT_SETTINGS = """
LOCK TABLE raw_readings, raw_rows IN ACCESS SHARE MODE;
SET LOCAL enable_seqscan = on; SET LOCAL random_page_cost = 1.1; SET LOCAL work_mem = '64MB'
"""
"""Of a transaction that compares whole tables, or a part of each by index. Locked before it sees anything: a month of
raw data that is dropped is gone for older snapshots too, while its booking is not there for them."""


class Snapshot:
    """The database as it was at one moment."""

    def __init__(self, connection: Connection, statement_ms: int) -> None:
        self._connection = connection
        self._statement_ms = statement_ms

    async def fetch(self, name: str, *values: Any) -> list[asyncpg.Record]:
        """The rows of sql/<name>.sql. Raises Problem; after 504, too slow, the snapshot can still be asked."""
        try:
            async with self._connection.transaction():
                timeout = self._statement_ms / 1000 + GRACE_S
                return await self._connection.fetch(statement(name), *values, timeout=timeout)
        except asyncpg.QueryCanceledError as error:
            _raise_problem(error, name, self._statement_ms)
            raise

    async def rows(self, name: str, *values: Any) -> AsyncIterator[asyncpg.Record]:
        """The same, some rows at a time, in constant memory."""
        async for row in self._connection.cursor(statement(name), *values, prefetch=ROWS_AT_ONCE):
            yield row


class Database:
    """Connects by itself once Postgres is there; until then, and whenever it is away, a query is a 503."""

    def __init__(self, settings: QueryApiSettings) -> None:
        self._settings = settings
        self._pool: asyncpg.Pool | None = None

    async def connect(self) -> None:
        """Try until connected. Raises StartError for what waiting cannot heal (role, password, schema)."""
        told = False
        while self._pool is None:
            try:
                self._pool = await open_pool(self._settings, "query-api", session=session(self._settings))
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                if not told:
                    log.warning("waiting for Postgres", error=type(error).__name__)
                told = True
                await asyncio.sleep(RETRY_S)
        log.info("connected to Postgres")

    async def close(self) -> None:
        """Close all connections at once; the server ends what still ran."""
        if self._pool is not None:
            self._pool.terminate()

    async def fetch(self, name: str, *values: Any) -> list[asyncpg.Record]:
        """The rows of the statement in sql/<name>.sql. Raises Problem: 503 away, 504 too slow, 422 impossible value."""
        if self._pool is None:
            raise unavailable()
        limit_s = self._settings.limits.statement_ms / 1000 + GRACE_S
        try:
            connection = await self._pool.acquire(timeout=limit_s)
            try:
                return await connection.fetch(statement(name), *values, timeout=limit_s)
            finally:
                await self._pool.release(connection, timeout=GRACE_S)
        except FAILED as error:
            _raise_problem(error, name, self._settings.limits.statement_ms)
            raise

    @asynccontextmanager
    async def snapshot(self, statement_ms: int) -> AsyncIterator["Snapshot"]:
        """One moment of the database, however long it is looked at; each statement may take so long.

        Raises Problem as `fetch` does. Whole tables are read from end to end where that is the quickest.
        """
        if self._pool is None:
            raise unavailable()
        try:
            connection = await self._pool.acquire(timeout=statement_ms / 1000 + GRACE_S)
            try:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    await connection.execute(SNAPSHOT_SETTINGS)
                    await connection.execute(f"SET LOCAL statement_timeout = {statement_ms:d}")
                    yield Snapshot(connection, statement_ms)
            finally:
                await self._pool.release(connection, timeout=GRACE_S)
        except FAILED as error:
            _raise_problem(error, "snapshot", statement_ms)
            raise

    async def trouble(self) -> dict[str, str] | None:
        """Why it cannot be used now, as a reason code and a sentence; None: it answers."""
        if self._pool is None:
            return {"reason": "database_not_connected", "message": "Postgres was not reached yet: is it running?"}
        try:
            await self.fetch("alive")
        except Problem as problem:
            reason = "database_slow" if problem.status == 504 else "database_unreachable"
            return {"reason": reason, "message": problem.detail}
        return None


def _raise_problem(error: Exception, name: str, statement_ms: int) -> None:
    """Raise what a failed query is to the caller; nothing where the database's state does not explain it."""
    problem = database_problem(error, statement_ms)
    if problem is not None:
        log.warning("query failed", statement=name, error=type(error).__name__, status=problem.status)
        raise problem from error
