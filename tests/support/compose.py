"""docker-compose.yml brought up as a project of a test's own, on free ports."""

import os
import re
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from local_stack.ports import HOST, any_port
from tests.support.stack import ROOT, in_docker

needs_docker = pytest.mark.skipif(
    not in_docker(),
    reason="builds and runs containers: set TIDELINE_TEST_STACK=docker where a Docker engine and its images are",
)


@dataclass(frozen=True)
class Compose:
    """A project: call it with a command of `docker compose` for what that prints."""

    project: str
    ports: dict[str, int]
    """Variable of the file → port on this machine."""
    options: tuple[str, ...]

    def __call__(self, *arguments: str) -> str:
        command = ["docker", "compose", "--project-name", self.project, *self.options, *arguments]
        environment = os.environ | {name: str(port) for name, port in self.ports.items()}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(command)}:\n{done.stderr[-3000:]}"
        return done.stdout

    def url(self, port: str) -> str:
        """Where a published port answers."""
        return f"http://{HOST}:{self.ports[port]}"


@contextmanager
def compose_up(*options: str) -> Iterator[Compose]:
    """The file built, up and healthy, with two processors; gone afterwards with its data. `options` of Compose."""
    names = sorted(set(re.findall(r"\$\{(\w+_PORT):-", (ROOT / "docker-compose.yml").read_text("utf-8"))))
    ports = dict(zip(names, any_port(len(names)), strict=True))
    compose = Compose(f"tideline-test-{secrets.token_hex(4)}", ports, options)
    try:
        compose("up", "--build", "--detach", "--wait", "--wait-timeout", "300", "--scale", "processor=2")
        yield compose
    finally:
        print(compose("logs", "--tail", "30"))
        compose("down", "--volumes")
