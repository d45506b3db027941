"""Explore in a browser: choosing, every kind of chart, zoom, raw records, taking data along, addresses."""

import csv
import io
import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from statistics import fmean
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import StartVisit
from tests.support.browser import REFUSED, System
from tests.support.datasets import product
from tests.support.hostile import decent, serving
from tests.support.waiting import until

START = datetime(2026, 1, 2, tzinfo=UTC)
STEPS = 3 * 24 * 4
TIMES = [START + timedelta(minutes=15 * n) for n in range(STEPS)]
TEMPERATURE = [20 + (n * 37 % 101) / 10 for n in range(STEPS)]
PRESSURE = [1000 + n / 16 for n in range(STEPS)]
BOTH = "/explore?series=plant:temperature&series=plant:pressure&tz=Europe/Berlin"
ONE = "/explore?series=plant:temperature&tz=UTC"
CHARTS = {"Line": "line", "Bars": "bars", "Heat map": "heat", "Histogram": "histogram", "Scatter": "scatter"}


@pytest.fixture(scope="module", autouse=True)
def plant(whole_system: System) -> None:
    """Three days of two series, a reading every 15 minutes."""
    values = {"temperature": TEMPERATURE, "pressure": PRESSURE}
    lines = [
        {"stream": "plant", "category": name, "timestamp": at.isoformat(), "value": value}
        for name, series in values.items()
        for at, value in zip(TIMES, series, strict=True)
    ]
    body = "".join(json.dumps(line) + "\n" for line in lines)
    answer = whole_system.ask("POST", "/api/v1/events", content=body, headers={"Content-Type": "application/x-ndjson"})
    assert {line["status"] for line in answer.json()} == {"accepted"}

    def counts() -> list[int]:
        return [line["count"] for line in whole_system.ask("GET", "/api/v1/series?stream=plant").json()]

    until(lambda: counts() == [STEPS, STEPS], 20, "all readings are kept")


def query(page: Page) -> dict[str, list[str]]:
    """What the address says, asked of the page: `page.url` stands still while nothing is asked of it."""
    return parse_qs(page.evaluate("location.search.slice(1)"))


def control(page: Page, name: str) -> Locator:
    """A list to choose from, by its label."""
    return page.get_by_role("combobox", name=re.compile(f"^{name}"))


def chosen(page: Page, name: str) -> str:
    """What is chosen of it."""
    return control(page, name).input_value()


def told(page: Page) -> str:
    """The line above the chart."""
    return page.locator(".above [role=status]").inner_text()


def test_a_first_look_leads_to_views_and_back(system: System, visit: StartVisit) -> None:
    page = visit("/explore").page
    card = page.get_by_role("link", name=re.compile("temperature, hour by hour"))
    expect(card.locator("canvas")).to_be_visible()
    card.click()
    expect(page).to_have_url(re.compile("chart=heat"))
    expect(page.get_by_role("img", name="temperature by day and hour")).to_be_visible()
    expect(page.get_by_role("radio", name="Heat map")).to_be_checked()
    page.go_back()
    expect(card).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("img", name="temperature by day and hour")).to_be_visible()


def test_series_are_found_and_chosen_by_keyboard_and_counted_right(system: System, visit: StartVisit) -> None:
    page = visit("/explore").page
    page.get_by_label("Search series").fill("plant press")
    expect(page.get_by_role("checkbox")).to_have_count(1)
    page.get_by_label("Search series").focus()
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "checkbox":
            break
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile("series=plant:pressure"))
    cells = page.get_by_role("row", name=re.compile("pressure")).get_by_role("cell")
    expect(cells).to_have_count(4)
    shown = [float(text.replace(",", "")) for text in cells.all_inner_texts()]
    assert shown == pytest.approx([fmean(PRESSURE), min(PRESSURE), max(PRESSURE), STEPS], rel=1e-4)
    page.get_by_label("Search series").fill("no such thing")
    expect(page.get_by_text("Nothing is called that.")).to_be_visible()


def test_dragging_zooms_to_finer_buckets_and_back_leads_out_again(system: System, visit: StartVisit) -> None:
    page = visit(ONE).page
    chart = page.get_by_role("img", name=re.compile("Lines over time"))
    expect(chart).to_be_visible()
    assert "buckets of 5 minutes" in told(page)
    box = chart.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 100, steps=4)
    expect(page.locator(".marked")).to_be_visible()
    page.mouse.up()
    expect(page).to_have_url(re.compile("start="))
    start, end = (datetime.fromisoformat(query(page)[name][0]) for name in ("start", "end"))
    assert START < start < end < TIMES[-1]
    assert end - start < timedelta(hours=12)
    expect(page.locator(".above [role=status]")).to_contain_text("minutes")
    page.get_by_role("button", name="Zoom in").click()
    until(lambda: query(page)["start"] != [start.isoformat().replace("+00:00", "Z")], 5, "the keyboard's way in")
    page.go_back()
    page.go_back()
    expect(page).to_have_url(re.compile("tz=UTC$"))
    expect(page.locator(".above [role=status]")).to_contain_text("buckets of 5 minutes")


