"""The schema that code was written for is the schema that migrations make, and no other is worked with."""

from pathlib import Path

import asyncpg
import pytest

from chassis.database import SCHEMA_VERSION, check_schema, open_pool
from chassis.errors import StartError
from chassis.settings import PostgresClientSettings

MIGRATIONS = Path(__file__).parents[2] / "postgres" / "migrations"


class Answering:
    """Stands in for a pool: its schema_migrations ends with this version."""

    def __init__(self, version: str | None) -> None:
        self.version = version

    async def fetchval(self, _statement: str) -> str | None:
        return self.version


def test_the_known_schema_is_the_last_migration() -> None:
    assert max(file.name for file in MIGRATIONS.glob("*.sql")).split("_")[0] == SCHEMA_VERSION


async def test_the_known_schema_is_worked_with() -> None:
    await check_schema(Answering(SCHEMA_VERSION))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (None, "schema is missing.*provision migrate"),
        ("20200101000000", "schema is 20200101000000.*provision migrate"),
        ("29990101000000", "29990101000000 is newer than this code"),
    ],
)
async def test_an_older_or_newer_schema_is_refused_with_what_to_do(version: str | None, message: str) -> None:
    with pytest.raises(StartError, match=message):
        await check_schema(Answering(version))  # type: ignore[arg-type]


class CutOff:
    """Stands in for a pool whose connection is cut in the middle of the first question."""

    terminated = False

    async def fetchval(self, _statement: str) -> str | None:
        raise asyncpg.InternalClientError("cannot switch to state 11; another operation (2) is in progress")

    def terminate(self) -> None:
        self.terminated = True


async def test_a_connection_that_is_cut_while_it_is_opened_is_one_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = CutOff()

    async def opened(*_: object, **__: object) -> CutOff:
        return pool

    monkeypatch.setattr(asyncpg, "create_pool", opened)
    with pytest.raises(OSError, match="went away"):
        await open_pool(PostgresClientSettings(), "test")
    assert pool.terminated
