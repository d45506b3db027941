"""What each role may not do, and how long it may take; on the real schema."""

import asyncpg
import pytest
from tests.support.databases import Database

DSN = {"processor": "processor_dsn", "producer": "producer_dsn", "api": "api_dsn"}


async def _execute(database: Database, role: str, statement: str) -> str:
    connection = await asyncpg.connect(getattr(database, DSN[role]))
    try:
        return str(await connection.fetchval(statement))
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("api", "DELETE FROM raw_readings"),
        ("api", "UPDATE windows SET count = 0"),
        ("api", "INSERT INTO series (stream, category) VALUES ('a', 'b')"),
        ("api", "CREATE TABLE mine (n integer)"),
        ("api", "SELECT ensure_raw_partitions(ARRAY[now()])"),
        ("processor", "DROP TABLE raw_readings"),
        ("processor", "CREATE TABLE mine (n integer)"),
        ("processor", "ALTER TABLE offsets ADD COLUMN mine integer"),
        ("processor", "TRUNCATE raw_readings"),
        ("processor", "DELETE FROM offsets"),
        ("processor", "UPDATE raw_readings SET value = 0"),
        ("processor", "INSERT INTO streams (id, kind, desired, state) VALUES ('a', 'host', 'running', 'pending')"),
        ("api", "SELECT drop_raw_month()"),
        ("producer", "SELECT move_raw_horizon(1)"),
        ("producer", "SELECT * FROM raw_readings"),
        ("producer", "INSERT INTO windows SELECT * FROM windows"),
        ("producer", "CREATE TABLE mine (n integer)"),
    ],
)
async def test_a_role_cannot_do_what_is_not_its_work(database: Database, role: str, statement: str) -> None:
    connection = await asyncpg.connect(getattr(database, DSN[role]))
    try:
        if role == "api":  # it may switch its read-only transactions off: the rights must hold without them
            await connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("role", "setting", "value"),
    [
        ("api", "statement_timeout", "2s"),
        ("processor", "statement_timeout", "30s"),
        ("processor", "lock_timeout", "3s"),
        ("processor", "idle_in_transaction_session_timeout", "2s"),
        ("producer", "statement_timeout", "10s"),
    ],
)
async def test_a_role_has_its_time_limits(database: Database, role: str, setting: str, value: str) -> None:
    assert await _execute(database, role, f"SHOW {setting}") == value


async def test_the_processor_makes_monthly_partitions_through_the_function_alone(database: Database) -> None:
    await _execute(database, "processor", "SELECT ensure_raw_partitions(ARRAY['2026-02-03T04:05:06Z'::timestamptz])")
    names = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relname ~ '_202602$'"
    assert await _execute(database, "processor", names) == "raw_readings_202602 raw_rows_202602"


async def test_no_one_logs_in_with_a_wrong_password(database: Database) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(database.api_dsn, password="wrong")