def test_a_link_of_another_browser_shows_its_zone_and_exact_times_whole(system: System, visit: StartVisit) -> None:
    """Firefox lists Asia/Kolkata, Chromium Asia/Calcutta: both know both names."""
    page = visit(ONE.replace("UTC", "Asia/Kolkata") + "&start=2026-01-02T06:30:00Z&end=2026-01-03T00:00:00Z").page
    expect(control(page, "Time zone")).to_have_value("Asia/Kolkata")
    fields = page.locator("[type=datetime-local]")
    assert [field.input_value() for field in fields.all()] == ["2026-01-02T12:00", "2026-01-03T05:30"]
    needed = "(field) => { field.style.width = 'max-content'; return field.offsetWidth; }"
    for field in fields.all():
        shown = field.evaluate("(field) => field.offsetWidth")
        assert shown >= field.evaluate(needed), "AM and PM are cut off"


def test_the_raw_records_behind_a_point_are_one_tap_away(system: System, visit: StartVisit) -> None:
    page = visit(ONE + "&step=1h", size="phone").page
    chart = page.get_by_role("img", name=re.compile("Lines over time"))
    expect(chart.locator("canvas")).to_be_visible()
    chart.click()
    dialog = page.get_by_role("dialog", name="Raw readings of plant")
    expect(dialog.locator("tbody tr")).to_have_count(4)
    at = datetime.fromisoformat(query(page)["at"][0])
    hour = [value for when, value in zip(TIMES, TEMPERATURE, strict=True) if at <= when < at + timedelta(hours=1)]
    shown = [float(text) for text in dialog.locator("tbody td:nth-child(3)").all_inner_texts()]
    assert shown == pytest.approx(hour[::-1])
    page.reload()
    expect(dialog.locator("tbody tr")).to_have_count(4)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    until(lambda: "at" not in query(page), 5, "the address forgets the point")


def test_raw_records_are_reached_from_a_table_and_from_a_heat_map(system: System, visit: StartVisit) -> None:
    page = visit(ONE + "&step=1h").page
    page.get_by_text("72 buckets as a table").click()
    row = page.get_by_role("region", name="Values", exact=True).locator("tbody tr").first
    assert float(row.get_by_role("cell").inner_text()) == pytest.approx(fmean(TEMPERATURE[-4:]), rel=1e-4)
    row.get_by_role("button").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Raw readings of plant")
    expect(dialog.locator("tbody tr")).to_have_count(4)
    page.goto(system.url + ONE + "&chart=heat")
    page.get_by_role("img", name="temperature by day and hour").click(position={"x": 400, "y": 100})
    expect(dialog.locator("tbody tr")).to_have_count(4)


def test_what_is_shown_can_be_taken_along(system: System, visit: StartVisit) -> None:
    page = visit(BOTH + "&step=1h").page
    href = page.get_by_role("button", name="CSV").get_attribute("href")
    assert href
    rows = list(csv.DictReader(io.StringIO(system.ask("GET", href).text)))
    assert len(rows) == 2 * 72
    mine = [float(row["avg_value"]) for row in rows if row["category"] == "temperature"]
    assert mine == pytest.approx([fmean(TEMPERATURE[n : n + 4]) for n in range(0, STEPS, 4)])
    page.get_by_role("button", name="Copy as curl").click()
    words = shlex.split(page.locator("dialog[open] pre").inner_text())
    assert words[0] == "curl"
    assert len(system.ask("GET", words[1].removeprefix(system.url)).json()) == 2 * 72
    page.keyboard.press("Escape")
    with page.expect_download() as found:
        page.get_by_role("button", name="PNG").click()
    content = found.value.path().read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 10_000


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("desktop", "dark"), ("phone", "light")])
def test_every_chart_is_accessible_and_fits(system: System, visit: StartVisit, size: str, scheme: str) -> None:
    seen = visit(BOTH, size=size, scheme=scheme)
    for name, chart in CHARTS.items():
        seen.page.locator(".kinds label").get_by_text(name, exact=True).click()
        expect(seen.page.get_by_role("radio", name=name)).to_be_checked()
        expect(seen.page.locator(".chart-place:not(.waits) canvas").first).to_be_visible()
        assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
        assert seen.serious() == [], name
        seen.keep(f"explore-{chart}")
    assert query(seen.page)["chart"] == ["scatter"]
    expect(seen.page.get_by_text(re.compile("correlation"))).to_be_visible()


