"""Where keys are wanted: every page asks for one, keeps a cookie, and offers no more than the key allows."""

import hashlib
import json
import re

import pytest
from playwright.sync_api import Page, expect

from local_stack.ports import any_port
from tests.browser.conftest import StartVisit
from tests.support.browser import REFUSED, System
from tests.support.waiting import until

KEYS = {"read": "key-of-somebody-who-looks", "control": "key-of-somebody-who-runs-it"}


@pytest.fixture(scope="module")
def guarded(whole_system: System) -> str:
    """The address of a query API that wants a key, beside the one that does not."""
    digests = {scope: hashlib.sha256(key.encode()).hexdigest() for scope, key in KEYS.items()}
    listed = [{"name": scope, "scope": scope, "sha256": digest} for scope, digest in digests.items()]
    port = any_port(1)[0]
    whole_system.start_api(port, TIDELINE_API_KEYS=json.dumps(listed))
    return f"http://127.0.0.1:{port}"


def enter(page: Page, key: str) -> None:
    """Give a key where one is asked for."""
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Continue").click()


def test_a_key_opens_the_page_and_what_it_may_not_do_is_not_offered(
    system: System, visit: StartVisit, guarded: str
) -> None:
    system.simulate("guarded", profile="random-int", rate=5)
    seen = visit("/streams/guarded", url=guarded)
    seen.allow(REFUSED)
    page = seen.page
    expect(page.get_by_role("heading", name="A key is needed")).to_be_visible()
    enter(page, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("not known")
    enter(page, KEYS["read"])
    expect(page.locator(".badge")).to_have_text("running")
    expect(page.get_by_role("button", name="Stop guarded")).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    enter(page, KEYS["control"])
    page.get_by_role("button", name="Stop guarded").click()
    expect(page.locator("[data-stream=guarded] .badge")).to_have_text("stopped")
    page.reload()
    expect(page.get_by_role("button", name="Start a simulation")).to_be_visible()


def test_explore_shows_its_data_to_a_key_that_may_read_and_says_so_to_curl(
    system: System, visit: StartVisit, guarded: str
) -> None:
    system.simulate("looked", profile="sensor", rate=20)
    until(lambda: len(system.ask("GET", "/api/v1/series?stream=looked").json()) == 5, 15, "its values are there")
    seen = visit("/explore?series=looked:power&tz=UTC", url=guarded, size="phone")
    page = seen.page
    expect(page.get_by_role("heading", name="A key is needed")).to_be_visible()
    assert seen.serious() == []
    seen.keep("key")
    enter(page, KEYS["read"])
    expect(page.get_by_role("img", name="Lines over time: power")).to_be_visible()
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator("dialog[open] pre")).to_contain_text('-H "Authorization: Bearer $TIDELINE_KEY"')
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert "looked" in download.value.path().read_text()


def test_pipeline_shows_everything_to_a_key_that_may_read_but_offers_no_replay(
    system: System, visit: StartVisit, guarded: str
) -> None:
    system.simulate("refused", profile="random-int", rate=1000, count=20, corrupt_ratio=1.0)
    letters = "/api/v1/dead-letters?state=open&limit=20"
    until(lambda: len(system.ask("GET", letters).json()) == 20, 20, "there are dead letters")
    page = visit("/pipeline", url=guarded).page
    enter(page, KEYS["read"])
    expect(page.locator("[data-figure=behind]")).to_have_text(re.compile(r"^[\d,]+$"))
    letters_panel = page.get_by_role("region", name="Dead letters")
    expect(letters_panel.get_by_text("sign in with a key that may change things")).to_be_visible()
    letters_panel.locator("details").first.locator("summary").click()
    expect(letters_panel.get_by_role("button", name=re.compile("^Download"))).to_be_visible()
    expect(letters_panel.get_by_role("button", name=re.compile("Replay|Discard"))).to_have_count(0)
    expect(letters_panel.get_by_role("checkbox")).to_have_count(0)
    page.get_by_role("button", name="Check now").click()
    expect(page.locator("[data-figure=audit]")).to_have_text("PASS", timeout=20_000)
