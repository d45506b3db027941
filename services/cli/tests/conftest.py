"""Fixtures: a server that answers as it was told to, and the command line run against it."""

from collections.abc import Callable, Iterator

import pytest
from services.cli.tests.fake_api import FakeApi, fake_api
from typer.testing import CliRunner, Result

from tideline.app import build_app

Tideline = Callable[..., Result]


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with fake_api() as running:
        yield running


@pytest.fixture
def tideline(api: FakeApi) -> Tideline:
    """`tideline("streams list", input=b"…")` → what the command wrote, and its exit code."""

    def run(arguments: str, input: bytes = b"", **env: str) -> Result:  # noqa: A002 - the runner's word
        clean = {"TIDELINE_URL": api.url, "TIDELINE_KEY": None, "COLUMNS": "200", "FORCE_COLOR": None}
        return CliRunner().invoke(
            build_app(), arguments.split(), input=input, env=clean | env, catch_exceptions=False, prog_name="tideline"
        )

    return run
