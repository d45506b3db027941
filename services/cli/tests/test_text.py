"""Values as a person reads them."""

import pytest

from tideline.text import count, moment, number, plain, share, span


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0.0000"),
        (21.5, "21.5000"),
        (-1234567.25, "-1,234,567.2500"),
        (0.001, "0.0010"),
        (0.00012345678, "0.000123457"),
        (1e15, "1e+15"),
        (None, "-"),
        (True, "-"),
        ("x", "-"),
    ],
)
def test_a_number_has_the_digits_that_help(value: object, shown: str) -> None:
    assert number(value) == shown


def test_less_than_all_is_never_shown_as_all() -> None:
    assert [share(value) for value in (0, 0.5, 0.9999, 1, None)] == ["0.0 %", "50.0 %", "99.9 %", "100 %", "-"]


def test_a_time_is_shown_to_the_second_and_nonsense_as_nothing() -> None:
    assert moment("2026-01-02T03:04:05.999Z") == "2026-01-02 03:04:05Z"
    assert moment("2026-01-02T03:04:05+01:00") == "2026-01-02 02:04:05Z"
    assert [moment(None), moment("soon")] == ["-", "-"]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.9, ""), (1.9, "1 s"), (60, "1 min"), (61, "1 min 1 s"), (7200, "2 h"), (90_061, "1 d 1 h"), (None, "")],
)
def test_a_span_is_told_in_its_largest_units(seconds: object, shown: str) -> None:
    assert span(seconds) == shown


def test_a_count_has_separators() -> None:
    assert [count(1234567), count(None), count(True)] == ["1,234,567", "-", "-"]


def test_what_is_not_printable_is_written_out() -> None:
    assert plain("größe \x1b[1m\n\u2028\u202e😀") == "größe \\x1b[1m\\n\\u2028\\u202e😀"
