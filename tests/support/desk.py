"""Where a reader of the pages types: a clone of the project in which `make run` runs, and programs on PATH."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from local_stack.kafka import java
from tests.support.make_run import MakeRun
from tests.support.stack import ROOT, cache_folder, jars

OF_A_CLONE = ("Makefile", "pyproject.toml", "contracts", "infra", "services")
OURS = {"QUERY_API": 8000, "PRODUCER": 8001, "PROCESSOR": 8002, "KAFKA": 9092, "POSTGRES": 5432}
"""The ports that the pages name."""
DATASET_SERVER = "https://example.org"
CURL = "curl --silent --show-error --fail --max-time 20 --noproxy '*' "


@contextmanager
def open_desk(folder: Path, start: str) -> Iterator["Desk"]:
    """One in an empty folder, once what `start` starts runs there; whoever is allowed to gives datasets from it."""
    (data := folder / "data").mkdir(mode=0o711)  # Postgres runs as `nobody` when the tests run as root
    (data / "cache").symlink_to(cache_folder())
    (desk := folder / "desk").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=desk))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    run = MakeRun(data)
    try:
        run.start(shlex.split(start), TIDELINE_DATASETS__ALLOW_PRIVATE_HOSTS='["127.0.0.1"]')
        yield Desk(desk, run, f"http://127.0.0.1:{server.server_port}")
    finally:
        run.end(signal.SIGTERM)
        server.shutdown()
        server.server_close()
        print(run.output)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Requests are no news."""


class Desk:
    """A folder to type in; files that commands write stay there, and not in the project."""

    def __init__(self, folder: Path, run: MakeRun, dataset_server: str) -> None:
        self.folder = folder
        self.run = run
        self._dataset_server = dataset_server
        for path in ROOT.iterdir():
            if path.name in OF_A_CLONE or path.name.startswith("requirements"):
                (folder / path.name).symlink_to(path)
        (folder / ".venv").symlink_to(sys.prefix)
        self._env = run.env | {"PATH": f"{self._programs()}:{os.environ['PATH']}"}

    def here(self, text: str) -> str:
        """The same with the addresses of this run, and of the files in this folder, instead of those of the pages."""
        for kind, port in OURS.items():
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{self.run.ports[kind]}")
        return text.replace(DATASET_SERVER, self._dataset_server)

    def type(self, command: str, within_s: float = 60) -> subprocess.CompletedProcess[str]:
        """Run it as a shell does; what it answered."""
        line = self.here(command).replace("curl ", CURL, 1)
        return subprocess.run(
            ["sh", "-c", line], cwd=self.folder, env=self._env, capture_output=True, text=True, timeout=within_s
        )

    @contextmanager
    def follow(self, command: str) -> Iterator[Iterator[str]]:
        """The lines of a command that goes on until Ctrl-C, which comes in the end."""
        line = "exec " + self.here(command).replace("curl ", CURL, 1)
        process = subprocess.Popen(
            ["sh", "-c", line], cwd=self.folder, env=self._env, stdout=subprocess.PIPE, text=True, process_group=0
        )
        assert process.stdout is not None
        try:
            yield iter(process.stdout.readline, "")
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(10)
            process.stdout.close()

    def _programs(self) -> Path:
        """Kafka's own console producer, and kcat where this machine has none."""
        folder = self.folder / "bin"
        folder.mkdir()
        class_path = ":".join(str(jar.resolve()) for jar in jars())
        producer = java(class_path, self.folder, "org.apache.kafka.tools.ConsoleProducer")
        programs = {"kafka-console-producer.sh": producer}
        if not shutil.which("kcat"):
            programs["kcat"] = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tests.support.kcat"]
        for name, command in programs.items():
            path = folder / name
            path.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
            path.chmod(0o755)
        return folder
