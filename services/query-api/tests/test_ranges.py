"""Times as callers write them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from query_api.errors import BadParameter
from query_api.ranges import Range, kept, parse_dates, parse_instant, parse_range, whole_minutes, written

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02t03:04:05.5z", datetime(2026, 1, 2, 3, 4, 5, 500_000, tzinfo=UTC)),
        ("2026-01-02T03:04:05.123456789Z", datetime(2026, 1, 2, 3, 4, 5, 123_456, tzinfo=UTC)),
        ("2026-01-02T03:04:05+05:45", datetime(2026, 1, 1, 21, 19, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05 05:45", datetime(2026, 1, 1, 21, 19, 5, tzinfo=UTC)),
        ("2026-01-02 03:04:05-03:30", datetime(2026, 1, 2, 6, 34, 5, tzinfo=UTC)),
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
        ("1767323045", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("1767323045.25", datetime(2026, 1, 2, 3, 4, 5, 250_000, tzinfo=UTC)),
        ("1767323045250", datetime(2026, 1, 2, 3, 4, 5, 250_000, tzinfo=UTC)),
        ("-1.5", datetime(1969, 12, 31, 23, 59, 58, 500_000, tzinfo=UTC)),
        ("0", datetime(1970, 1, 1, tzinfo=UTC)),
        ("now", NOW),
        ("now-1h", NOW - timedelta(hours=1)),
        ("now+2d", NOW + timedelta(days=2)),
        ("now 2d", NOW + timedelta(days=2)),
        ("now-1w", NOW - timedelta(days=7)),
    ],
)
def test_each_documented_form_is_an_instant(text: str, wanted: datetime) -> None:
    assert parse_instant("start", text, NOW) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "yesterday",
        "2026-01-02T03:04:05",
        "2026-1-2",
        "2026-W01-1",
        "2026-02-30",
        "2026-01-02T25:00:00Z",
        "2026-01-02T03:04:60Z",
        "0001-01-01",
        "9999-12-31",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "NaN",
        "inf",
        "1e5",
        "-99999999999999",
        "99999999999999",
        "now-9999999999w",
        "now-1y",
        "now--1h",
        "now-1h\u0000",
        "\u0000",
        "\ud800",
        "2026-01-02T03:04:05+25:00",
        "1" * 31,
        "\u0661\u0662\u0663",
    ],
)
def test_anything_else_is_refused_by_the_name_of_the_parameter(text: str) -> None:
    with pytest.raises(BadParameter) as refusal:
        parse_instant("start", text, NOW)
    assert refusal.value.parameter == "start"


def test_a_range_has_two_names_for_each_end() -> None:
    wanted = Range(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    assert parse_range("2026-01-01", "2026-01-02", None, None, NOW) == wanted
    assert parse_range(None, None, "2026-01-01", "2026-01-02", NOW) == wanted
    assert parse_range("2026-01-01", None, None, "2026-01-02", NOW) == wanted
    assert parse_range(None, None, None, None, NOW) == Range(None, None)


@pytest.mark.parametrize(
    ("given", "parameter"),
    [
        (("2026-01-01", None, "2026-01-01", None), "from"),
        ((None, "2026-01-01", None, "2026-01-01"), "to"),
        (("2026-01-03", "2026-01-02", None, None), "start"),
        ((None, None, "2026-01-03", "2026-01-02"), "from"),
        (("2026-01-01", "nonsense", None, None), "end"),
    ],
)
def test_a_range_that_contradicts_itself_is_refused(given: tuple[str | None, ...], parameter: str) -> None:
    with pytest.raises(BadParameter) as refusal:
        parse_range(*given, NOW)
    assert refusal.value.parameter == parameter


def test_open_ends_close_at_the_minutes_that_are_kept() -> None:
    first, last = datetime(2026, 1, 1, 0, 0, 7, tzinfo=UTC), datetime(2026, 1, 3, 5, 6, 7, tzinfo=UTC)
    assert kept(Range(None, None), first, last) == Range(
        datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, 5, 7, tzinfo=UTC)
    )
    assert kept(Range(NOW, None), first, last).start == NOW
    assert kept(Range(None, None), None, None) == Range(None, None)


def test_a_range_beside_what_is_kept_is_empty_and_never_backwards() -> None:
    first, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    before, after = datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    assert kept(Range(after, None), first, last) == Range(after, after)
    assert kept(Range(None, before), first, last) == Range(before, before)


def test_neighbouring_ranges_share_no_window() -> None:
    cut = datetime(2026, 1, 1, 10, 0, 30, tzinfo=UTC)
    left = whole_minutes(Range(datetime(2026, 1, 1, tzinfo=UTC), cut))
    right = whole_minutes(Range(cut, datetime(2026, 1, 2, tzinfo=UTC)))
    assert left.end == right.start == datetime(2026, 1, 1, 10, 1, tzinfo=UTC)


def test_dates_are_iso_and_in_order() -> None:
    assert parse_dates("2025-01-06", "2025-01-06") == (date(2025, 1, 6), date(2025, 1, 6))


@pytest.mark.parametrize(
    ("first", "last", "parameter"),
    [
        ("2025-01-07", "2025-01-06", "start_date"),
        ("2025-13-01", "2025-01-06", "start_date"),
        ("2025-01-06", "06.01.2025", "end_date"),
        ("2025-01-06T00:00:00Z", "2025-01-06", "start_date"),
        ("0001-01-01", "2025-01-06", "start_date"),
        ("2025-01-06", "9999-12-31", "end_date"),
        ("\x00", "2025-01-06", "start_date"),
    ],
)
def test_other_dates_are_refused_by_name(first: str, last: str, parameter: str) -> None:
    with pytest.raises(BadParameter) as refusal:
        parse_dates(first, last)
    assert refusal.value.parameter == parameter


def test_times_go_out_in_utc_with_z() -> None:
    assert written(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02T03:04:05Z"
