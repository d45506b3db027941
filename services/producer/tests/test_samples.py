import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from producer.simulate import samples
from producer.simulate.events import table

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def test_a_random_int_is_0_to_100_and_depends_on_the_seed() -> None:
    values = [samples.one_random_int(seed) for seed in range(2000)]
    assert set(values) == set(range(101))
    assert samples.one_random_int(7) == samples.one_random_int(7)


def test_a_time_series_is_3000_seconds_up_to_the_end() -> None:
    points = samples.time_series(7, NOW)
    assert len(points) == 3000
    assert points[-1]["timestamp"] == NOW
    assert {b["timestamp"] - a["timestamp"] for a, b in pairwise(points)} == {timedelta(seconds=1)}
    assert len({point["value"] for point in points}) > 1000


def test_a_table_is_250_rows_of_ours() -> None:
    rows = samples.table_sample(7)
    assert len(rows) == 250
    assert all(row in table() for row in rows)
    assert rows != samples.table_sample(8)


def test_the_rows_that_are_shown_are_those_that_are_published() -> None:
    rows = samples.table_sample(7)
    records = [json.loads(value) for _, value in samples.table_records(rows, "r1", NOW)]
    assert [record["data"] for record in records] == rows
    assert [record["row"] for record in records] == [1_772_366_400_250_000 + n for n in range(250)]
    again = samples.table_records(rows, "r2", NOW)
    assert {record["id"] for record in records}.isdisjoint(json.loads(value)["id"] for _, value in again)
