"""One child process: its own process group, its log file, a record of its pid for the next start."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from local_stack import leftovers
from local_stack.accounts import Account

LOG_BYTES_MAX = 20_000_000
LAST_LINES = 12
PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """A command that is started, watched and stopped. Ctrl-C in the terminal does not reach it."""

    name: str
    command: Sequence[str]
    folder: Path
    """The stack's data folder: log in `logs/<name>.log`, record in `run/children`."""
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    account: Account = field(default_factory=Account)
    stop_signal: signal.Signals = signal.SIGTERM
    _process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.folder / "logs" / f"{self.name}.log"

    @property
    def record(self) -> Path:
        """What the next start reads to find a process that was left behind."""
        return self.folder / "run" / "children" / f"{self.name}.json"

    @property
    def pid(self) -> int | None:
        """Its process id, also after its end; None before the first start."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it; it must not be running."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.bound_log()
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.env},
                cwd=self.cwd,
                process_group=0,
                preexec_fn=_end_with_parent(self.stop_signal),
                user=self.account.uid,
                group=self.account.gid,
                extra_groups=self.account.groups,
            )
        leftovers.write(self.record, self._process.pid)

    def exit_code(self) -> int | None:
        """None while it runs or was never started; minus the signal's number when a signal ended it."""
        return self._process.poll() if self._process else None

    def running(self) -> bool:
        """It was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process itself, if it runs."""
        if self._process:
            self._process.send_signal(number)

    def send_group(self, number: signal.Signals) -> None:
        """Send a signal to the process and all of its group."""
        if self._process:
            with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
                os.killpg(self._process.pid, number)

    def pause(self) -> None:
        """Freeze it and its children, as a stalled machine would. Postgres's are in groups of their own."""
        self._send_family(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._send_family(signal.SIGCONT)

    def _send_family(self, number: signal.Signals) -> None:
        if self._process:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(self._process.pid)
                for member in (process, *process.children(recursive=True)):
                    with suppress(psutil.NoSuchProcess):
                        member.send_signal(number)

    def kill(self) -> None:
        """End it and its group at once, as kill -9 would; returns when it is gone."""
        self.send_group(signal.SIGKILL)
        self._ended(10)

    def stop(self, within_s: float) -> bool:
        """Ask it to stop; after `within_s` seconds end it. True when it stopped by itself."""
        self.send(self.stop_signal)
        self.resume()
        stopped = self._ended(within_s)
        self.kill()
        return stopped

    def _ended(self, within_s: float) -> bool:
        if self._process:
            try:
                self._process.wait(within_s)
            except subprocess.TimeoutExpired:
                return False
        self.record.unlink(missing_ok=True)
        return True

    def last_lines(self) -> list[str]:
        """The end of its log."""
        with suppress(FileNotFoundError), self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 20_000))
            return file.read().decode(errors="replace").splitlines()[-LAST_LINES:]
        return []

    def bound_log(self) -> None:
        """Keep one older part of a log that has grown large. It is open for appending, so it may be cut under way."""
        with suppress(FileNotFoundError):
            if self.log.stat().st_size > LOG_BYTES_MAX:
                shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
                os.truncate(self.log, 0)


def _end_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """On Linux: have the kernel send the child its stop signal when this process dies, however it dies.

    Only from the main thread, since the kernel means the thread that started the child.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
