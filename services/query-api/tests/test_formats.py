"""Lines as bytes, and which bytes a caller wants."""

import csv
import io
import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query_api.formats import Columns, Format, JsonText, etag, is_known, page, wanted

LINE = {
    "time": datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC),
    "day": date(2026, 1, 2),
    "value": 0.1,
    "ok": True,
    "none": None,
    "data": JsonText('{"a":[1,"x,y"]}'),
}
COLUMNS = Columns(list(LINE))


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, Format.JSON),
        ("", Format.JSON),
        ("*/*", Format.JSON),
        ("text/csv", Format.CSV),
        ("text/*", Format.CSV),
        ("application/x-ndjson", Format.NDJSON),
        ("application/json;q=0.5, text/csv", Format.CSV),
        ("application/json, text/csv", Format.JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Format.JSON),
        ("text/csv;q=0", Format.JSON),
        ("text/csv;q=nonsense", Format.JSON),
        (";;;,,,/", Format.JSON),
    ],
)
def test_accept_chooses_the_format(accept: str | None, form: Format) -> None:
    assert wanted(None, accept) is form


def test_format_beats_accept() -> None:
    assert wanted(Format.NDJSON, "text/csv") is Format.NDJSON


def test_one_line_in_each_format() -> None:
    as_json = {**LINE, "time": "2026-01-02T03:04:05.678000Z", "day": "2026-01-02", "data": {"a": [1, "x,y"]}}
    assert json.loads(page(Format.JSON, [LINE], COLUMNS)) == [as_json]
    assert json.loads(page(Format.NDJSON, [LINE], COLUMNS)) == as_json
    assert page(Format.CSV, [LINE], COLUMNS).decode() == (
        'time,day,value,ok,none,data\n2026-01-02T03:04:05.678000Z,2026-01-02,0.1,true,,"{""a"":[1,""x,y""]}"\n'
    )


def test_no_lines_are_an_empty_list_nothing_or_a_header() -> None:
    assert [page(form, [], Columns(["a", "b"])) for form in Format] == [b"[]", b"", b"a,b\n"]


@given(
    st.lists(
        st.fixed_dictionaries(
            {"a": st.text(st.characters(exclude_categories=("Cs",))), "b": st.floats(allow_nan=False)}
        )
    )
)
def test_csv_comes_back_as_it_went(lines: list[dict[str, object]]) -> None:
    text = page(Format.CSV, lines, Columns(["a", "b"])).decode()
    assert [(row["a"], float(row["b"])) for row in csv.DictReader(io.StringIO(text, newline=""))] == [
        (x["a"], x["b"]) for x in lines
    ]


def test_a_carriage_return_begins_no_line_of_csv() -> None:
    assert page(Format.CSV, [{"a": "1\rx,y", "b": None}], Columns(["a", "b"])) == b'a,b\n"1\rx,y",""\n'


def test_equal_tags_are_equal_bytes_on_the_wire() -> None:
    assert etag(b"a", None) == etag(b"a", "br") != etag(b"b", None)
    assert etag(b"a", "gzip, deflate") != etag(b"a", None)


@pytest.mark.parametrize(
    ("if_none_match", "known"),
    [(None, False), ("", False), ("*", True), ('"x"', True), ('W/"x"', True), ('"y", "x"', True), ('"y"', False)],
)
def test_a_caller_says_what_it_has(if_none_match: str | None, known: bool) -> None:
    assert is_known('"x"', if_none_match) is known


def test_what_json_holds_is_a_plain_value_in_csv_or_json_again() -> None:
    values = [1.5, True, None, 'a, "b"', [1], {"a": None}, JsonText('{"b": 1.50}')]
    lines = [{"n": n, "v": value} for n, value in enumerate(values)]
    rows = csv.DictReader(io.StringIO(page(Format.CSV, lines, Columns(["n", "v"])).decode()))
    assert [row["v"] for row in rows] == ["1.5", "true", "", 'a, "b"', "[1]", '{"a":null}', '{"b": 1.50}']
