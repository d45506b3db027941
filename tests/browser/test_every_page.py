"""What holds for every page: no sideways scroll, nothing serious for axe, keyboard, history; pictures for a person."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import StartVisit
from tests.support.browser import REFUSED, System
from tests.support.stack import ROOT
from tests.support.waiting import until

PAGES = {
    "overview": "/",
    "stream": "/streams/tour",
    "explore": "/explore",
    "pipeline": "/pipeline",
    "get-data": "/get-data",
    "unknown": "/streams/never.was",
    "long": f"/streams/{'l' * 64}",
}
LONG = ["x" * 128, "temp.of.the_long_" + "dotted_name." * 8, "درجة حرارة الماء في الخزان", "<b>hot</b>"]
AXE = ROOT / "services/dashboard/node_modules/axe-core/axe.min.js"


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("desktop", "dark"), ("phone", "light")])
def test_every_page_is_accessible_and_fits(system: System, visit: StartVisit, size: str, scheme: str) -> None:
    system.simulate("tour", profile="sensor", rate=20)
    system.simulate("l" * 64, profile="random-int", rate=20, categories=LONG)
    for stream, series in (("tour", 5), ("l" * 64, 4)):
        found = f"/api/v1/series?stream={stream}"
        until(lambda: len(system.ask("GET", found).json()) == series, 15, "its values are there")  # noqa: B023
    seen = visit("/", size=size, scheme=scheme)
    seen.allow(REFUSED)
    for name, path in PAGES.items():
        page = seen.open(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_load_state("load")
        if name in ("overview", "stream", "long"):
            expect(page.locator("canvas").first).to_be_visible()
        if name == "overview":
            expect(page.locator("[data-figure=throughput]")).to_contain_text("/s")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
        page.evaluate(AXE.read_text("utf-8"))
        found = page.evaluate("axe.run({resultTypes: ['violations']}).then((found) => found.violations)")
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        assert not serious, name + ": " + json.dumps([(one["id"], one["nodes"][0]["html"]) for one in serious])
        seen.keep(name)


def test_the_form_is_accessible_and_fits_a_phone(system: System, visit: StartVisit) -> None:
    seen = visit("/", size="phone", scheme="dark")
    for button, first in (("Start a simulation", "id"), ("Ingest a dataset", "url")):
        seen.page.get_by_role("button", name=button).click()
        expect(seen.page.locator(f"dialog[open] [name={first}]")).to_be_focused()
        seen.page.locator("dialog[open] summary").click()
        seen.page.evaluate(AXE.read_text("utf-8"))
        found = seen.page.evaluate("axe.run('dialog[open]').then((found) => found.violations)")
        assert not [one for one in found if one["impact"] in ("serious", "critical")], json.dumps(found)[:2000]
        assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        seen.keep(f"form-{button.split()[-1]}")
        seen.page.keyboard.press("Escape")


def test_back_and_forward_find_a_page_as_it_was_left(system: System, visit: StartVisit) -> None:
    system.simulate("left", profile="sensor", rate=20)
    until(lambda: len(system.ask("GET", "/api/v1/series?stream=left").json()) == 5, 15, "its values are there")
    page = visit("/streams/left", size="phone").page
    page.get_by_role("button", name="vibration").click()
    expect(page.get_by_role("heading", name="vibration")).to_be_visible()
    page.evaluate("scrollTo(0, 300)")
    page.get_by_role("link", name="Pipeline").evaluate("(link) => link.click()")  # without scrolling to it
    expect(page).to_have_url(re.compile("/pipeline$"))
    page.go_back()
    expect(page).to_have_url(re.compile("category=vibration"))
    expect(page.get_by_role("heading", name="vibration")).to_be_visible()
    until(lambda: page.evaluate("scrollY") == 300, 5, "it stands where it stood")
    expect(page.get_by_role("status")).to_have_text("Live")
    assert page.evaluate("scrollY") == 300, "something jumped"
    page.go_forward()
    expect(page).to_have_url(re.compile("/pipeline$"))


def test_a_shared_link_shows_the_same_choice(system: System, visit: StartVisit) -> None:
    system.simulate("linked", profile="sensor", rate=20)
    until(lambda: len(system.ask("GET", "/api/v1/series?stream=linked").json()) == 5, 15, "its values are there")
    page = visit("/streams/linked?category=power").page
    expect(page.get_by_role("button", name="power")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("img", name=re.compile("^power: the last"))).to_be_visible()


def test_all_can_be_reached_by_keyboard_and_the_focus_is_seen(system: System, visit: StartVisit) -> None:
    page = visit("/").page
    expect(page.get_by_role("button", name="Start a simulation")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_text("To the content")).to_be_focused()
    names = []
    for _ in range(12):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.innerText.trim()"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle != 'none'"), names[-1]
        if names[-1] == "Start a simulation":
            break
    assert names[:5] == ["Tideline", "Overview", "Explore", "Pipeline", "Get data"]
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_label("Name")).to_be_focused()


def test_the_description_of_the_api_opens_and_can_be_tried(visit: StartVisit) -> None:
    """Swagger UI's scripts and styles come from here too: the visit fails at a request that leaves or is refused."""
    page = visit("/docs").page
    row = page.locator("#operations-Service-get_health")
    row.click()
    row.get_by_role("button", name="Execute").click()
    expect(row.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
