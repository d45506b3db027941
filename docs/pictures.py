"""Takes the pictures of README.md and docs/dashboard.md from a running Tideline, with what is there.

`python -m docs.pictures [URL]`: needs Chromium and stream `molding`, ingested as docs/datasets.md says; starts stream
`line-4`, which sends some records that are refused."""

import argparse
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import httpx
from docs.palette import in_few_colours
from playwright.sync_api import Page
from tests.support.browser import browsing
from tests.support.waiting import until

IMAGES = Path(__file__).parent / "images"
BYTES_MOST = 150_000
WIDTH = 1280
STATE = "molding:molding-machine-state."
LINES = {"series": [STATE + name for name in ("CycleTime", "MeltTemp", "HallHumidity")], "tz": "Europe/Berlin"}
READY = ".chart-place:not(.waits) canvas"


def overview(page: Page) -> None:
    """What runs."""
    page.wait_for_function("() => document.querySelector('[data-figure=throughput]').innerText.includes('/s')")
    page.wait_for_function("(begun) => performance.now() - begun > 20000", arg=page.evaluate("performance.now()"))


def explore(page: Page) -> None:
    """Ready-made views."""
    page.locator(".picture canvas").nth(5).wait_for()


def explore_lines(page: Page) -> None:
    """Three variables with their bands."""
    page.locator(READY).wait_for()


def pipeline(page: Page) -> None:
    """Nothing waits, an audit that passes, and a dead letter that can be replayed."""
    page.get_by_label("Read Kafka again too").check()
    page.get_by_role("button", name="Check now").click()
    page.locator("[data-figure=audit]").wait_for(timeout=180_000)
    page.locator(".letter summary").first.click()


PICTURES: dict[str, tuple[str, int, Callable[[Page], None]]] = {
    "overview": ("/", 830, overview),
    "explore": ("/explore", 1060, explore),
    "explore-lines": (f"/explore?{urlencode(LINES, doseq=True)}", 950, explore_lines),
    "pipeline": ("/pipeline?reason=wrong_type", 1440, pipeline),
}


def refuse_some(url: str) -> None:
    """Records of every kind that is refused, unless there are some."""
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        reasons = "/api/v1/dead-letters/reasons"
        if client.get(reasons).raise_for_status().json():
            return
        spec = {"id": "line-4", "profile": "sensor", "rate": 100, "count": 2_000, "corrupt_ratio": 0.04, "seed": 7}
        client.post("/api/v1/streams", json=spec).raise_for_status()
        until(lambda: len(client.get(reasons).json()) > 5, 60, "there are dead letters")


def main() -> None:
    """All of them, each below 150 kB."""
    parser = argparse.ArgumentParser(prog="python -m docs.pictures", description=__doc__)
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8000", help="a running Tideline")
    url = parser.parse_args().url
    refuse_some(url)
    with browsing() as browser:
        for name, (path, height, ready) in PICTURES.items():
            page = browser.new_page(
                viewport={"width": WIDTH, "height": height}, timezone_id="Europe/Berlin", reduced_motion="reduce"
            )
            page.goto(url + path)
            ready(page)
            page.wait_for_load_state("load")
            content = in_few_colours(page, page.screenshot())
            (IMAGES / f"{name}.png").write_bytes(content)
            if len(content) >= BYTES_MOST:
                raise SystemExit(f"{name}.png has {len(content):,} bytes: show less of the page")
            page.close()


if __name__ == "__main__":
    main()
