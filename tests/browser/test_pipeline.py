"""The pipeline in a browser: how far behind, what was refused and why, whether everything adds up."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import StartVisit
from tests.support.browser import REFUSED, System
from tests.support.waiting import until


def reasons(system: System) -> dict[str, int]:
    """How many letters are open, by reason."""
    return {one["reason"]: one["open"] for one in system.ask("GET", "/api/v1/dead-letters/reasons").json()}


def refuse(system: System, stream: str, count: int) -> None:
    """Publish so many records that are no readings."""
    before = sum(reasons(system).values())
    system.simulate(stream, profile="random-int", rate=1000, count=count, corrupt_ratio=1.0)
    until(lambda: sum(reasons(system).values()) == before + count, 20, "all of them are dead letters")


def panel(page: Page, name: str) -> Locator:
    """One part of the page."""
    return page.get_by_role("region", name=name, exact=True)


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "dark"), ("phone", "light")])
def test_dead_letters_are_told_by_reason_with_their_bytes(
    system: System, visit: StartVisit, size: str, scheme: str
) -> None:
    refuse(system, f"broken-{size}", 60)
    seen = visit("/pipeline", size=size, scheme=scheme)
    page, letters = seen.page, panel(seen.page, "Dead letters")
    for reason, count in reasons(system).items():
        expect(letters.get_by_role("button", name=f"{reason} {count}", exact=True)).to_be_visible()
    letters.get_by_role("button", name=re.compile("^not_utf8")).click()
    expect(letters.get_by_text("How to fix it: Encode as UTF-8")).to_be_visible()
    assert parse_qs(urlsplit(page.url).query)["reason"] == ["not_utf8"]
    entry = letters.locator(".letter details").first
    entry.locator("summary").click()
    expect(entry.locator("pre")).to_contain_text(re.compile(r"\\x[0-9A-F]{2}"))
    href = entry.locator("a[download]").get_attribute("href")
    assert href
    with pytest.raises(UnicodeDecodeError):
        system.ask("GET", href).content.decode("utf-8")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert seen.serious() == []
    seen.keep("pipeline-letters")
    page.go_back()
    expect(letters.get_by_text("How to fix it")).to_be_hidden()


def test_letters_are_searched_and_older_ones_come_on_request(system: System, visit: StartVisit) -> None:
    refuse(system, "many", 60)
    page = visit("/pipeline?state=all").page
    letters = panel(page, "Dead letters")
    expect(letters.locator(".letter details")).to_have_count(25)
    letters.get_by_role("button", name="Older ones").click()
    expect(letters.locator(".letter details")).to_have_count(50)
    letters.get_by_label("Text in value").fill("nowhere to be found")
    letters.get_by_label("Text in value").press("Enter")
    expect(letters.get_by_text("None of them fits.")).to_be_visible()


def test_letters_that_come_while_somebody_reads_are_told_and_shown_on_request(
    system: System, visit: StartVisit
) -> None:
    refuse(system, "first", 3)
    seen = visit("/get-data")
    page = seen.page
    page.clock.install()
    seen.open("/pipeline?state=all")
    letters = panel(page, "Dead letters")
    expect(letters.locator(".letter").first).to_be_visible()
    read = letters.locator(".letter").first.inner_text()
    refuse(system, "later", 3)
    page.clock.fast_forward(10_000)
    newer = letters.get_by_role("button", name="Newer ones")
    expect(newer).to_be_visible()
    assert letters.locator(".letter").first.inner_text() == read, "nothing moved by itself"
    newer.click()
    expect(newer).to_be_hidden()
    letters.locator(".letter summary").first.click()
    expect(letters.locator(".letter").first).to_contain_text("later")


def test_a_letter_is_edited_and_taken(system: System, visit: StartVisit) -> None:
    refuse(system, "mended", 60)
    seen = visit("/pipeline?reason=wrong_type&text=mended", size="phone", scheme="dark")
    letters, dialog = panel(seen.page, "Dead letters"), seen.page.get_by_role("dialog")
    letters.locator("details").first.locator("summary").click()
    letters.get_by_role("button", name="Edit and replay").click()
    value = dialog.get_by_label("Value")
    expect(value).to_be_focused()
    expect(value).to_have_value(re.compile("broken"))
    value.fill("{")
    expect(dialog.get_by_text("This is no JSON yet")).to_be_visible()
    assert seen.serious() == []
    assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    seen.keep("pipeline-edit")
    value.fill('{"stream": "mended", "category": "by hand", "timestamp": "2026-01-02T03:04:05Z", "value": 42.5}')
    dialog.get_by_role("button", name="Replay").click()
    expect(dialog).to_be_hidden()
    expect(letters.locator("[data-figure=outcome]")).to_have_text("1 taken", timeout=20_000)
    [kept] = system.ask("GET", "/api/v1/raw-data?stream=mended&category=by hand").json()
    assert kept["value"] == 42.5


def test_some_letters_are_replayed_and_refused_again_and_all_of_a_reason_discarded_with_a_note(
    system: System, visit: StartVisit
) -> None:
    refuse(system, "hopeless", 60)
    seen = visit("/pipeline?reason=bad_timestamp&text=hopeless")
    letters, dialog = panel(seen.page, "Dead letters"), seen.page.get_by_role("dialog")
    boxes = letters.get_by_role("checkbox", name=re.compile("^Select .*readings"))
    expect(boxes.first).to_be_visible()
    many = boxes.count()
    assert many > 2
    for box in (boxes.nth(0), boxes.nth(1)):
        box.focus()
        seen.page.keyboard.press("Space")
    letters.get_by_role("button", name="Replay 2").click()
    expect(dialog).to_contain_text("refused again stays here with the new reason")
    assert seen.serious() == []
    dialog.get_by_role("button", name="Replay").click()
    outcome = letters.get_by_role("region", name="Outcome")
    expect(outcome.locator("[data-figure=outcome]")).to_have_text("2 refused again", timeout=20_000)
    expect(outcome.locator("li.refused")).to_have_count(2)
    expect(outcome.locator("li").first).to_contain_text("must be RFC 3339")
    seen.keep("pipeline-replayed")
    letters.get_by_role("button", name="Discard all that fit").click()
    dialog.get_by_label("Note").fill("the sensor was broken")
    dialog.get_by_role("button", name="Discard").click()
    expect(outcome.locator("[data-figure=outcome]")).to_have_text(f"{many} discarded", timeout=20_000)
    expect(letters.get_by_text("None of them fits.")).to_be_visible()
    letters.get_by_label("Show").select_option("discarded")
    letters.locator("details").first.locator("summary").click()
    expect(letters.get_by_text("Discarded: the sensor was broken").first).to_be_visible()


def test_the_audit_says_pass_and_what_it_looked_at(system: System, visit: StartVisit) -> None:
    seen = visit("/pipeline", size="phone", scheme="dark")
    audit = panel(seen.page, "Audit")
    audit.get_by_role("button", name="Check now").click()
    expect(audit.locator("[data-figure=audit]")).to_have_text("PASS", timeout=20_000)
    expect(audit.get_by_text("each window is what its raw values amount to")).to_be_visible()
    expect(audit.locator("[data-figure=covered]")).to_have_count(0)
    assert seen.serious() == []
    seen.keep("pipeline-audit")


def test_a_deep_audit_says_how_much_of_kafka_it_has_read(system: System, visit: StartVisit) -> None:
    seen = visit("/pipeline")
    audit = panel(seen.page, "Audit")
    audit.get_by_label("Read Kafka again too").check()
    audit.get_by_role("button", name="Check now").click()
    expect(audit.get_by_role("progressbar", name="Checking")).to_be_visible()
    expect(audit.locator("[data-figure=audit]")).to_have_text("PASS", timeout=60_000)
    expect(audit.get_by_text("12 partitions")).to_be_visible()
    audit.get_by_text("Read again in Kafka").click()
    records = audit.get_by_role("region", name="Read again by partition").locator("tbody td:nth-child(4)")
    counts = [int(text.replace(",", "")) for text in records.all_inner_texts()]
    assert audit.locator("[data-figure=covered]").inner_text() == f"{sum(counts):,}"
    assert sum(counts) > 0
    assert seen.serious() == []


def test_lag_says_what_waits_and_where(system: System, visit: StartVisit) -> None:
    seen = visit("/pipeline")
    lag = panel(seen.page, "Lag")
    expect(lag.locator("[data-figure=behind]")).to_have_text(re.compile(r"^[\d,]+$"))
    lag.get_by_text("Partitions", exact=False).first.click()
    expect(lag.locator("tbody tr")).to_have_count(12)
    for topic in ("readings", "rows"):
        expect(lag.get_by_role("cell", name=re.compile(f"{topic}$"))).to_have_count(6)
    seen.allow(REFUSED)
    seen.page.route(
        "**/api/v1/lag*", lambda route: route.fulfill(status=503, body='{"detail":"Kafka does not answer"}')
    )
    expect(lag.get_by_role("alert")).to_contain_text("Kafka does not answer")
    expect(lag.locator("[data-figure=behind]")).to_be_visible()
