"""Our services as processes of their own, as `make run` starts them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from local_stack.ports import HOST, any_port
from local_stack.services import is_ready, status_of
from tests.support.stack import ROOT
from tests.support.waiting import until

MODULES = {"producer": "producer", "processor": "processor", "query-api": "query_api"}
READY = {"producer": "/ready", "processor": "/ready", "query-api": "/api/v1/ready"}


class ServiceProcess:
    """A running `python -m <service>`; started when made. Environment: this one's without TIDELINE_*, and `env`."""

    def __init__(self, service: str, env: dict[str, str], folder: Path) -> None:
        self.service = service
        self.port = int(env.get("TIDELINE_HTTP_PORT") or any_port(1)[0])
        self.url = f"http://{HOST}:{self.port}"
        self._path = folder / f"{service}-{self.port}.log"
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("TIDELINE_")}
        with self._path.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", MODULES[service]],
                cwd=ROOT,
                env=inherited | {"TIDELINE_HTTP_HOST": HOST, "TIDELINE_HTTP_PORT": str(self.port)} | env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    @property
    def log(self) -> str:
        """All it has written so far."""
        return self._path.read_text(errors="replace")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number when a signal ended it."""
        return self._process.poll()

    def wait_ready(self, within_s: float = 30.0) -> "ServiceProcess":
        """Returns when it says that it is ready; fails the test with its log when it ends or takes too long."""
        ready = self.url + READY[self.service]
        until(lambda: is_ready(ready) or self.exit_code is not None, within_s, f"{self.service} is ready")
        assert self.exit_code is None, f"{self.service} ended with {self.exit_code}:\n{self.log[-3000:]}"
        return self

    def wait_alive(self, within_s: float = 30.0) -> "ServiceProcess":
        """Returns when it answers at all."""
        until(lambda: status_of(self.url + READY[self.service]), within_s, f"{self.service} answers")
        return self

    def kill(self) -> None:
        """kill -9; returns when it is gone."""
        self._process.kill()
        self._process.wait(10)

    def terminate(self, within_s: float = 15.0) -> int:
        """SIGTERM; its exit code. Fails the test when it does not end in time."""
        self.ask_to_end()
        return self.wait_ended(within_s)

    def wait_ended(self, within_s: float = 15.0) -> int:
        """Its exit code, once it has ended. Fails the test when it does not in time."""
        until(lambda: self.exit_code is not None, within_s, f"{self.service} ends")
        return int(self._process.returncode)

    def ask_to_end(self) -> None:
        """SIGTERM."""
        self._process.terminate()

    def pause(self) -> None:
        """Freeze it."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)
