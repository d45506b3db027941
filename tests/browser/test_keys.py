"""Where keys are wanted: the page asks for one, keeps a cookie, and offers no more than the key allows."""

import hashlib
import json

from playwright.sync_api import expect

from local_stack.ports import any_port
from tests.browser.conftest import StartVisit
from tests.support.browser import REFUSED, System

KEYS = {"read": "key-of-somebody-who-looks", "control": "key-of-somebody-who-runs-it"}


def test_a_key_opens_the_page_and_what_it_may_not_do_is_not_offered(system: System, visit: StartVisit) -> None:
    system.simulate("guarded", profile="random-int", rate=5)
    digests = {scope: hashlib.sha256(key.encode()).hexdigest() for scope, key in KEYS.items()}
    listed = [{"name": scope, "scope": scope, "sha256": digest} for scope, digest in digests.items()]
    port = any_port(1)[0]
    system.start_api(port, TIDELINE_API_KEYS=json.dumps(listed))
    seen = visit("/streams/guarded", url=f"http://127.0.0.1:{port}")
    seen.allow(REFUSED)
    page = seen.page
    expect(page.get_by_role("heading", name="A key is needed")).to_be_visible()
    page.get_by_label("Key").fill("wrong")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("not known")
    page.get_by_label("Key").fill(KEYS["read"])
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".badge")).to_have_text("running")
    expect(page.get_by_role("button", name="Stop guarded")).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Key").fill(KEYS["control"])
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Stop guarded").click()
    expect(page.locator("[data-stream=guarded] .badge")).to_have_text("stopped")
    page.reload()
    expect(page.get_by_role("button", name="Start a simulation")).to_be_visible()
