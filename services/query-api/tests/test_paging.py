"""Cursors: opaque, bound to their question, and never an error of ours whatever is sent as one."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query_api.errors import BadParameter
from query_api.paging import ReadingCursor, SeriesCursor, decode, encode, question_of
from query_api.ranges import EVERYTHING, Range

names = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=128)
times = st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
QUESTION = question_of("/api/v1/raw-data", [("stream", "demo")])


@given(names, names, times, st.none() | times)
def test_a_series_cursor_comes_back_with_the_range(
    stream: str, category: str, bucket: datetime, end: datetime | None
) -> None:
    cursor = SeriesCursor(stream=stream, category=category, bucket=bucket)
    back = decode(encode(cursor, QUESTION, Range(None, end)), SeriesCursor, QUESTION)
    assert back == cursor.model_copy(update={"question": QUESTION, "end": end})


@given(times, st.integers(-1, 2**31 - 1), st.uuids())
def test_a_reading_cursor_comes_back_as_it_went(time: datetime, series: int, id_: UUID) -> None:
    word = encode(ReadingCursor(time=time, series=series, id=id_), QUESTION, Range(time, time))
    back = decode(word, ReadingCursor, QUESTION)
    assert back == ReadingCursor(question=QUESTION, start=time, end=time, time=time, series=series, id=id_)
    assert word.isascii()
    assert not set(word) & set("+/=&?# ")


@given(st.text() | st.binary().map(lambda junk: __import__("base64").urlsafe_b64encode(junk).decode()))
def test_any_other_word_is_refused(word: str) -> None:
    with pytest.raises(BadParameter):
        decode(word, ReadingCursor, QUESTION)


@pytest.mark.parametrize(
    "body",
    [
        '{"question":"Q","stream":"a\\u0000","category":"b"}',
        '{"question":"Q","stream":"a","category":"b","bucket":1e30}',
        '{"question":"Q","stream":"a","category":"b","start":"2026-01-01T00:00:00"}',
        '{"question":"Q","stream":"a","category":"b","start":"0000-01-01T00:00:00Z"}',
        '{"question":"Q","stream":"a","category":"b","start":"0001-01-01T00:00:00Z"}',
        '{"question":"Q","stream":"a","category":"b","end":"9999-12-31T23:59:30Z"}',
        '{"question":"Q","stream":"a","category":"b","bucket":"0001-01-01T00:00:00+14:00"}',
        '{"question":"Q","stream":"a","category":"b","start":NaN}',
        '{"question":"Q","stream":"a"}',
        '{"question":"Q","stream":"\\ud800","category":"b"}',
        '{"question":"Q","stream":"a","category":"b","more":1}',
    ],
)
def test_a_forged_cursor_is_refused(body: str) -> None:
    import base64

    word = base64.urlsafe_b64encode(body.replace("Q", QUESTION).encode()).decode().rstrip("=")
    with pytest.raises(BadParameter):
        decode(word, SeriesCursor, QUESTION)


def test_a_cursor_fits_no_other_question() -> None:
    word = encode(SeriesCursor(stream="a", category="b"), QUESTION, EVERYTHING)
    with pytest.raises(BadParameter, match="other parameters"):
        decode(word, SeriesCursor, question_of("/api/v1/raw-data", [("stream", "other")]))


def test_page_size_format_and_order_of_parameters_do_not_change_the_question() -> None:
    one = question_of("/x", [("a", "1"), ("b", "2"), ("limit", "5"), ("format", "csv"), ("cursor", "c")])
    assert one == question_of("/x", [("b", "2"), ("a", "1")])
    assert one != question_of("/x", [("b", "1"), ("a", "2")])
    assert one != question_of("/y", [("a", "1"), ("b", "2")])
