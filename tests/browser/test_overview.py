"""The overview in a browser: numbers that move, streams started and controlled, refusals, a service that comes back."""

import asyncio
import re
import threading

from playwright.sync_api import Page, expect

from tests.browser.conftest import StartVisit
from tests.support.browser import CUT_OFF, REFUSED, System, Visit
from tests.support.datasets import products
from tests.support.hostile import Reply, Request, serving
from tests.support.waiting import until

NAMES = "(rows) => rows.map((row) => row.dataset.stream)"


def number(text: str) -> float:
    """1,234/s → 1234."""
    return float(re.sub(r"[^0-9.]", "", text) or "nan")


def shown(seen: Visit, figure: str) -> float:
    """A number above 0, once it is there."""
    return until(lambda: (found := number(seen.figure(figure))) > 0 and found, 10, f"{figure} is there")


def in_list(page: Page, stream: str):
    """A stream's entry."""
    return page.locator(f"[data-stream='{stream}']")


def test_totals_throughput_and_rates_move_by_themselves(system: System, visit: StartVisit) -> None:
    system.simulate("moving", profile="random-int", rate=50)
    seen = visit("/")
    expect(seen.page.get_by_text("Live", exact=True)).to_be_visible()
    before = shown(seen, "kept")
    until(lambda: number(seen.figure("kept")) > before + 20, 15, "more is kept")
    until(lambda: 35 < number(seen.figure("throughput")) < 65, 15, "the throughput is what is simulated")
    rate = in_list(seen.page, "moving").get_by_label("Rate")
    until(lambda: 40 < number(rate.inner_text()) < 60, 10, "the stream's rate is what it was asked for")
    assert seen.figure("running") == "1"
    until(lambda: number(seen.figure("behind")) >= 0, 15, "how far behind is told")


def test_a_stream_of_others_has_its_rate_and_what_is_kept(system: System, visit: StartVisit) -> None:
    seen = visit("/")
    lines = "".join(f'{{"stream":"outside","category":"t","value":{n}}}\n' for n in range(30))
    system.ask("POST", "/api/v1/events", content=lines, headers={"Content-Type": "application/x-ndjson"})
    entry = in_list(seen.page, "outside")
    expect(entry.get_by_label("Kept")).to_have_text("30")
    expect(entry.get_by_label("Rate")).to_contain_text("/s", timeout=15_000)


def test_among_many_streams_one_is_found_by_its_name(system: System, visit: StartVisit) -> None:
    lines = "".join(f'{{"stream":"many-{n:02}","category":"t","value":1}}\n' for n in range(15))
    system.ask("POST", "/api/v1/events", content=lines, headers={"Content-Type": "application/x-ndjson"})
    page = visit("/").page
    page.get_by_role("searchbox", name="Find a stream").fill("y-07")
    expect(in_list(page, "many-07")).to_be_visible()
    expect(in_list(page, "many-08")).to_have_count(0)
    page.get_by_role("searchbox", name="Find a stream").fill("nowhere")
    expect(page.get_by_text("No stream is called so.")).to_be_visible()


def test_what_runs_comes_first_and_a_row_stays_where_it_is_until_the_page_is_opened_again(
    system: System, visit: StartVisit
) -> None:
    for name in ("line-10", "line-2"):
        system.simulate(name, profile="random-int", rate=5)
    page = visit("/").page

    def places() -> list[str]:
        return [name for name in page.locator("[data-stream]").evaluate_all(NAMES) if name.startswith("line-")]

    expect(in_list(page, "line-10")).to_contain_text("running")
    assert places() == ["line-2", "line-10"]
    in_list(page, "line-2").get_by_role("button", name="Stop").click()
    expect(in_list(page, "line-2")).to_contain_text("stopped")
    assert places() == ["line-2", "line-10"], "it is still under the finger"
    page.get_by_role("link", name="Get data").click()
    page.get_by_role("link", name="Overview").click()
    until(lambda: places() == ["line-10", "line-2"], 15, "what runs comes first")


def test_a_simulation_is_started_paused_resumed_stopped_and_deleted(system: System, visit: StartVisit) -> None:
    page = visit("/").page
    page.get_by_role("button", name="Start a simulation").click()
    page.get_by_label("Name").fill("lab-1")
    page.get_by_label("Profile").select_option("prices")
    page.get_by_label("Events a second").fill("20")
    page.get_by_label("Categories").fill("copper, tin")
    page.get_by_role("button", name="Start simulation").click()
    entry = in_list(page, "lab-1")
    expect(entry).to_contain_text("running")
    expect(entry).to_contain_text("prices, 20/s")
    assert system.ask("GET", "/api/v1/streams/lab-1").json()["spec"] == {
        "profile": "prices", "rate": 20.0, "categories": ["copper", "tin"],
    }  # fmt: skip
    for button, state in (("Pause", "paused"), ("Resume", "running"), ("Stop", "stopped")):
        entry.get_by_role("button", name=button).click()
        expect(entry.locator(".badge")).to_have_text(state)
    until(lambda: system.ask("GET", "/agg/lab-1").status_code == 200, 10, "its values are there")
    entry.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Keep it").click()
    expect(entry).to_be_visible()
    entry.get_by_role("button", name="Delete").click()
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Delete stream and data").click()
    expect(entry).to_have_count(0)
    until(lambda: system.ask("GET", "/agg/lab-1").status_code == 404, 15, "its data is gone")


