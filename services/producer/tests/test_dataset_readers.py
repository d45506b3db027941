"""Rows cut out of files of every format, whatever the pieces in which they come."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from producer.datasets.compressed import Bounds
from producer.datasets.read import read_rows
from producer.datasets.read_json import read_json
from producer.datasets.rows import RawRow
from producer.errors import Failed

NO_BOUNDS = Bounds(10**12, 1e9)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
spaces = st.text(" \n\t\r", max_size=3)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def rows(data: bytes, size: int = 7, row_bytes_max: int = 10_000) -> list[RawRow]:
    return list(read_rows(pieces(data, size), NO_BOUNDS, row_bytes_max))


def until_failure(data: bytes, size: int = 7, row_bytes_max: int = 10_000) -> tuple[list[RawRow], Failed]:
    """The rows before the place where the file cannot be read on, and what is said about it."""
    found: list[RawRow] = []
    with pytest.raises(Failed) as failure:
        found.extend(read_rows(pieces(data, size), NO_BOUNDS, row_bytes_max))
    return found, failure.value


def decoded(found: list[RawRow]) -> list[Any]:
    return [json.loads(row.data) for row in found]


# JSON arrays


@given(st.lists(values, max_size=6), st.integers(1, 40), st.booleans(), spaces)
def test_the_elements_of_any_array_come_as_they_are(elements: list[Any], size: int, escaped: bool, space: str) -> None:
    texts = [json.dumps(element, ensure_ascii=escaped) for element in elements]
    data = f"{space}[{space}" + f"{space},{space}".join(texts) + f"{space}]{space}"
    found = list(read_json(iter([data[:10].encode(), *pieces(data[10:].encode(), size)]), 10**6))
    assert [row.data.decode() for row in found] == texts
    encoded = data.encode()
    for row in found:
        assert encoded[row.byte : row.byte + len(row.data)] == row.data
        assert row.line == 1 + encoded[: row.byte].count(b"\n")


@given(st.binary(max_size=60).map(lambda junk: b"[" + junk), st.integers(1, 70))
@example(b'["\\', 1)
@example(b'[{"a":"\\"', 3)
def test_any_bytes_are_cut_the_same_in_any_pieces(data: bytes, size: int) -> None:
    def outcome(size: int) -> object:
        found: list[RawRow] = []
        try:
            found.extend(read_json(iter([data[:1], *pieces(data[1:], size)]), 20))
        except Failed as failure:
            return str(failure)
        return found

    assert outcome(size) == outcome(1000)


def test_pretty_printed_arrays_and_a_byte_order_mark_are_read() -> None:
    data = b"\xef\xbb\xbf" + json.dumps([{"a": {"b": [1, {"c": "]},{"}]}}, {"a": 2}], indent=4).encode()
    assert decoded(rows(data)) == [{"a": {"b": [1, {"c": "]},{"}]}}, {"a": 2}]
    assert [row.line for row in rows(data)] == [2, 12]


@pytest.mark.parametrize("data", [b"[]", b" [ ] \n", b"[\n]"])
def test_an_empty_array_holds_no_rows(data: bytes) -> None:
    assert rows(data) == []


@pytest.mark.parametrize(
    ("data", "others"),
    [
        (b'[{"a":1},{"a":NaN},{"a":3}]', b'{"a":NaN}'),
        (b'[{"a":1},{"a":"\xff"},{"a":3}]', b'{"a":"\xff"}'),
        (b'[{"a":1},{"a":1}{"a":2},{"a":3}]', b'{"a":1}{"a":2}'),
        (b'[{"a":1},{"a":1}x,{"a":3}]', b'{"a":1}x'),
        (b'[{"a":1},{"a":2],{"a":3}]', b'{"a":2]'),
        (b'[{"a":1},nothing at all,{"a":3}]', b"nothing at all"),
        (b'[{"a":1},,{"a":3}]', b""),
        (b'[{"a":1},"a, \\"b\\" ]",{"a":3}]', b'"a, \\"b\\" ]"'),
    ],
)
def test_an_element_that_is_no_json_costs_no_other_row(data: bytes, others: bytes) -> None:
    found = rows(data)
    assert [row.data for row in found] == [b'{"a":1}', others, b'{"a":3}']


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_an_array_that_breaks_off_keeps_the_rows_before_and_names_the_byte(size: int) -> None:
    data = b'[{"a":1},{"a":2},{"a":'
    found, failure = until_failure(data, size)
    assert decoded(found) == [{"a": 1}, {"a": 2}]
    assert failure.code == "truncated"
    assert "ends at byte 22, in row 2, which begins at byte 17" in failure.detail
    found, failure = until_failure(b'[{"a":1},', size)
    assert (len(found), failure.code) == (1, "truncated")


@pytest.mark.parametrize(
    ("data", "count"), [(b'[{"a":1}]{"a":2}', 1), (b'[{"a":1}][{"a":2}]', 1), (b'[{"a":1}},{"a":2}]', 1)]
)
def test_what_follows_the_array_is_an_error_after_its_rows(data: bytes, count: int) -> None:
    found, failure = until_failure(data)
    assert (len(found), failure.code) == (count, "not_json")


@pytest.mark.parametrize("size", [3, 64, 100_000])
def test_a_row_that_is_too_long_is_passed_over_in_any_format(size: int) -> None:
    long = json.dumps({"a": 'x"\\{[,' * 1000})
    for data in (f'[{{"a":1}},{long},{{"a":3}}]', f'{{"a":1}}\n{long}\n{{"a":3}}\n'):
        found = rows(data.encode(), size, row_bytes_max=500)
        assert [row.code for row in found] == ["", "too_large", ""]
        assert decoded([found[0], found[2]]) == [{"a": 1}, {"a": 3}]
    table = 'a,b\n1,1\n2,"' + "x" * 1000 + '"\n3,3\n'
    found = rows(table.encode(), size, row_bytes_max=500)
    assert [row.code for row in found] == ["", "too_large", ""]


def test_ten_thousand_levels_and_a_hundred_thousand_fields_are_but_rows() -> None:
    deep = b'{"a":' * 10_000 + b"1" + b"}" * 10_000
    wide = json.dumps({f"field{number}": number for number in range(100_000)}).encode()
    found = rows(b"[" + deep + b"," + wide + b',{"a":3}]', 65_536, row_bytes_max=10**7)
    assert [row.data for row in found] == [deep, wide, b'{"a":3}']


# NDJSON


@given(st.lists(values, min_size=1, max_size=6), st.integers(1, 40), st.sampled_from(["\n", "\r\n", "\n\n", "\n  \n"]))
def test_the_lines_of_any_ndjson_come_as_they_are(elements: list[Any], size: int, end: str) -> None:
    texts = [json.dumps({"a": element}) for element in elements]
    data = end.join(texts).encode()
    found = rows(data, size)
    assert [row.data.decode() for row in found] == texts
    for row in found:
        assert data[row.byte : row.byte + len(row.data)] == row.data
        assert row.line == 1 + data[: row.byte].count(b"\n")
    assert [row.ended for row in found] == [True] * (len(texts) - 1) + [False]
    assert rows(data + b"\n", size)[-1].ended


def test_a_line_that_is_no_json_costs_no_other_line() -> None:
    data = b'\xef\xbb\xbf{"a":1}\n{"a":\n{"a": "\xff"}\n\x00\n{"a":3}\n'
    assert [row.line for row in rows(data)] == [1, 2, 3, 4, 5]
    assert rows(data)[0].data == b'{"a":1}'


# CSV and TSV


def test_cells_that_read_as_json_are_typed() -> None:
    data = 'text,number,flag,none,more\nM-3,12.50,true,,"a ""b"", c"\n007,-1e3,false, ,1.\n+1,0,True,null,NaN\n'
    assert decoded(rows(data.encode())) == [
        {"text": "M-3", "number": 12.5, "flag": True, "none": None, "more": 'a "b", c'},
        {"text": "007", "number": -1000, "flag": False, "none": None, "more": "1."},
        {"text": "+1", "number": 0, "flag": "True", "none": "null", "more": "NaN"},
    ]
    assert rows(data.encode())[0].data == b'{"text":"M-3","number":12.50,"flag":true,"none":null,"more":"a \\"b\\", c"}'


def test_tabs_separate_as_well_and_empty_cells_at_the_end_are_cells() -> None:
    assert decoded(rows(b"a\tb\tc\r\n1\t\t\r\n\r\n2\tx,y\t3\r\n")) == [
        {"a": 1, "b": None, "c": None},
        {"a": 2, "b": "x,y", "c": 3},
    ]


def test_a_decimal_comma_makes_a_number_where_semicolons_separate() -> None:
    data = 'Zeit;Größe;Text;mehr\r\n31.12.2025 08:00;12,50;"1,5; 2";-0,5\r\n;1.5;1.234,5;007,1\r\n'
    assert decoded(rows(data.encode())) == [
        {"Zeit": "31.12.2025 08:00", "Größe": 12.5, "Text": "1,5; 2", "mehr": -0.5},
        {"Zeit": None, "Größe": 1.5, "Text": "1.234,5", "mehr": "007,1"},
    ]
    assert decoded(rows(b'a,b\n"12,5",1\n')) == [{"a": "12,5", "b": 1}]


def test_a_cell_may_be_as_long_as_a_row() -> None:
    assert decoded(rows(b"a,b\n1," + b"x" * 200_000 + b"\n", row_bytes_max=300_000)) == [{"a": 1, "b": "x" * 200_000}]


def test_a_cell_may_run_over_lines() -> None:
    data = b'a,b\n1,"one\n\ntwo, ""2"""\n3,4\n'
    found = rows(data)
    assert decoded(found) == [{"a": 1, "b": 'one\n\ntwo, "2"'}, {"a": 3, "b": 4}]
    assert [(row.line, row.byte) for row in found] == [(2, 4), (5, data.index(b"3,4"))]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b'2,"never closed', "bad_quotes"),
        (b'2,"x"y', "bad_quotes"),
        (b"2", "wrong_columns"),
        (b"2,3,4", "wrong_columns"),
        (b"2,\xff", "not_utf8"),
        (b'2,"', "bad_quotes"),
    ],
)
@pytest.mark.parametrize("after", [b'3,"q"\n4,d\n', b"3,q\n4,d\n"])
def test_a_line_that_is_wrong_swallows_no_other_line(bad: bytes, code: str, after: bytes) -> None:
    found = rows(b"a,b\n1,c\n" + bad + b"\n" + after)
    assert [row.line for row in found] == [2, 3, 4, 5]
    good = [row for row in found if not row.code]
    assert decoded(good) == [{"a": 1, "b": "c"}, {"a": 3, "b": "q"}, {"a": 4, "b": "d"}]
    assert found[1].code in (code, "wrong_columns")


