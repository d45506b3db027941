"""Get Data in a browser: three parts, each when it arrives; one that fails is shown as such."""

import re

from playwright.sync_api import Page, Route, expect

from local_stack.ports import any_port
from tests.browser.conftest import StartVisit
from tests.support.browser import System


def part(page: Page, name: str):
    """The frame of one part."""
    return page.get_by_role("region", name=name, exact=True)


def test_one_button_brings_a_number_a_chart_and_a_table(system: System, visit: StartVisit) -> None:
    seen = visit("/get-data")
    seen.page.get_by_role("button", name="Get data").click()
    expect(seen.page.locator("[data-figure=random-int]")).to_have_text(re.compile(r"^\d{1,3}$"), timeout=15_000)
    expect(seen.page.get_by_role("img", name="A time series of 3,000 points")).to_be_visible(timeout=15_000)
    expect(part(seen.page, "Table").locator("tbody tr")).to_have_count(250, timeout=15_000)
    expect(part(seen.page, "Table").locator("thead")).to_contain_text("temperature (°C)")
    for name in ("desktop", "phone"):
        seen.page.set_viewport_size(
            {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 360, "height": 760}}[name]
        )  # type: ignore[arg-type]
        # The chart takes its new width a frame later.
        seen.page.wait_for_function("document.documentElement.scrollWidth <= innerWidth", timeout=5_000)


def test_a_part_is_shown_while_another_is_on_its_way(system: System, visit: StartVisit) -> None:
    """The browser gives an answer as a whole to who intercepts it, so the first part is held back behind the others."""
    page = visit("/get-data").page
    page.evaluate(
        """() => {
            const original = window.fetch;
            window.fetch = async (input, init) => {
                const answer = await original(input, init);
                if (!String(input).includes("aggregate-data")) return answer;
                const whole = (await answer.text()).trim().split("\\n");
                const body = new ReadableStream({ start(controller) {
                    controller.enqueue(new TextEncoder().encode(whole[0] + "\\n"));
                    window.rest = () => {
                        controller.enqueue(new TextEncoder().encode(whole.slice(1).join("\\n") + "\\n"));
                        controller.close();
                    };
                } });
                return new Response(body, { headers: answer.headers });
            };
        }"""
    )
    page.get_by_role("button", name="Get data").click()
    waiting = page.locator("section[aria-busy=true]")
    expect(page.get_by_text(re.compile(r"^after [\d,]+ ms$"))).to_have_count(1, timeout=15_000)
    expect(waiting).to_have_count(2)
    page.evaluate("window.rest()")
    expect(waiting).to_have_count(0)


def test_parts_that_fail_say_why(system: System, visit: StartVisit) -> None:
    port = any_port(1)[0]
    system.start_api(port, TIDELINE_PRODUCER_URL="http://127.0.0.1:9")
    page = visit("/get-data", url=f"http://127.0.0.1:{port}").page
    page.get_by_role("button", name="Get data").click()
    for name in ("Random number", "Time series", "Table"):
        expect(part(page, name).get_by_role("alert")).to_contain_text("producer")


def test_an_answer_that_breaks_off_is_no_success(system: System, visit: StartVisit) -> None:
    page = visit("/get-data").page

    def one_part(route: Route) -> None:
        line = '{"part":"random-int","data":{"value":42}}\n'
        route.fulfill(status=200, content_type="application/x-ndjson", body=line)

    page.route("**/api/v1/aggregate-data", one_part)
    page.get_by_role("button", name="Get data").click()
    expect(page.locator("[data-figure=random-int]")).to_have_text("42")
    expect(page.get_by_role("alert")).to_contain_text("ended early")
