"""Fixtures of the browser tests: one system and one browser for all of them, a visit of its own for each."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from local_stack.waiting import in_own_loop
from provision.topics import create_topics, read_specs
from tests.support import databases
from tests.support.browser import System, Visit, browsing, built
from tests.support.stack import ROOT, Stack

StartVisit = Callable[..., Visit]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Closed behind the last browser test: while it is open no other event loop can run in this thread."""
    with browsing() as opened:
        yield opened


@pytest.fixture(scope="package")
def whole_system(
    browser: Browser, stack: Stack, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    """All services, with the dashboard as its sources are."""
    built()
    prefix = f"t{secrets.token_hex(4)}."
    in_own_loop(create_topics(stack.kafka_bootstrap, read_specs(ROOT / "infra/kafka/topics.toml", prefix, 1)))
    folder: Path = tmp_path_factory.mktemp("browser")
    base = {"TIDELINE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap, "TIDELINE_TOPIC_PREFIX": prefix}
    with databases.copy_of(stack, migrated_template) as database:
        system = System(base, database, folder)
        try:
            yield system.start()
        finally:
            system.end()


@pytest.fixture
def system(whole_system: System) -> Iterator[System]:
    """The same, without streams that an earlier test left running."""
    yield whole_system
    whole_system.revive()
    whole_system.forget_all()


@pytest.fixture
def visit(browser: Browser, system: System) -> Iterator[StartVisit]:
    """`visit("/", size="phone")` → a page that is open there; checked behind the test."""
    started: list[Visit] = []

    def start(path: str, url: str = "", **how: str) -> Visit:
        started.append(Visit(browser, url or system.url, **how))  # type: ignore[arg-type]
        started[-1].open(path)
        return started[-1]

    yield start
    for each in started:
        each.end()
