"""The page of a stream in a browser: what moves, what is counted, control, rejects, addresses."""

import json
import re
from datetime import datetime, timedelta

from playwright.sync_api import expect

from tests.browser.conftest import StartVisit
from tests.support.browser import REFUSED, System
from tests.support.datasets import product
from tests.support.hostile import decent, serving
from tests.support.waiting import until


def test_values_and_chart_move(system: System, visit: StartVisit) -> None:
    system.simulate("quick", profile="sensor", rate=25)
    until(lambda: len(system.ask("GET", "/api/v1/series?stream=quick").json()) == 5, 15, "its values are there")
    seen = visit("/streams/quick")
    expect(seen.page.get_by_role("heading", name="quick")).to_be_visible()
    chart = seen.page.get_by_role("img", name=re.compile("temperature: the last"))
    newest, shown = seen.figure("newest"), chart.get_attribute("aria-label")
    until(lambda: seen.figure("newest") != newest, 10, "new values come")
    until(lambda: chart.get_attribute("aria-label") != shown, 10, "the chart has them too")
    seen.page.get_by_role("button", name="pressure").click()
    expect(seen.page).to_have_url(re.compile(r"category=pressure"))
    expect(seen.page.get_by_role("img", name=re.compile("pressure: the last"))).to_be_visible()


def test_the_last_whole_minute_is_what_was_published_in_it(system: System, visit: StartVisit) -> None:
    now = datetime.now().astimezone()
    start = now.replace(second=0, microsecond=0) - timedelta(minutes=2)
    values = [(start + timedelta(seconds=n), n * 1.5) for n in range(0, 300, 7)]
    past = [(at, value) for at, value in values if at < now]
    lines = [{"stream": "counted", "category": "t", "timestamp": at.isoformat(), "value": value} for at, value in past]
    answer = system.ask("POST", "/api/v1/events", content="".join(json.dumps(line) + "\n" for line in lines),
                        headers={"Content-Type": "application/x-ndjson"})  # fmt: skip
    assert {line["status"] for line in answer.json()} == {"accepted"}
    until(lambda: len(system.ask("GET", "/api/v1/raw-data?stream=counted").json()) == len(past), 15, "all are kept")
    seen = visit("/streams/counted")

    def told() -> bool:
        end = datetime.now().astimezone().replace(second=0, microsecond=0)
        inside = [value for at, value in past if end - timedelta(minutes=1) <= at < end]
        shown = [seen.figure(name).replace(",", "") for name in ("average", "sum", "count")]
        wanted = [sum(inside) / len(inside), sum(inside), len(inside)]
        return "\u2013" not in shown and [float(one) for one in shown] == [float(f"{one:.6g}") for one in wanted]

    until(told, 10, "average, sum and count are those of the minute")


def test_it_is_paused_resumed_and_stopped_which_leads_to_the_overview(system: System, visit: StartVisit) -> None:
    system.simulate("held", profile="random-int", rate=10)
    page = visit("/streams/held").page
    badge = page.locator(".badge")
    expect(badge).to_have_text("running")
    page.get_by_role("button", name="Pause held").click()
    expect(badge).to_have_text("paused")
    page.get_by_role("button", name="Resume held").click()
    expect(badge).to_have_text("running")
    page.get_by_role("button", name="Stop held").click()
    expect(page).to_have_url(system.url + "/")
    expect(page.locator("[data-stream=held] .badge")).to_have_text("stopped")


def test_what_another_does_to_it_is_seen(system: System, visit: StartVisit) -> None:
    system.simulate("shared", profile="random-int", rate=10)
    seen = visit("/batch/shared")
    seen.allow(REFUSED)
    page = seen.page
    expect(page.locator(".badge")).to_have_text("running")
    system.ask("POST", "/api/v1/streams/shared/pause")
    expect(page.locator(".badge")).to_have_text("paused")
    system.ask("DELETE", "/api/v1/streams/shared?data=true")
    expect(page.get_by_role("heading", name="There is no stream shared")).to_be_visible(timeout=20_000)


def test_rejected_rows_are_shown_with_their_reasons(system: System, visit: StartVisit) -> None:
    rows = [product(n) for n in range(60)]
    rows[7]["timestamp"] = "yesterday"
    rows[20] = {"molding_machine_id": "M-1"}
    with serving(decent(json.dumps(rows).encode())) as source:
        body = {"id": "rough", "kind": "dataset", "url": source.url("/rough.json")}
        assert system.ask("POST", "/api/v1/streams", json=body).status_code == 201
        seen = visit("/streams/rough")
        expect(seen.page.locator("[data-figure=rejected]")).to_have_text("2", timeout=20_000)
    expect(seen.page.locator("[data-figure=rows]")).to_have_text("60")
    table = seen.page.get_by_role("region", name="Rejected rows")
    expect(table.locator("tbody tr")).to_have_count(2)
    told = system.ask("GET", "/api/v1/streams/rough").json()["progress"]["rejects"]
    assert [reject["row"] for reject in told] == [7, 20]
    for reject in told:
        expect(table).to_contain_text(reject["detail"])


def test_an_unknown_stream_has_a_page_that_leads_on(system: System, visit: StartVisit) -> None:
    seen = visit("/streams/never.was")
    seen.allow(REFUSED)
    expect(seen.page.get_by_role("heading", name="There is no stream never.was")).to_be_visible()
    seen.page.get_by_role("button", name="To the overview").click()
    expect(seen.page).to_have_url(system.url + "/")
