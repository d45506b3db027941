"""`make run` as a process of its own, on a folder and ports of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import httpx
import psutil

from local_stack import leftovers
from local_stack.ports import any_port
from tests.support.stack import ROOT
from tests.support.waiting import until


@cache
def build_dashboard() -> None:
    """What the first `make run` of a clone does, which may take minutes; nothing where it is built."""
    subprocess.run([sys.executable, "-m", "local_stack", "dashboard"], cwd=ROOT, check=True)


class MakeRun:
    """`python -m local_stack` on one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kinds = ("QUERY_API", "PRODUCER", "PROCESSOR", "KAFKA", "POSTGRES")
        self.ports = dict(zip(kinds, any_port(len(kinds)), strict=True))
        clean = {key: value for key, value in os.environ.items() if not key.startswith("TIDELINE_")}
        ours = {f"TIDELINE_PORTS__{kind}": str(port) for kind, port in self.ports.items()}
        self.env = clean | ours | {"TIDELINE_DATA_DIR": str(folder)}
        self.url = f"http://127.0.0.1:{self.ports['QUERY_API']}"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> str:
        path = self.folder / "output"
        return path.read_text() if path.exists() else ""

    def start(self, command: Sequence[str] = (sys.executable, "-m", "local_stack", "run"), **env: str) -> "MakeRun":
        """`make run`; returns when its screen is there."""
        build_dashboard()
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.env | env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        until(lambda: re.search(r"Tideline runs.*make lag", self.output, re.DOTALL) or self.ended(), 90, "the screen")
        assert not self.ended(), self.output
        return self

    @property
    def kafka_bootstrap(self) -> str:
        return f"127.0.0.1:{self.ports['KAFKA']}"

    def ready(self) -> bool:
        """All services answer that they are ready."""
        status = self.command("status").stdout
        return "query-api" in status and "not ready" not in status and "down" not in status

    def raw_data(self, stream: str) -> list[tuple[str, float]]:
        """Category and value of a stream's readings as the API has them."""
        answer = httpx.get(f"{self.url}/api/v1/raw-data", params={"stream": stream}, trust_env=False)
        return [(item["category"], item["value"]) for item in answer.json()] if answer.status_code == 200 else []

    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def command(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-m", "local_stack", *arguments]
        return subprocess.run(program, cwd=ROOT, env=self.env | env, capture_output=True, text=True, check=False)

    def child(self, name: str) -> psutil.Process | None:
        """A child's process; None while it is dead."""
        return leftovers.find(self.folder / "run" / "children" / f"{name}.json")

    def children(self) -> dict[str, psutil.Process]:
        """All that live."""
        records = (self.folder / "run" / "children").glob("*.json")
        return {record.stem: process for record in records if (process := leftovers.find(record))}

    def kill(self, name: str) -> None:
        """kill -9 a child and wait for the one that takes its place."""
        killed = self.child(name)
        assert killed, f"{name} does not run"
        killed.kill()
        until(lambda: (new := self.child(name)) and new.pid != killed.pid, 10, f"a new {name}")

    def end(self, number: signal.Signals = signal.SIGINT) -> float:
        """Send a signal; seconds until it has ended."""
        begin = time.monotonic()
        if self.process:
            self.process.send_signal(number)
            self.process.wait(60)
        return time.monotonic() - begin
