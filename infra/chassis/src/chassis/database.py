"""A Postgres pool for one service, opened only on a schema that this code knows."""

import ssl
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import asyncpg

from chassis.errors import StartError
from chassis.settings import PostgresClientSettings

COMMAND_TIMEOUT_S = 40.0
"""Longest wait for an answer: more than any role's statement_timeout, so it only ends what the server cannot end, a
connection whose other side has vanished."""
CONFUSED = (asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the driver says, beside OSError and PostgresError, of a connection that was cut at an awkward moment."""
SCHEMA_VERSION = "20261121000011"
"""The newest migration this code knows: the number of the last file in infra/postgres/migrations (a test compares)."""


async def open_pool(
    settings: PostgresClientSettings,
    service: str,
    prepare: Callable[[asyncpg.Connection], Coroutine[Any, Any, None]] | None = None,
    session: Mapping[str, str] | None = None,
) -> asyncpg.Pool:
    """Connect and check the schema; each new connection has the settings in `session` and is given to `prepare`.
    One that comes back is rolled back where it has to be, and no more: set nothing but with SET LOCAL, hold no lock of
    the session. asyncpg would put it in order by one more statement each time.

    Raises StartError when the settings are wrong (no such role, database or password; no trust; schema too old or new)
    and OSError or asyncpg.PostgresError when the server is away: wait and try again.
    """
    try:
        pool = await asyncpg.create_pool(
            settings.postgres_dsn.get_secret_value(),
            min_size=settings.postgres.pool_min,
            max_size=settings.postgres.pool_max,
            timeout=settings.postgres.connect_timeout_s,
            command_timeout=COMMAND_TIMEOUT_S,
            init=prepare,
            reset=_as_it_is,
            server_settings={"application_name": f"tideline-{service}", "timezone": "UTC", **(session or {})},
        )
    except ssl.SSLCertVerificationError as error:
        raise StartError(
            f"Postgres shows a certificate that is not trusted ({error.verify_message}): correct sslrootcert in "
            "TIDELINE_POSTGRES_DSN, or the name of the server"
        ) from None
    except (ValueError, asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
        raise StartError(
            f"cannot use TIDELINE_POSTGRES_DSN: {type(error).__name__}; check role, password and database"
        ) from None
    except CONFUSED as error:
        raise ConnectionError(f"Postgres went away while it was connected to: {error}") from error
    try:
        await check_schema(pool)
    except CONFUSED as error:
        pool.terminate()
        raise ConnectionError(f"Postgres went away while it was asked for its schema: {error}") from error
    except BaseException:
        pool.terminate()
        raise
    return pool


async def _as_it_is(_connection: asyncpg.Connection) -> None:
    return None


async def check_schema(pool: asyncpg.Pool) -> None:
    """Raise StartError unless the database's schema is exactly the one this code was written for."""
    try:
        version = await pool.fetchval("SELECT max(version) FROM schema_migrations")
    except asyncpg.UndefinedTableError:
        version = None
    if version is None or version < SCHEMA_VERSION:
        raise StartError(
            f"the database schema is {version or 'missing'}, this code needs {SCHEMA_VERSION}: "
            "run `python -m provision migrate`"
        )
    if version > SCHEMA_VERSION:
        raise StartError(
            f"the database schema {version} is newer than this code ({SCHEMA_VERSION}): update this service"
        )
