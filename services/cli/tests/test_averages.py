"""`tideline averages`: days of series, page by page."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from services.cli.tests.conftest import Tideline
from services.cli.tests.fake_api import FakeApi, Reply, problem

from tideline.commands.averages import days_asked, today_in

PATH = "/api/v1/daily-averages"
DAY = {
    "date": "2025-01-06",
    "stream": "prices",
    "category": "EURUSD",
    "avg_value": 1.035249,
    "min": 1.0301,
    "max": 1234567.5,
    "count": 4320,
    "minutes_expected": 1440,
    "minutes_present": 1439,
    "coverage": 0.99999,
    "complete": True,
}


def test_days_are_a_table_for_a_person(api: FakeApi, tideline: Tideline) -> None:
    today = DAY | {"date": "2025-01-07", "coverage": 1.0, "complete": False, "avg_value": -1e-7}
    api.on("GET", PATH, Reply(200, [DAY, today]))
    heading, first, second = tideline("averages").stdout.splitlines()
    assert heading.split() == ["date", "stream", "category", "average", "min", "max", "count", "coverage"]
    expected = ["2025-01-06", "prices", "EURUSD", "1.0352", "1.0301", "1,234,567.5000", "4,320", "99.9", "%"]
    assert first.split() == expected
    assert second.split()[3] == "-1e-07"
    assert second.split()[-4:] == ["100", "%", "not", "over"]


def test_all_pages_are_read_and_a_link_leads_to_no_other_server(api: FakeApi, tideline: Tideline) -> None:
    link = {"Link": f'<http://127.0.0.1:1{PATH}?stream=x&cursor=abc%2Bd>; rel="next"'}
    api.on("GET", PATH, Reply(200, [DAY], link), Reply(200, [DAY | {"date": "2025-01-07"}]))
    arguments = "averages --start-date 2025-01-06 --end-date 2025-01-07 --stream prices --category A --category B"
    result = tideline(f"{arguments} --tz Europe/Berlin --json")
    assert [day["date"] for day in json.loads(result.stdout)] == ["2025-01-06", "2025-01-07"]
    asked = {
        "start_date": ["2025-01-06"],
        "end_date": ["2025-01-07"],
        "stream": ["prices"],
        "category": ["A", "B"],
        "tz": ["Europe/Berlin"],
    }
    assert [one.query for one in api.asked] == [asked, asked | {"cursor": ["abc+d"]}]


def test_no_days_are_said_to_be_none(api: FakeApi, tideline: Tideline) -> None:
    api.on("GET", PATH, Reply(200, []))
    arguments = "averages --start-date 2025-01-06 --end-date 2025-01-07"
    assert tideline(arguments).stdout == "Nothing is kept from 2025-01-06 to 2025-01-07.\n"
    assert tideline(f"{arguments} --json").stdout == "[]\n"


def test_the_servers_rules_are_the_servers_to_tell(api: FakeApi, tideline: Tideline) -> None:
    api.on("GET", PATH, problem(400, "tz: is no time zone", {"parameter": "tz", "message": "is no time zone"}))
    result = tideline("averages --tz Mars/Base")
    assert (result.exit_code, result.stderr) == (1, "error: tz: is no time zone\n")


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, ("2026-03-09", "2026-03-15")),
        ("2026-03-01", None, ("2026-03-01", "2026-03-15")),
        (None, "2025-01-07", ("2025-01-01", "2025-01-07")),
        ("2025-01-06", "2025-01-07", ("2025-01-06", "2025-01-07")),
        (None, "tomorrow", ("2026-03-09", "tomorrow")),
    ],
)
def test_without_dates_it_is_the_week_up_to_the_last_day(
    start: str | None, end: str | None, expected: tuple[str, str]
) -> None:
    assert days_asked(start, end, date(2026, 3, 15)) == expected


def test_today_is_the_date_in_the_zone() -> None:
    now = datetime(2026, 3, 15, 23, 30, tzinfo=UTC)
    assert today_in(None, now) == date(2026, 3, 15)
    assert today_in("Asia/Kathmandu", now) == now.date() + timedelta(days=1)
    for unknown in ("Mars/Base", "../../etc/passwd", "/etc/passwd", "\x00"):
        assert today_in(unknown, now) == now.date()
