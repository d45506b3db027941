"""From raw rows to records and rejects: event time, ids, chunks, and what is reported."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codec import decode_row
from contracts.events import Limits, Place
from producer.datasets.chunks import Chunk, Reading, Reject
from producer.datasets.errors import Rejected
from producer.datasets.event_time import event_time
from producer.datasets.records import Dataset, record
from producer.datasets.report import Report
from producer.datasets.rows import RawRow
from producer.errors import Failed
from producer.settings import DatasetSettings
from producer.simulate.ids import NAMESPACE

NOW = datetime(2026, 1, 3, tzinfo=UTC)
DATASET = Dataset("molding", None, Limits())
NEW_YEAR = datetime(2025, 1, 1, tzinfo=UTC)


# event time


@pytest.mark.parametrize(
    ("value", "time"),
    [
        (1735689600, NEW_YEAR),
        (1735689600.25, NEW_YEAR + timedelta(milliseconds=250)),
        (1735689600.123456, NEW_YEAR + timedelta(microseconds=123456)),
        (1735689600250, NEW_YEAR + timedelta(milliseconds=250)),
        (1735689600250.5, NEW_YEAR + timedelta(microseconds=250500)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2025-01-01T00:00:00Z", NEW_YEAR),
        ("2025-01-01T01:30:00+01:30", NEW_YEAR),
        ("2025-01-01 00:00:00", NEW_YEAR),
        (" 2025-01-01 ", NEW_YEAR),
        ("20250101T000000Z", NEW_YEAR),
        ("2025-01-01T00:00:00.123456789Z", NEW_YEAR + timedelta(microseconds=123456)),
        ("2025-W01-3", NEW_YEAR),
        ("01.01.2025", NEW_YEAR),
        ("01.01.2025 00:00:00", NEW_YEAR),
        ("01.01.2025T01:30+01:30", NEW_YEAR),
    ],
)
def test_seconds_milliseconds_and_iso_8601_are_times(value: Any, time: datetime) -> None:
    assert event_time({"timestamp": value}, None) == time
    assert event_time({"x": {"at": value}}, "x.at") == time


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "01/02/2025",
        "12.31.2025",
        "1.1.2025",
        "01.01.25",
        True,
        [1],
        {"a": 1},
        1e300,
        -1e17,
        "0000-01-01",
    ],
)
def test_anything_else_is_no_time(value: Any) -> None:
    with pytest.raises(Rejected) as rejected:
        event_time({"timestamp": value}, None)
    assert rejected.value.code == "bad_time"
    with pytest.raises(Rejected, match="bad_time"):
        event_time({"at": value}, "at")


def test_the_first_known_name_counts_and_the_row_itself_before_what_is_inside_it() -> None:
    later = "2025-06-01"
    assert event_time({"created_at": later, "ts": "2025-01-01"}, None) == NEW_YEAR
    assert event_time({"inner": {"timestamp": later}, "created_at": "2025-01-01"}, None) == NEW_YEAR
    assert event_time({"one": {"a": 1}, "two": {"date": "2025-01-01"}}, None) == NEW_YEAR
    assert event_time({"date": "tomorrow", "created_at": "2025-01-01"}, None) == NEW_YEAR
    assert event_time({"timestamp": None, "time": "2025-01-01"}, None) == NEW_YEAR


def test_a_row_without_a_time_is_told_so() -> None:
    for data in ({}, {"a": {"b": {"timestamp": 1}}}, {"Timestamp": 1}):
        with pytest.raises(Rejected, match=r"no_time.*timestamp_field"):
            event_time(data, None)
    with pytest.raises(Rejected, match="no_time"):
        event_time({"timestamp": 1735689600}, "measured.at")


# records


def raw(data: Any, **other: Any) -> RawRow:
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return RawRow(text, 1, 0, **other)


def test_a_record_is_the_row_with_its_own_bytes_inside() -> None:
    text = b'{"timestamp" : 1735689600.250, "n":1.10, "t":"\xc3\xbc\\u00fc"}'
    key, value, _ = record(DATASET, 2007, raw(text), NOW)
    assert key == b"molding/2"
    assert text in value
    row = decode_row(value, Place(1, "rows", 0, 0, NOW), Limits())
    assert row.id == uuid5(NAMESPACE, f"molding/2007/{sha256(text).hexdigest()}")
    assert (row.stream, row.row, row.timestamp) == ("molding", 2007, NEW_YEAR + timedelta(milliseconds=250))
    assert row.data == json.loads(text)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (raw(b'{"timestamp":1735689600,"a":NaN}'), "not_finite"),
        (raw(b'{"timestamp":1735689600,"a":1e999}'), "not_finite"),
        (raw(b'{"timestamp":1735689600,"a":1,"a":2}'), "duplicate_key"),
        (raw(b'{"timestamp":1735689600,"a":"\xff"}'), "not_utf8"),
        (raw(b'{"timestamp":1735689600,"a":"\\u0000"}'), "nul_character"),
        (raw(b'{"timestamp":1735689600,"a":"\\ud800"}'), "lone_surrogate"),
        (raw(b'{"timestamp":1735689600,"a":' + b"[" * 200 + b"]" * 200 + b"}"), "too_deep"),
        (raw(b'{"timestamp":1735689600,"a":' + b"[" * 10**5 + b"]" * 10**5 + b"}"), "too_deep"),
        (raw(b'{"timestamp":1735689600},"row":{}'), "not_json"),
        (raw(b'{"timestamp":1735689600'), "not_json"),
        (raw(b""), "not_json"),
        (raw(b"[1]"), "not_an_object"),
        (raw(b'"text"'), "not_an_object"),
        (raw({"timestamp": 86_400}), "too_old"),
        (raw({"timestamp": "2026-01-05"}), "in_the_future"),
        (raw({}), "no_time"),
        (raw({"timestamp": "x"}), "bad_time"),
        (RawRow(b"", 7, 0, "too_large", "too long"), "too_large"),
    ],
)
def test_a_row_that_no_processor_would_take_is_rejected_with_its_reason(row: RawRow, code: str) -> None:
    with pytest.raises(Rejected) as rejected:
        record(DATASET, 1, row, NOW)
    assert rejected.value.code == code
    assert type(rejected.value.code) is str, "it becomes a key in JSON"


@given(
    st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=9) | st.booleans(), max_size=5),
    st.booleans(),
)
def test_every_record_is_a_row_that_the_processor_takes(data: dict[str, Any], escaped: bool) -> None:
    text = json.dumps({"ts": 1735689600} | data, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    try:
        _, value, _ = record(DATASET, 0, raw(text), NOW)
    except Rejected:
        return
    assert decode_row(value, Place(1, "rows", 0, 0, NOW), Limits()).data == json.loads(text)


# chunks


def reading(path: Path, first: int = 0, chunk_rows: int = 10, **settings: Any) -> Reading:
    given = DatasetSettings(**settings)
    return Reading(path, DATASET, first, given, chunk_rows, lambda: NOW, lambda: False)


def lines(count: int) -> bytes:
    return b"".join(b'{"ts":1735689600,"n":%d}\n' % n for n in range(count))


def numbers(chunk: Chunk) -> list[int]:
    return [json.loads(value)["row"] for _, value in chunk.records]


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "file"
    path.write_bytes(data)
    return path


def test_chunks_hold_so_many_rows_or_bytes_and_no_more(tmp_path: Path) -> None:
    path = written(tmp_path, lines(95))
    chunks = list(reading(path).chunks())
    assert [len(chunk.records) for chunk in chunks] == [10] * 9 + [5]
    assert [chunk.next_row for chunk in chunks] == [*range(10, 91, 10), 95]
    assert chunks[-1].bytes_read == len(lines(95))
    by_size = list(reading(written(tmp_path, lines(500)), chunk_rows=10**6, chunk_bytes=10_000).chunks())
    assert len(by_size) > 5
    assert all(chunk.size <= 10_200 for chunk in by_size)


@pytest.mark.parametrize("first", [1, 9, 10, 11, 94, 95])
def test_a_file_is_gone_on_with_at_any_row(tmp_path: Path, first: int) -> None:
    path = written(tmp_path, lines(95))
    whole = [one for chunk in reading(path).chunks() for one in chunk.records]
    rest = list(reading(path, first).chunks())
    assert [one for chunk in rest for one in chunk.records] == whole[first:]
    assert rest[-1].next_row == 95


def test_a_rejected_row_keeps_its_number_and_names_its_line(tmp_path: Path) -> None:
    data = lines(3) + b'\n{"ts":"never"}\n' + lines(2)
    [chunk] = reading(written(tmp_path, data)).chunks()
    assert numbers(chunk) == [0, 1, 2, 4, 5]
    [reject] = chunk.rejects
    assert (reject.row, reject.line, reject.code) == (3, 5, "bad_time")


def test_rows_before_the_end_of_a_broken_file_come_first(tmp_path: Path) -> None:
    found: list[Chunk] = []
    with pytest.raises(Failed, match=r"truncated.*line 16, which begins at byte"):
        found.extend(reading(written(tmp_path, lines(15) + b'{"ts":17')).chunks())
    assert [number for chunk in found for number in numbers(chunk)] == list(range(15))
    assert found[-1].next_row == 15


def test_a_last_row_without_an_end_is_a_row_where_it_is_whole(tmp_path: Path) -> None:
    [chunk] = reading(written(tmp_path, lines(3)[:-1])).chunks()
    assert numbers(chunk) == [0, 1, 2]


def test_there_is_a_most_of_rows(tmp_path: Path) -> None:
    found: list[Chunk] = []
    with pytest.raises(Failed, match="too_many_rows"):
        found.extend(reading(written(tmp_path, lines(8)), rows_max=7).chunks())
    assert sum(len(chunk.records) for chunk in found) == 7


# the report


def reject(number: int, code: str = "no_time") -> Reject:
    return Reject(number, number + 1, code, "why")


def test_rates_and_what_is_left_follow_from_the_last_seconds() -> None:
    report = Report({}, 10)
    report.pulling(0, 1000, 100.0)
    report.pulling(250, 1000, 101.0)
    assert report.figures() | {"bytes": 250, "bytes_per_s": 250, "seconds_left": 3.0} == report.figures()
    report.pulling(300, None, 102.0)
    assert report.figures()["seconds_left"] is None


def test_rejects_are_counted_by_reason_and_the_first_are_kept() -> None:
    report = Report({}, 2)
    report.begin_publishing("abc", 1000, 0)
    report.published(100, 500, [reject(3), reject(7, "bad_time")], (), 1.0)
    report.published(200, 1000, [reject(150)], (), 2.0)
    figures = report.figures()
    assert (figures["rows"], figures["published"], figures["rejected"]) == (200, 197, 3)
    assert figures["rejected_by"] == {"no_time": 2, "bad_time": 1}
    assert [one["row"] for one in figures["rejects"]] == [3, 7]
    assert (figures["phase"], figures["rows_per_s"], figures["seconds_left"]) == ("publishing", 100.0, 0)


def test_a_report_goes_on_where_another_copy_stored_it() -> None:
    before = Report({}, 5)
    before.begin_publishing("abc", 1000, 0)
    before.published(100, 500, [reject(3)], {"machine"}, 1.0)
    after = Report(json.loads(json.dumps(before.figures())), 5)
    after.begin_publishing("abc", 1000, 100)
    after.published(200, 1000, [reject(110)], (), 9.0)
    assert after.figures()["rejected"] == 2
    assert after.missing(["machine", "mold"]) == ["mold"]
    again = Report(after.figures(), 5)
    again.begin_publishing("def", 1000, 0)
    assert again.figures()["rejected"] == 0
    assert again.missing(["machine"]) == ["machine"]


def test_nobody_is_asked_more_often_than_now_and_then_and_a_stop_ends_it(tmp_path: Path) -> None:
    asked: list[int] = []

    def stopped() -> bool:
        asked.append(1)
        return len(asked) > 2

    path = written(tmp_path, lines(2000))
    chunks = Reading(path, DATASET, 0, DatasetSettings(), 100, lambda: NOW, stopped).chunks()
    assert sum(len(chunk.records) for chunk in chunks) == 500
    assert len(asked) == 3