def test_rows_are_set_against_each_other_and_grouped_by_machine(system: System, visit: StartVisit) -> None:
    body = json.dumps([product(number) for number in range(90)]).encode()
    state = "molding-machine-state."
    with serving(decent(body)) as source:
        spec = {"id": "shots", "kind": "dataset", "url": source.url(), "split_by": ["molding_machine_id"]}
        assert system.ask("POST", "/api/v1/streams", json=spec).status_code == 201
        until(lambda: len(system.ask("GET", "/api/v1/raw-rows?stream=shots").json()) == 90, 30, "all rows are kept")
    seen = visit(f"/explore?series=shots:{state}CycleTime&series=shots:{state}ShotCount&chart=scatter&tz=UTC")
    page = seen.page
    expect(page.locator(".above [role=status]")).to_contain_text("90 rows")
    control(page, "Group by").select_option("molding_machine_id")
    for machine in range(3):
        expect(page.locator(".legend").get_by_text(f"M-{machine}", exact=True)).to_be_visible()
    expect(page.get_by_text("correlation 1", exact=True)).to_be_visible()  # CycleTime is 30 + ShotCount / 8
    seen.keep("explore-rows")
    page.locator(".kinds label").get_by_text("Bars", exact=True).click()
    cells = page.locator("tbody tr").first.get_by_role("cell")
    expect(cells).to_have_count(4)
    counts = [30 + number / 8 for number in range(0, 90, 3)]
    assert float(cells.first.inner_text()) == pytest.approx(fmean(counts), rel=1e-4)
    page.goto(f"{system.url}/explore?series=shots:{state}CycleTime&by=*&at=2025-01-01T00:00:00Z&step=1m&tz=UTC")
    dialog = page.get_by_role("dialog", name="Raw rows of shots")
    expect(dialog.locator("tbody tr")).to_have_count(50)
    dialog.get_by_role("button", name="Older ones").click()
    expect(dialog.locator("tbody tr")).to_have_count(60)
    dialog.locator("tbody summary").first.click()
    expect(dialog.locator("pre").first).to_contain_text('"pixel_severity"')


def test_a_shared_link_shows_the_same_view(system: System, visit: StartVisit) -> None:
    link = ONE + "&chart=bars&step=1d&start=2026-01-02T00:00:00Z&end=2026-01-04T00:00:00Z"
    page = visit(link, size="phone").page
    expect(page.get_by_role("radio", name="Bars")).to_be_checked()
    assert chosen(page, "Step") == "1d"
    assert chosen(page, "Range") == "exact"
    assert page.get_by_role("textbox", name="From").input_value() == "2026-01-02T00:00"
    assert chosen(page, "Time zone") == "UTC"
    expect(page.locator(".above [role=status]")).to_contain_text("2 days")


def test_a_line_that_is_left_out_is_left_out_of_the_link_too(system: System, visit: StartVisit) -> None:
    page = visit(BOTH).page
    chart = page.get_by_role("img", name=re.compile("Lines over time"))
    expect(chart).to_have_accessible_name("Lines over time: temperature, pressure")
    line = page.get_by_role("region", name="Values over the range").get_by_role("button", name="temperature")
    line.focus()
    page.keyboard.press("Enter")
    expect(chart).to_have_accessible_name("Lines over time: pressure")
    assert query(page)["hide"] == ["plant:temperature"]
    page.reload()
    expect(chart).to_have_accessible_name("Lines over time: pressure")
    page.go_back()
    expect(chart).to_have_accessible_name("Lines over time: temperature, pressure")


def test_moving_to_another_page_and_back_keeps_the_view(system: System, visit: StartVisit) -> None:
    page = visit(BOTH + "&chart=bars").page
    expect(page.get_by_role("img", name=re.compile("^Bars"))).to_be_visible()
    page.get_by_role("link", name="Pipeline").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pipeline")
    page.get_by_role("link", name="Explore").click()
    expect(page).to_have_url(re.compile("chart=bars"))
    expect(page.get_by_role("img", name=re.compile("^Bars"))).to_be_visible()
    page.get_by_role("link", name="Explore").click()
    expect(page.get_by_text("Ready-made views")).to_be_visible()


def test_what_is_not_there_is_said(system: System, visit: StartVisit) -> None:
    seen = visit("/explore?series=never:was&tz=UTC")
    expect(seen.page.get_by_text("There is no data of never: was")).to_be_visible()
    page = seen.open(ONE + "&start=2020-01-01T00:00:00Z&end=2020-01-02T00:00:00Z")
    page.get_by_role("button", name="Show all data").click()
    expect(page.get_by_role("img", name=re.compile("Lines over time"))).to_be_visible()
    seen.allow(REFUSED)
    body = json.dumps({"detail": "the database does not answer", "status": 503})
    page.route("**/api/v1/processed-data?*", lambda route: route.fulfill(status=503, body=body))
    control(page, "Step").select_option("1h")
    expect(page.get_by_role("alert")).to_contain_text("the database does not answer")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    page.unroute("**/api/v1/processed-data?*")  # and it recovers by itself
    expect(page.get_by_role("alert")).to_be_hidden()