def test_a_quote_that_is_never_closed_costs_its_line_in_a_large_file() -> None:
    lines = [f"{number},x{number}\n".encode() for number in range(20_000)]
    lines[5] = b'5,"oops\n'
    found = rows(b"a,b\n" + b"".join(lines), 65_536)
    assert [row.code for row in found if row.code] == ["bad_quotes"]
    assert [json.loads(row.data)["a"] for row in found if not row.code] == [n for n in range(20_000) if n != 5]


@pytest.mark.parametrize("data", [b"a,a\n1,2\n", b'a,"b\n1,2\n', b'"a"x,b\n1,2\n', b" a ,a\n1,2"])
def test_a_header_that_names_no_columns_is_an_error(data: bytes) -> None:
    found, failure = until_failure(data)
    assert (found, failure.code) == ([], "bad_header")


def test_a_table_that_breaks_off_says_so_with_its_last_row() -> None:
    found = rows(b"a,b\n1,2\n3")
    assert (found[-1].code, found[-1].ended) == ("wrong_columns", False)


tables = st.lists(
    st.tuples(st.text(max_size=8), st.text('",\n\r\t x1', max_size=8)).map(
        lambda cells: tuple(cell.replace("\r", "").replace("\x00", "") for cell in cells)
    ),
    max_size=5,
)


@given(tables, st.integers(1, 40), st.sampled_from([",", "\t"]))
def test_any_table_comes_as_it_was_written(cells: list[tuple[str, str]], size: int, delimiter: str) -> None:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    data = "".join(delimiter.join(map(quoted, line)) + "\n" for line in [("a", "b"), *cells])
    found = rows(data.encode(), size)
    for row, line in zip(found, cells, strict=True):
        for got, cell in zip(json.loads(row.data).values(), line, strict=True):
            assert got in (cell, None) or str(got) == cell.strip() or float(got) == float(cell)