def test_the_sixth_stream_is_refused_in_words_beside_the_form(system: System, visit: StartVisit) -> None:
    for n in range(5):
        system.simulate(f"one-{n}", rate=1)
    seen = visit("/")
    seen.allow(REFUSED)
    seen.page.get_by_role("button", name="Start a simulation").click()
    seen.page.get_by_label("Name").fill("one-too-many")
    seen.page.get_by_role("button", name="Start simulation").click()
    dialog = seen.page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("one-0, one-1, one-2, one-3, one-4")
    expect(dialog.get_by_role("alert")).to_be_in_viewport()
    seen.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_what_is_wrong_with_a_field_stands_under_it(system: System, visit: StartVisit) -> None:
    seen = visit("/")
    seen.allow(REFUSED)
    page = seen.page
    page.get_by_role("button", name="Ingest a dataset").click()
    page.get_by_label("Address").fill("ftp://a.example/x.json")
    page.get_by_role("button", name="Ingest dataset").click()
    expect(page.get_by_label("Address")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("small.wrong")).to_contain_text("http")


def test_a_dataset_is_ingested_from_its_address_with_a_bar(system: System, visit: StartVisit) -> None:
    content = products(4000)
    half, go_on = len(content) // 2, threading.Event()

    async def slowly(_request: Request, reply: Reply) -> None:
        await reply.head(200, Content_Length=len(content))
        await reply.send(content[:half])
        await asyncio.to_thread(go_on.wait, 30)
        await reply.send(content[half:])

    with serving(slowly) as source:
        page = visit("/").page
        page.get_by_role("button", name="Ingest a dataset").click()
        page.get_by_label("Address").fill(source.url("/parts.json"))
        page.get_by_role("button", name="Ingest dataset").click()
        entry = in_list(page, "parts")
        bar = entry.get_by_role("progressbar")
        until(lambda: 0.4 < float(bar.get_attribute("value") or 0) < 0.6, 15, "half of the bytes are there")
        expect(entry).to_contain_text(re.compile(r"kB of .* kB"))
        go_on.set()
        expect(entry).to_contain_text("completed", timeout=20_000)
        expect(entry).to_contain_text("4,000 rows")
        assert bar.count() == 0


def test_a_page_left_open_says_that_it_is_stale_and_recovers_alone(system: System, visit: StartVisit) -> None:
    system.simulate("steady", profile="random-int", rate=10)
    seen = visit("/")
    seen.allow(REFUSED, CUT_OFF)
    status = seen.page.get_by_role("status")
    expect(status).to_have_text("Live")
    before = shown(seen, "kept")
    system.kill_api()
    expect(status).to_contain_text("may be old")
    system.start_api()
    expect(status).to_have_text("Live", timeout=15_000)
    until(lambda: number(seen.figure("kept")) > before, 15, "the numbers move again")


def test_no_page_is_live_while_its_questions_are_not_answered(system: System, visit: StartVisit) -> None:
    """As behind a connection that is dead and does not say so."""
    system.simulate("quiet", profile="random-int", rate=1)
    system.ask("POST", "/api/v1/streams/quiet/pause")
    seen = visit("/")
    seen.allow(CUT_OFF)
    for path in ("/", "/streams/quiet"):
        page = seen.open(path)
        expect(page.get_by_role("status")).to_have_text("Live")
        page.route("**/api/v1/streams*", lambda route: route.abort())
        page.route("**/api/v1/streams/*", lambda route: route.abort())
        expect(page.get_by_role("status")).to_contain_text("may be old", timeout=10_000)
        page.unroute_all()
        expect(page.get_by_role("status")).to_have_text("Live", timeout=10_000)


def test_while_there_are_no_live_updates_the_page_asks(system: System, visit: StartVisit) -> None:
    seen = visit("/get-data")
    seen.allow(CUT_OFF, REFUSED)
    seen.page.route("**/api/v1/live*", lambda route: route.abort())
    system.simulate("asked", profile="random-int", rate=30)
    seen.open("/")
    expect(seen.page.get_by_role("status")).to_have_text("Asking every 3 s")
    before = shown(seen, "kept")
    until(lambda: number(seen.figure("kept")) > before, 15, "the numbers move all the same")


def test_two_tabs_see_the_same(system: System, visit: StartVisit) -> None:
    seen = visit("/")
    other = seen.another()
    other.goto(system.url)
    system.simulate("both", rate=5)
    for page in (seen.page, other):
        page.bring_to_front()
        expect(in_list(page, "both")).to_contain_text("running")
