"""TLS towards Postgres, as the DSN says: services, the setting of passwords and dbmate.

The Postgres of `make run` has no TLS, so a proxy stands in front of it that does.
"""

from pathlib import Path

import pytest
import trustme
from tests.support.databases import Database
from tests.support.stack import ROOT
from tests.support.tls_proxy import tls_proxy

from chassis.database import open_pool
from chassis.errors import StartError
from local_stack.services import as_role
from provision.schema import run_dbmate, set_passwords
from query_api.settings import QueryApiSettings

MIGRATIONS = ROOT / "infra" / "postgres" / "migrations"


def settings(dsn: str) -> QueryApiSettings:
    return QueryApiSettings.model_validate({"postgres_dsn": dsn})


def trusting(dsn: str, ca_file: Path, mode: str = "verify-full") -> str:
    return f"{dsn}?sslmode={mode}&sslrootcert={ca_file}"


async def test_a_service_asks_for_tls_and_checks_who_answers(database: Database, tmp_path: Path) -> None:
    async with tls_proxy(database.api_dsn, tmp_path) as proxy:
        pool = await open_pool(settings(trusting(proxy.dsn, proxy.ca_file)), "query-api")
        assert await pool.fetchval("SELECT current_user") == "tideline_api"
        pool.terminate()
        assert (proxy.with_tls > 0, proxy.without) == (True, 0)


async def test_a_server_that_nobody_vouches_for_is_one_line(database: Database, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    trustme.CA().cert_pem.write_to_path(tmp_path / "other" / "ca.pem")
    async with tls_proxy(database.api_dsn, tmp_path) as proxy:
        for dsn in (
            trusting(proxy.dsn, tmp_path / "other" / "ca.pem"),
            trusting(proxy.dsn.replace("127.0.0.1", "localhost"), proxy.ca_file),
        ):
            with pytest.raises(StartError, match="sslrootcert in TIDELINE_POSTGRES_DSN"):
                await open_pool(settings(dsn), "query-api")
        assert proxy.without == 0, "no password went there"


async def test_without_tls_on_the_other_side_nothing_is_sent(database: Database, tmp_path: Path) -> None:
    async with tls_proxy(database.api_dsn, tmp_path, has_tls=False) as proxy:
        for mode in ("require", "verify-full"):
            with pytest.raises(ConnectionError, match="SSL"):
                await open_pool(settings(trusting(proxy.dsn, proxy.ca_file, mode)), "query-api")


async def test_migrations_and_passwords_go_over_tls(database: Database, tmp_path: Path) -> None:
    async with tls_proxy(database.owner_dsn, tmp_path) as proxy:
        dsn = trusting(proxy.dsn, proxy.ca_file)
        assert await run_dbmate(dsn, MIGRATIONS, wait_s=10) == []
        assert (proxy.with_tls > 0, proxy.without) == (True, 0)
        await set_passwords(dsn, {})
    async with tls_proxy(database.owner_dsn, tmp_path, has_tls=False) as proxy:
        with pytest.raises(StartError, match="SSL"):
            await run_dbmate(trusting(proxy.dsn, proxy.ca_file, "require"), MIGRATIONS, wait_s=1)


def test_the_stack_hands_the_terms_of_the_owner_on_to_every_role() -> None:
    dsn = as_role("postgresql://owner:word@db.example:5432/tideline?sslmode=verify-full&sslrootcert=/ca.pem", "r", "w")
    assert dsn == "postgresql://r:w@db.example:5432/tideline?sslmode=verify-full&sslrootcert=/ca.pem"
