"""Processes that an earlier run left behind (kill -9, power cut): found by their records, never by name."""

import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil


def write(record: Path, pid: int) -> None:
    """Note a process: its pid and its start time, which together name it for good."""
    with suppress(psutil.NoSuchProcess):
        started = psutil.Process(pid).create_time()
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps({"pid": pid, "started": started}))


def find(record: Path) -> psutil.Process | None:
    """The noted process if it still runs; a foreign process that was given the same pid since then is not it."""
    try:
        noted = json.loads(record.read_text())
        process = psutil.Process(noted["pid"])
        if abs(process.create_time() - noted["started"]) > 1 or process.status() == psutil.STATUS_ZOMBIE:
            return None
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return process


def stop_all(folder: Path, within_s: float = 5.0) -> list[str]:
    """Stop every process noted in a folder and forget the notes; names of those that were still running."""
    found = {record: process for record in sorted(folder.glob("*.json")) if (process := find(record))}
    stop(list(found.values()), within_s)
    for record in folder.glob("*.json"):
        record.unlink(missing_ok=True)
    return [record.stem for record in found]


def stop(processes: list[psutil.Process], within_s: float) -> None:
    """Ask them to stop; end those, with their groups, that do not within `within_s` seconds."""
    for process in processes:
        _signal(process, signal.SIGINT if is_postgres(process) else signal.SIGTERM)
        _signal(process, signal.SIGCONT)
    _, alive = psutil.wait_procs(processes, timeout=within_s)
    for process in alive:
        _signal(process, signal.SIGKILL, group=True)
    psutil.wait_procs(alive, timeout=5)


def is_postgres(process: psutil.Process) -> bool:
    """SIGTERM would make Postgres wait for its clients."""
    try:
        return bool(process.name() == "postgres")
    except psutil.Error:
        return False


def _signal(process: psutil.Process, number: signal.Signals, group: bool = False) -> None:
    with suppress(ProcessLookupError, psutil.NoSuchProcess):
        if group and os.getpgid(process.pid) == process.pid:  # each child leads a group of its own
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
