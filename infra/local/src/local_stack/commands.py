"""The commands of `python -m local_stack`."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from chassis.errors import StartError
from chassis.server import refuse_strangers
from chassis.settings import load_settings
from contracts.topics import Topics
from local_stack import dashboard, leftovers, pg_programs, running
from local_stack.accounts import unprivileged
from local_stack.disk import refuse_full
from local_stack.jars import resolve_lock, write_lock
from local_stack.lag import show_lag
from local_stack.screen import show_status
from local_stack.services import is_ready
from local_stack.settings import LocalSettings
from local_stack.stack import JARS_LOCK, YOURS, Stack, get_jars
from local_stack.waiting import until
from provision.settings import ProvisionSettings
from query_api.settings import QueryApiSettings

DATA = ("kafka", "postgres", "postgres.part", "programs-*", "logs", "passwords.json")
Command = Callable[[LocalSettings, Console, bool], int]


def by_name(name: str) -> Command:
    """The command of that name."""
    return NAMES[name]


def run(settings: LocalSettings, console: Console, _yes: bool) -> int:
    """Start all and stay until Ctrl-C, SIGTERM or the end of the terminal."""
    with running.claim(settings.data_dir) as ours:
        if not ours:
            console.print("Tideline is already running here: `make status` shows it, `make stop` stops it.")
            return 0
        _refuse_strangers(settings)
        refuse_full(settings.data_dir, shutil.disk_usage(settings.data_dir).free)
        jars = [] if settings.kafka_bootstrap else get_jars(settings, console)
        dashboard.build_if_possible(console)
        stack = Stack(settings, load_settings(ProvisionSettings, "provision"), console)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stack.ask_stop)
        try:
            stack.run(jars)
        except StartError:
            if not stack.stopping():  # else it is our own stop that something under way complains about
                raise
    return 0


def _refuse_strangers(settings: LocalSettings) -> None:
    """Say now what query-api would say at the end of the start."""
    api = load_settings(QueryApiSettings, "query-api")
    refuse_strangers(settings.http_host, api.trusted_network or bool(api.api_keys))


def stop(settings: LocalSettings, console: Console, _yes: bool) -> int:
    """Stop the run of this folder, or what a killed one left behind."""
    folder = settings.data_dir
    pid = running.supervisor(folder)
    if pid:
        os.kill(pid, signal.SIGTERM)
        if not until(lambda: running.supervisor(folder) is None, within_s=30):
            raise StartError(f"process {pid} does not stop; end it with: kill -9 {pid}, then make stop")
        console.print("Stopped.")
        return 0
    left = leftovers.stop_all(folder / "run" / "children")
    console.print(f"Stopped what a killed run left behind: {', '.join(left)}" if left else "Tideline is not running.")
    return 0


def status(settings: LocalSettings, console: Console, _yes: bool) -> int:
    """Say what runs where, and whether it is ready."""
    pid, state = running.supervisor(settings.data_dir), running.read_state(settings.data_dir)
    if not pid:
        console.print("Tideline is not running: `make run` starts it.")
    elif not state:
        console.print(f"Tideline is starting or stopping (process {pid}).")
    else:
        show_status(console, state, pid, lambda part: _condition(settings.data_dir, part))
    return 0


def _condition(folder: Path, part: running.Part) -> str:
    if part.ready_url:
        return "ready" if is_ready(part.ready_url) else "not ready"
    if part.note == YOURS:
        return YOURS
    records = (folder / "run" / "children").glob(f"{part.name}*.json")
    alive = sum(1 for record in records if leftovers.find(record))
    return "runs" if alive == len(part.address.split(",")) else "down"


def clean(settings: LocalSettings, console: Console, yes: bool) -> int:
    """Delete all data, logs and passwords; the downloads stay. Asks first."""
    folder = settings.data_dir
    with running.claim(folder) as ours:
        if not ours:
            raise StartError("Tideline is running: `make stop` first")
        leftovers.stop_all(folder / "run" / "children")
        home = pg_programs.home(folder, unprivileged())
        doomed = [path for pattern in DATA for path in folder.glob(pattern)]  # ours only: others may use the folder
        doomed += [home] if home.exists() and home != folder.resolve() else []
        if not doomed:
            console.print("There is no data to delete.")
            return 0
        names = ", ".join(str(path) for path in sorted(doomed))
        if not yes and not _agreed(console, f"Delete all events, windows, logs and passwords ({names})? [y/N] "):
            console.print("Nothing was deleted.")
            return 0
        for path in doomed:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    console.print(f"Deleted. The downloads in {folder / 'cache'} stay, for the next start.")
    return 0


def _agreed(console: Console, question: str) -> bool:
    if not sys.stdin.isatty():
        raise StartError("nobody to ask: use `.venv/bin/python -m local_stack clean --yes`")
    return console.input(question, markup=False).strip().lower() in ("y", "yes")


def lag(settings: LocalSettings, console: Console, _yes: bool) -> int:
    """Consumer lag of every partition, told by Kafka's own tool: of the Kafka one has named, else of the run here."""
    bootstrap, prefix = settings.kafka_bootstrap, settings.topic_prefix
    if not bootstrap:
        state = running.read_state(settings.data_dir) if running.supervisor(settings.data_dir) else None
        if not state:
            raise StartError("Tideline is not running: `make run` first, or set TIDELINE_KAFKA_BOOTSTRAP")
        bootstrap, prefix = state.kafka_bootstrap, state.topic_prefix
    return show_lag(bootstrap, settings.kafka, Topics(prefix).processor_group, get_jars(settings, console))


def lock_jars(settings: LocalSettings, console: Console, _yes: bool) -> int:
    """Resolve Kafka anew and write infra/kafka/jars.lock."""
    jars = resolve_lock(settings.data_dir / "cache" / "maven", settings.maven_repository, console.print)
    write_lock(JARS_LOCK, jars)
    console.print(f"{JARS_LOCK}: {len(jars)} jars")
    return 0


def build_dashboard(_settings: LocalSettings, console: Console, _yes: bool) -> int:
    """Build the dashboard, if its sources changed."""
    dashboard.build(console)
    return 0


def dashboard_types(_settings: LocalSettings, console: Console, _yes: bool) -> int:
    """Its types."""
    dashboard.script(console, "check")
    return 0


def dashboard_tests(_settings: LocalSettings, console: Console, _yes: bool) -> int:
    """Its pure parts."""
    dashboard.script(console, "test")
    return 0


NAMES: dict[str, Command] = {
    "run": run,
    "stop": stop,
    "status": status,
    "clean": clean,
    "lag": lag,
    "lock-jars": lock_jars,
    "dashboard": build_dashboard,
    "dashboard-check": dashboard_types,
    "dashboard-test": dashboard_tests,
}
