"""The built dashboard on a whole running system, seen through Debian's Chromium."""

import os
import re
import shutil
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, sync_playwright
from rich.console import Console

from local_stack import dashboard
from local_stack.ports import any_port
from tests.support.databases import Database
from tests.support.datasets import settings
from tests.support.processes import ServiceProcess
from tests.support.stack import ROOT, data_folder
from tests.support.waiting import until

Scheme = Literal["light", "dark"]
SIZES: dict[str, ViewportSize] = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 360, "height": 760}}
PROGRAMS = ("chromium", "chromium-browser", "/usr/bin/chromium")
AXE = ROOT / "services/dashboard/node_modules/axe-core/axe.min.js"
REFUSED = r"Failed to load resource: the server responded with a status of (4|5)\d\d"
"""What Chromium says of every answer that is no success, however well the page shows it."""
CUT_OFF = r"net::ERR_"
"""What it says while the service is away."""


def screenshots() -> Path:
    """Where pictures of every page are put for a person to look at."""
    folder = data_folder() / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def chromium() -> str:
    """The program; where there is none the test is skipped, but in CI (TIDELINE_TEST_BROWSER=needed) it fails."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        reason = "there is no Chromium: apt-get install chromium"
        if os.environ.get("TIDELINE_TEST_BROWSER") == "needed":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser without a window."""
    program = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def built() -> None:
    """The dashboard as its sources are now."""
    dashboard.build(Console(stderr=True), ROOT / dashboard.FOLDER)


@dataclass
class System:
    """All services on one database and one prefix of topics, and the address of the dashboard."""

    base: dict[str, str]
    database: Database
    folder: Path
    port: int = field(default_factory=lambda: any_port(1)[0])
    running: dict[str, ServiceProcess] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "System":
        """All of them; returns when they are ready."""
        roles = {"processor": self.database.processor_dsn, "producer": self.database.producer_dsn}
        for service, dsn in roles.items():
            env = self.base | {"TIDELINE_POSTGRES_DSN": dsn}
            env |= settings(self.folder) if service == "producer" else {}
            self.running[service] = ServiceProcess(service, env, self.folder)
        for process in self.running.values():
            process.wait_ready()
        self.start_api()
        return self

    def start_api(self, port: int | None = None, **more: str) -> ServiceProcess:
        """The query API, on its own port again after a kill, or another one beside it."""
        env = self.base | {
            "TIDELINE_POSTGRES_DSN": self.database.api_dsn,
            "TIDELINE_PRODUCER_URL": self.running["producer"].url,
            "TIDELINE_HTTP_PORT": str(port or self.port),
        }
        process = ServiceProcess("query-api", env | more, self.folder).wait_ready()
        self.running["query-api" if port is None else f"query-api-{port}"] = process
        return process

    def kill_api(self) -> None:
        """kill -9."""
        self.running["query-api"].kill()

    def revive(self) -> None:
        """Start the query API again, if a test left it dead."""
        if self.running["query-api"].exit_code is not None:
            self.start_api()

    def end(self) -> None:
        """All of them."""
        for process in self.running.values():
            process.kill()

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """A program's request beside the browser's."""
        plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without the certificates, which take 28 ms to read each time
        return httpx.request(method, self.url + path, timeout=15, trust_env=False, verify=plain, **given)

    def simulate(self, stream: str, **spec: Any) -> None:
        """Start a simulation."""
        answer = self.ask("POST", "/api/v1/streams", json={"id": stream, **spec})
        assert answer.status_code == 201, answer.text

    def forget_all(self) -> None:
        """Delete every stream that somebody started, so that the next test finds room."""
        for line in self.ask("GET", "/api/v1/streams").json():
            if line["kind"] != "external":
                self.ask("DELETE", f"/api/v1/streams/{line['id']}")
        until(lambda: self.ask("GET", "/tasks").json() == [], 20, "no stream runs")


class Visit:
    """A page in a browser of its own that must ask our origin only and complain of nothing."""

    def __init__(self, browser: Browser, url: str, size: str = "desktop", scheme: Scheme = "light") -> None:
        self.url, self.size, self.scheme = url, size, scheme
        # What Chromium says when any interface of the machine comes or goes; the page has to get over it.
        self.allowed = ["net::ERR_NETWORK_CHANGED"]
        self._seen: list[str] = []
        self._origins: set[str] = set()
        self._context = browser.new_context(
            viewport=SIZES[size], color_scheme=scheme, timezone_id="Europe/Berlin", reduced_motion="reduce"
        )
        self._context.on("request", lambda request: self._origins.add(_origin(request.url)))
        self.page = self.another()

    def another(self) -> Page:
        """One more tab."""
        page = self._context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self._seen.append(f"uncaught: {error}"))
        return page

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._seen.append(message.text)

    def open(self, path: str) -> Page:
        """Go to an address of the dashboard."""
        self.page.goto(self.url + path)
        return self.page

    def allow(self, *patterns: str) -> None:
        """What the browser may complain of in this test, because the test brings it about."""
        self.allowed += patterns

    def figure(self, name: str) -> str:
        """The text of a number that the page shows."""
        return self.page.locator(f"[data-figure={name}]").inner_text()

    def serious(self) -> list[tuple[str, str]]:
        """What axe finds that keeps somebody from using the page: its rule and the element."""
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("axe.run({resultTypes: ['violations']}).then((found) => found.violations)")
        return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]

    def keep(self, name: str) -> None:
        """A picture for a person to look at."""
        path = screenshots() / f"{name}-{self.size}-{self.scheme}.png"
        self.page.screenshot(path=path, full_page=self.size == "phone")

    def end(self) -> None:
        """Close it. Fails the test when the page asked anybody else, or complained."""
        self._context.close()
        assert self._origins <= {_origin(self.url), "data:", "blob:"}, f"asked others: {self._origins}"
        unexpected = [line for line in self._seen if not any(re.search(one, line) for one in self.allowed)]
        assert not unexpected, f"the browser complains: {unexpected}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}:" if parts.scheme in ("data", "blob") else f"{parts.scheme}://{parts.netloc}"
