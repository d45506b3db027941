"""Whether Explore stays fluid with 10,000 points: the frames that Chromium draws while somebody uses its chart.

`python -m benchmarks.frames [URL]` looks at stream `demo` of a running Tideline, a point a minute, without a window.
`--trace FILE` keeps Chromium's own trace too (open it in ui.perfetto.dev); it has many megabytes."""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx
from playwright.sync_api import Browser, Page
from rich.console import Console
from rich.table import Table
from tests.support.browser import SIZES, browsing

POINTS = 10_000
CATEGORIES = ("temperature", "humidity", "power", "pressure", "vibration")
RECORD = """
window.drawn = { frames: [], tasks: [] };
new PerformanceObserver((list) => window.drawn.tasks.push(...list.getEntries().map((one) => one.duration)))
  .observe({ entryTypes: ["longtask"] });
let last = performance.now();
requestAnimationFrame(function tick(now) {
  window.drawn.frames.push(now - last);
  last = now;
  requestAnimationFrame(tick);
});
"""
TAKE = "() => { const taken = window.drawn; window.drawn = { frames: [], tasks: [] }; return taken; }"
READY = ".chart-place:not(.waits) canvas"
A_SECOND_OF_FRAMES = "() => window.drawn.frames.length >= 60"


@dataclass(frozen=True)
class Seen:
    """What was drawn during one action; times in milliseconds."""

    action: str
    seconds: float
    frames: list[float]
    tasks: list[float]

    def cells(self) -> list[str]:
        """Median, nineteen of twenty, the longest; then the longest that scripts kept the page from drawing."""
        last = max(0, round(len(self.frames) * 0.95) - 1)
        worst = f"{max(self.frames):.0f}"
        times = [f"{statistics.median(self.frames):.1f}", f"{sorted(self.frames)[last]:.1f}", worst]
        task = f"{max(self.tasks):.0f}" if self.tasks else "under 50"
        return [self.action, f"{self.seconds:.2f}", str(len(self.frames)), *times, task]


def address(url: str, series: int) -> str:
    """Explore with so many series of 10,000 points each: a point is a minute of the last seven days."""
    found = httpx.get(f"{url}/api/v1/series?stream=demo", timeout=30, trust_env=False).raise_for_status().json()
    start = min(datetime.fromisoformat(line["first"]) for line in found).replace(second=0, microsecond=0)
    end = start + timedelta(minutes=POINTS)
    query = {"series": [f"demo:{name}" for name in CATEGORIES[:series]], "step": "1m", "tz": "UTC"}
    times = {"start": start.isoformat(), "end": end.isoformat()}
    return f"{url}/explore?{urlencode(query | times, doseq=True)}"


def looked(page: Page, where: str) -> Iterator[Seen]:
    """What a person does with a chart, one after the other."""

    def seen(action: str, does: Callable[[], object]) -> Seen:
        page.evaluate(TAKE)
        begun = time.monotonic()
        does()
        seconds = time.monotonic() - begun
        return Seen(action, seconds, **page.evaluate(TAKE))

    def open_it() -> None:
        page.goto(where)
        page.locator(READY).wait_for()

    def drag() -> None:
        page.mouse.down()
        page.mouse.move(left + width * 0.7, middle, steps=120)

    def hide() -> None:
        page.get_by_role("region", name="Values over the range").get_by_role("button").first.click()
        page.wait_for_function(A_SECOND_OF_FRAMES)

    page.goto("about:blank")
    yield seen("open the page", open_it)
    box = page.locator(READY).bounding_box()
    assert box
    left, width, middle = box["x"], box["width"], box["y"] + 120
    yield seen("point along the line", lambda: page.mouse.move(left + width * 0.95, middle, steps=240))
    page.mouse.move(left + width * 0.3, middle)
    yield seen("drag over a part", drag)
    page.mouse.up()
    page.wait_for_function("(before) => location.href !== before", arg=where)
    page.go_back()
    page.locator(READY).wait_for()
    yield seen("hide a line", hide)
    yield seen("show it again", hide)


@contextmanager
def traced(browser: Browser, page: Page, file: Path | None) -> Iterator[None]:
    """Chromium's own trace into a file, where one is wanted."""
    if file:
        browser.start_tracing(page=page, path=file)
    yield
    if file:
        browser.stop_tracing()


def main() -> None:
    """Look and tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.frames", description=__doc__)
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8000", help="a running Tideline")
    parser.add_argument("--trace", type=Path, help="where to put Chromium's trace")
    asked = parser.parse_args()
    with browsing() as browser:
        page = browser.new_page(viewport=SIZES["desktop"])
        page.add_init_script(RECORD)
        with traced(browser, page, asked.trace):
            for series in (1, len(CATEGORIES)):
                table = Table("action", "s", "frames", "median ms", "95 % ms", "longest ms", "longest task ms")
                table.title = f"{series} x {POINTS:,} points"
                for each in looked(page, address(asked.url, series)):
                    table.add_row(*each.cells())
                Console(width=110).print(table)


if __name__ == "__main__":
    main()
