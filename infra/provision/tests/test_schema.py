"""Migrations with dbmate, and the roles' passwords, on a real Postgres."""

import asyncio
import base64
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from tests.support.databases import Database
from tests.support.stack import ROOT, Stack

from chassis.errors import StartError
from provision.schema import migrate, place, run_dbmate, scram_verifier, set_passwords, without_tls

MIGRATIONS = ROOT / "infra" / "postgres" / "migrations"


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("postgresql://u:p@h:1/d", "postgresql://u:p@h:1/d?sslmode=disable"),
        ("postgresql://h/d?application_name=x", "postgresql://h/d?application_name=x&sslmode=disable"),
        ("postgresql://h/d?sslmode=require", "postgresql://h/d?sslmode=require"),
    ],
)
def test_tls_is_off_unless_the_dsn_says_otherwise(dsn: str, expected: str) -> None:
    assert without_tls(dsn) == expected


def test_a_dsn_is_named_without_user_and_password() -> None:
    assert place("postgresql://me:secret@db.example:5432/tideline?password=x") == "db.example:5432/tideline"


async def test_a_second_migration_changes_nothing(database: Database) -> None:
    assert await run_dbmate(database.owner_dsn, MIGRATIONS, wait_s=10) == []


async def test_an_empty_server_gets_database_and_all_migrations_even_from_two_at_once(stack: Stack) -> None:
    dsn = stack.postgres_dsn.rpartition("/")[0] + "/two_at_once"
    await run_dbmate(dsn, MIGRATIONS, wait_s=10)
    connection = await asyncpg.connect(stack.postgres_dsn.rpartition("/")[0] + "/postgres")
    try:
        await connection.execute("DROP DATABASE two_at_once")
        await connection.execute("CREATE DATABASE two_at_once")
        done = await asyncio.gather(*(run_dbmate(dsn, MIGRATIONS, wait_s=10) for _ in range(2)))
        assert sorted(map(len, done)) == [0, len(list(MIGRATIONS.glob("*.sql")))]
    finally:
        await connection.execute("DROP DATABASE IF EXISTS two_at_once WITH (FORCE)")
        await connection.close()


async def test_a_server_that_is_away_is_one_line_within_the_limit() -> None:
    with pytest.raises(StartError, match=r"^cannot migrate the database at 127\.0\.0\.1:1/x: .*TIDELINE_POSTGRES_DSN$"):
        await migrate("postgresql://me:secret@127.0.0.1:1/x", MIGRATIONS, {}, wait_s=0.5)


@pytest.mark.parametrize(
    "dsn", ["postgresql://me:secret@127.0.0.1:port/x", "me:secret@127.0.0.1/x", "postgres:me:secret@x"]
)
async def test_a_dsn_that_cannot_be_read_is_not_quoted_with_its_password(dsn: str) -> None:
    with pytest.raises(StartError, match="TIDELINE_POSTGRES_DSN") as caught:
        await migrate(dsn, MIGRATIONS, {}, wait_s=0.5)
    assert "secret" not in str(caught.value)


async def test_a_folder_without_migrations_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"TIDELINE_MIGRATIONS_DIR"):
        await migrate("postgresql://me@127.0.0.1:1/x", tmp_path, {})


async def test_the_verifier_is_what_postgres_itself_makes_of_the_password(stack: Stack, database: Database) -> None:
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        await connection.execute("CREATE ROLE verifier_probe PASSWORD 'pencil and (paper)'")
        theirs = await connection.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = 'verifier_probe'")
        await connection.execute("DROP ROLE verifier_probe")
    finally:
        await connection.close()
    _, rounds_and_salt, _ = theirs.split("$")
    rounds, salt = rounds_and_salt.split(":")

    assert scram_verifier("pencil and (paper)", base64.b64decode(salt), int(rounds)) == theirs


async def test_a_role_that_is_not_there_is_named(database: Database) -> None:
    with pytest.raises(StartError, match='role "nobody_here" does not exist: migrate'):
        await set_passwords(database.owner_dsn, {"nobody_here": "x"})


async def test_two_deployments_on_one_server_do_not_lock_each_other_out(stack: Stack, database: Database) -> None:
    owner = await asyncpg.connect(database.owner_dsn)
    role = "tideline_guest_of_a_test"
    elsewhere = stack.postgres_dsn.rpartition("/")[0] + "/postgres"
    try:
        await owner.execute(f"CREATE ROLE {role} LOGIN")
        await set_passwords(database.owner_dsn, {role: "first"})
        await set_passwords(database.owner_dsn, {role: "second"})
        await set_passwords(elsewhere, {role: "second"})
        with pytest.raises(StartError, match="TIDELINE_ROLE_PASSWORDS__GUEST_OF_A_TEST") as caught:
            await set_passwords(elsewhere, {role: "third"})
        assert database.owner_dsn.rpartition("/")[2] in str(caught.value)
        await (await asyncpg.connect(database.owner_dsn, user=role, password="second")).close()
        await set_passwords(database.owner_dsn, {role: "third"})
    finally:
        await owner.execute(f"DROP ROLE {role}")
        await owner.close()


@pytest.mark.parametrize("password", ["naïve", "tab\there"])
def test_a_password_that_clients_may_spell_differently_is_refused(password: str) -> None:
    with pytest.raises(StartError, match="printable ASCII"):
        scram_verifier(password)


def test_the_command_sets_the_passwords_it_is_given(database: Database) -> None:
    done = _command("migrate", database.provision_env)
    assert (done.returncode, done.stderr) == (0, "")
    assert "up to date" in done.stdout


def test_the_command_says_what_is_wrong_in_one_line(database: Database) -> None:
    env = {**database.provision_env, "TIDELINE_REPLICATION_FACTOR": "none", "TIDELINE_ROLE_PASSWORDS__APL": "x"}
    done = _command("migrate", env)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "TIDELINE_REPLICATION_FACTOR" in done.stderr
    assert "TIDELINE_ROLE_PASSWORDS__APL" in done.stderr


def _command(command: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TIDELINE_")}
    program = [sys.executable, "-m", "provision", command]
    return subprocess.run(program, cwd=ROOT, env=clean | env, capture_output=True, text=True, check=False)
