"""The services of a run as processes that are killed, frozen and ended, and come back."""

import re
import threading
from collections.abc import Mapping
from pathlib import Path

from tests.support.processes import ServiceProcess

from local_stack.ports import any_port

ENDED_AS_ASKED = (0, -9, -15, 3)
"""Stopped, killed, ended before it could listen to SIGTERM, or cut off because its stop took too long."""


class Crew:
    """Named copies of services. `env` holds, by service, what all of its copies get."""

    def __init__(self, names: Mapping[str, str], env: Mapping[str, dict[str, str]], folder: Path) -> None:
        """`names`: name → service."""
        self._services = dict(names)
        self._env = env
        self._folder = folder
        self._ports = dict(zip(names, any_port(len(names)), strict=True))
        self._running: dict[str, ServiceProcess] = {}
        self._over = False
        self._starting = threading.Lock()
        self.ended_alone: list[str] = []
        """Processes that ended though nobody asked them to."""

    @property
    def pids(self) -> dict[str, int]:
        """Of those that run."""
        return {name: process.pid for name, process in self._running.items() if process.exit_code is None}

    def url(self, name: str) -> str:
        """Where a copy answers when it runs."""
        return self._running[name].url

    def start(self, name: str) -> None:
        """Start a copy that does not run; let go on one that is frozen."""
        with self._starting:
            process = self._running.get(name)
            if process is not None and process.exit_code is None:
                process.resume()
            elif not self._over:
                service = self._services[name]
                env = {"TIDELINE_NAME": name, "TIDELINE_HTTP_PORT": str(self._ports[name]), **self._env[service]}
                self._running[name] = ServiceProcess(service, env, self._folder)

    def start_all(self) -> None:
        """All of them run, none frozen."""
        for name in self._services:
            self.start(name)

    def kill(self, name: str) -> None:
        """kill -9."""
        self._running[name].kill()

    def freeze(self, name: str) -> None:
        """SIGSTOP."""
        if self._running[name].exit_code is None:
            self._running[name].pause()

    def ask_to_end(self, name: str) -> None:
        """SIGTERM."""
        if self._running[name].exit_code is None:
            self._running[name].ask_to_end()

    def wait_ended(self, name: str, within_s: float = 15) -> None:
        """After `ask_to_end`: wait, and kill what hangs, which is noted."""
        try:
            self._running[name].wait_ended(within_s)
        except AssertionError:
            self.ended_alone.append(f"{name} did not end within {within_s:g} s of SIGTERM")
            self._running[name].kill()

    def look_after(self, busy: set[str]) -> None:
        """Note and start again whoever ended by itself; `busy` are those that a fault has in hand."""
        for name, process in list(self._running.items()):
            if name not in busy and process.exit_code is not None:
                if process.exit_code not in ENDED_AS_ASKED:
                    self.ended_alone.append(f"{name} ended with {process.exit_code}: {process.log[-600:]}")
                self.start(name)

    def kill_all(self) -> None:
        """The end of the run: whoever still watches over it, because it broke off, starts nobody again."""
        with self._starting:
            self._over = True
        for process in self._running.values():
            process.kill()

    def count_in_logs(self, pattern: str) -> int:
        """How many lines of all logs match."""
        texts = [path.read_text(errors="replace") for path in self._folder.glob("*.log")]
        return sum(len(re.findall(pattern, text)) for text in texts)
