"""A fresh migrated database for each test: migrated once into a template, then copied."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from local_stack.waiting import in_own_loop
from provision.schema import migrate
from tests.support.stack import ROOT, Stack

SERVICE_ROLES = ("processor", "producer", "api")


@dataclass(frozen=True)
class Database:
    """A database of its own, with the schema in place."""

    owner_dsn: str
    processor_dsn: str
    producer_dsn: str
    api_dsn: str
    provision_env: dict[str, str]
    """What `python -m provision migrate` needs in its environment for this database."""


def database_at(stack: Stack, name: str) -> Database:
    """How each role reaches a database of the stack."""
    owner = _with(stack.postgres_dsn, name)
    passwords = {role: stack.passwords[role] for role in SERVICE_ROLES}
    dsns = {role: _with(stack.postgres_dsn, name, f"tideline_{role}", word) for role, word in passwords.items()}
    env = {f"TIDELINE_ROLE_PASSWORDS__{role.upper()}": word for role, word in passwords.items()}
    return Database(owner, dsns["processor"], dsns["producer"], dsns["api"], {"TIDELINE_POSTGRES_DSN": owner, **env})


@contextmanager
def template(stack: Stack) -> Iterator[str]:
    """The name of a migrated database to copy, dropped in the end."""
    name = f"tideline_template_{secrets.token_hex(4)}"
    passwords = {f"tideline_{role}": stack.passwords[role] for role in SERVICE_ROLES}
    in_own_loop(migrate(_with(stack.postgres_dsn, name), ROOT / "infra/postgres/migrations", passwords))
    yield name
    in_own_loop(_drop(stack, name))


@contextmanager
def copy_of(stack: Stack, template_name: str) -> Iterator[Database]:
    """A copy of the template, dropped in the end with whoever is connected."""
    stack.postgres.start()  # a test before may have left it dead
    name = f"tideline_test_{secrets.token_hex(4)}"
    in_own_loop(_as_owner(stack, f"CREATE DATABASE {name} TEMPLATE {template_name}"))
    yield database_at(stack, name)
    stack.postgres.start()
    in_own_loop(_drop(stack, name))


async def _drop(stack: Stack, name: str) -> None:
    await _as_owner(stack, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def _as_owner(stack: Stack, statement: str) -> None:
    connection = await asyncpg.connect(_with(stack.postgres_dsn, "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _with(dsn: str, database: str, user: str = "", password: str = "") -> str:
    parts = urlsplit(dsn)
    place = parts.netloc.rpartition("@")[2]
    netloc = f"{user}:{password}@{place}" if user else parts.netloc
    return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}"))
