"""Charts and pages whose code comes behind the first page: a server that restarts meanwhile, an upgrade in between."""

import re

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import StartVisit
from tests.support.browser import CUT_OFF, REFUSED, System

AWAY = "does not answer"
GONE = "could not be loaded"


def loads(page: Page) -> list[str]:
    """The addresses that the page is loaded from, as they come."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if request.is_navigation_request() else None)
    return found


def test_what_has_not_arrived_when_the_server_dies_comes_by_itself_when_it_is_back(
    system: System, visit: StartVisit
) -> None:
    seen = visit("/get-data")
    seen.allow(CUT_OFF, REFUSED)
    page, held = seen.page, []
    page.route("**/assets/ThroughputChart*", lambda route: held.append(route))
    seen.open("/")
    expect(page.get_by_text("On its way…")).to_be_visible()
    system.kill_api()
    for route in held:
        route.abort("connectionfailed")
    page.unroute("**/assets/ThroughputChart*")
    expect(page.locator(".room")).to_contain_text(AWAY)
    page.get_by_role("link", name="Pipeline").click()
    expect(page).to_have_url(re.compile("/pipeline$"))
    expect(page.locator("main")).to_contain_text(AWAY)
    loaded = loads(page)
    system.start_api()
    expect(page.get_by_role("heading", name="Lag")).to_be_visible()
    page.get_by_role("link", name="Overview").click()
    expect(page.locator(".room canvas")).to_be_visible()
    assert not loaded, "nothing had to be loaded anew"


def test_a_file_that_an_upgrade_took_away_loads_the_page_anew_once(visit: StartVisit) -> None:
    seen = visit("/")
    seen.allow(REFUSED)
    page = seen.page
    loaded = loads(page)

    def gone(route: Route) -> None:
        """As long as the page is the one of before the upgrade."""
        if loaded:
            route.continue_()
        else:
            route.fulfill(status=404)

    page.route("**/assets/PipelineView*", gone)
    page.get_by_role("link", name="Pipeline").click()
    expect(page.get_by_role("heading", name="Lag")).to_be_visible()
    assert loaded == [f"{seen.url}/pipeline"]


def test_a_file_that_is_missing_for_good_is_told_and_does_not_load_the_page_again_and_again(visit: StartVisit) -> None:
    seen = visit("/")
    seen.allow(REFUSED, "Failed to fetch dynamically imported module")
    page = seen.page
    loaded = loads(page)
    page.route("**/assets/PipelineView*", lambda route: route.fulfill(status=404))
    page.get_by_role("link", name="Pipeline").click()
    expect(page.get_by_role("alert")).to_contain_text(GONE)
    assert loaded == [f"{seen.url}/pipeline"]
    page.unroute("**/assets/PipelineView*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Lag")).to_be_visible()
