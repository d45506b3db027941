"""Postgres where it is awkward: below a closed folder, beside another's pid file, left running."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from tests.support.waiting import until, until_async

from local_stack import pg_programs
from local_stack.accounts import Account, unprivileged
from local_stack.ports import any_port
from local_stack.postgres import IN_USE, Postgres

NOBODY = Account(uid=65534, gid=65534)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account for Postgres")


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="tideline-pg-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def postgres(folder: Path) -> Iterator[Postgres]:
    made = Postgres(folder, any_port(1)[0], "a password")
    made.prepare()
    made.start()
    yield made
    made.child.stop(within_s=5)


def test_data_stays_in_our_folder_when_the_account_may_enter_it(folder: Path) -> None:
    assert pg_programs.home(folder, Account()) == folder
    assert pg_programs.home(folder, NOBODY) == folder


def test_each_closed_folder_gets_a_place_of_its_own_elsewhere(folder: Path) -> None:
    folder.chmod(0o700)
    homes = {pg_programs.home(folder / name, NOBODY) for name in ("a", "b")}
    assert {path.parent for path in homes} == {pg_programs.SHARED_HOMES}
    assert len(homes) == 2


@as_root
def test_programs_that_the_account_may_not_reach_are_copied_even_under_a_strict_umask(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes = folder / "homes"
    monkeypatch.setattr(pg_programs, "SHARED_HOMES", homes)
    monkeypatch.setattr(Account, "may_enter", lambda self, path: path.is_relative_to(homes))
    umask = os.umask(0o077)
    moved = Postgres(folder, any_port(1)[0], "a password")
    try:
        moved.prepare()
        moved.start()
        assert Path(moved.child.command[0]).is_relative_to(homes)
        assert psutil.Process(moved.child.pid).username() == "nobody"
    finally:
        os.umask(umask)
        moved.child.stop(within_s=5)


def test_a_server_that_was_left_running_on_the_data_is_stopped_first(postgres: Postgres, folder: Path) -> None:
    again = Postgres(folder, any_port(1)[0], "a password")
    again.prepare()
    assert not postgres.child.running()
    again.start()
    again.child.stop(within_s=5)


def test_a_pid_file_with_the_pid_of_a_foreign_process_is_no_obstacle(postgres: Postgres) -> None:
    postgres.child.kill()
    pid_file = postgres.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]))
    postgres.prepare()
    postgres.start()
    assert psutil.pid_exists(os.getppid())


def test_it_answers_on_the_loopback_only_and_only_with_the_password(postgres: Postgres) -> None:
    sockets = psutil.Process(postgres.child.pid).net_connections()
    assert {entry.laddr.ip for entry in sockets if entry.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
    hba = (postgres.data / "pg_hba.conf").read_text().splitlines()
    methods = {line.split()[-1] for line in hba if line and not line.startswith("#")}
    assert methods == {"scram-sha-256"}


def test_a_killed_postmaster_is_started_again_on_its_data(postgres: Postgres) -> None:
    assert postgres.child.pid
    os.kill(postgres.child.pid, signal.SIGKILL)
    until(lambda: not postgres.child.running())
    postgres.child.kill()
    postgres.start()
    assert postgres.answers()


async def test_sessions_that_outlive_a_killed_server_are_waited_for(postgres: Postgres) -> None:
    session = await asyncpg.connect(postgres.dsn(database="postgres"))
    backend = psutil.Process(session.get_server_pid())
    backend.suspend()
    postgres.child.kill()
    starting = asyncio.create_task(asyncio.to_thread(postgres.start))
    await until_async(lambda: refused(postgres), what="a server that was started saw the session")
    backend.resume()
    await starting
    assert postgres.answers()
    session.terminate()


async def refused(postgres: Postgres) -> bool:
    return any(IN_USE in line for line in postgres.child.last_lines())


def test_this_process_may_run_postgres_as_itself_unless_it_is_root() -> None:
    assert (unprivileged() == Account()) == (os.geteuid() != 0)
