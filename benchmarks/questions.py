"""A database of a million windows, and what the benchmark asks of it: by route, and by a statement of its own."""

from typing import NamedTuple

START, END = "2026-01-05T00:00:00Z", "2026-02-04T00:00:00Z"

FILL = f"""
SELECT ensure_raw_partitions('{{2026-01-05Z,2026-02-05Z}}');
SELECT series_ids(
    array_fill('plant'::text, ARRAY[10]) || array_fill('prices'::text, ARRAY[3]) || array_agg('line-' || n),
    (SELECT array_agg('c' || c) FROM generate_series(0, 12) c) || array_fill('temperature'::text, ARRAY[10]), 1000
) FROM generate_series(0, 9) n;
INSERT INTO windows
SELECT id, minute, 6, (120 + id) * 2 ^ 62::numeric, 10, 30, minute, 20, minute + interval '50 s', 21
FROM series, generate_series('{START}'::timestamptz, '{END}'::timestamptz - interval '1 min', '1 min') AS minute;
INSERT INTO quarters
SELECT series_id, date_bin('15 min', minute, '2000-01-01Z'), sum(count), sum(sum), 10, 30,
       min(first_at), 20, max(last_at), 21, 32767
FROM windows GROUP BY 1, 2;
INSERT INTO raw_readings
SELECT id, at, md5(at::text)::uuid, 20
FROM series, generate_series('{END}'::timestamptz - interval '1 day', '{END}'::timestamptz - interval '1 s', '10 s') at;
VACUUM ANALYZE
"""
NUMBERS = "plain_sum(sum(sum)) / sum(count), sum(count), plain_sum(sum(sum)), min(min), max(max), max(last_at)"
PRICES = "series_id = ANY (ARRAY(SELECT id FROM series WHERE stream = 'prices'))"
PLANT = "series_id = ANY (ARRAY(SELECT id FROM series WHERE stream = 'plant'))"
ONE = "series_id = (SELECT id FROM series WHERE stream = 'plant' AND category = 'c0')"
DATES = "start_date=2026-01-05&end_date=2026-02-03"


class Question(NamedTuple):
    """A question to a route, and the statement that answers the same."""

    name: str
    path: str
    statement: str


QUESTIONS = (
    Question(
        "raw-data, one series, 500 readings",
        "/api/v1/raw-data?stream=plant&category=c0",
        f"SELECT timestamp, value, id FROM raw_readings WHERE {ONE} ORDER BY timestamp DESC LIMIT 500",
    ),
    Question(
        "processed-data, no step, 10 series x 30 days",
        "/api/v1/processed-data?stream=plant",
        f"SELECT series_id, {NUMBERS} FROM quarters WHERE {PLANT} GROUP BY 1",
    ),
    Question(
        "processed-data, 1m, one series, a day",
        "/api/v1/processed-data?stream=plant&category=c0&step=1m&start=2026-02-01&end=2026-02-02",
        f"""SELECT minute, plain_sum(sum) / count, count, plain_sum(sum), min, max, last_at FROM windows
            WHERE {ONE} AND minute >= '2026-02-01Z' AND minute < '2026-02-02Z' ORDER BY minute""",
    ),
    Question(
        "processed-data, auto (1h), one series, 30 days",
        f"/api/v1/processed-data?stream=plant&category=c0&step=auto&start={START}&end={END}",
        f"""SELECT date_bin('1 hour', quarter, '2000-01-01Z'), {NUMBERS} FROM quarters
            WHERE {ONE} AND quarter >= '{START}' AND quarter < '{END}' GROUP BY 1 ORDER BY 1""",
    ),
    Question(
        "daily-averages, 10 categories x 30 days",
        f"/api/v1/daily-averages?stream=plant&tz=Europe/Berlin&{DATES}",
        f"""SELECT series_id, (quarter AT TIME ZONE 'Europe/Berlin')::date, {NUMBERS},
                   sum(bit_count(minutes::integer::bit(15))) FROM quarters
            WHERE {PLANT} AND quarter >= '2026-01-04 23:00Z' AND quarter < '2026-02-03 23:00Z' GROUP BY 1, 2""",
    ),
    Question(
        "prices/average, 3 categories, 30 days",
        f"/prices/average?{DATES}",
        f"""SELECT (quarter AT TIME ZONE 'UTC')::date, plain_sum(sum(sum)) / sum(count), sum(count) FROM quarters
            WHERE {PRICES} AND quarter >= '{START}' AND quarter < '{END}' GROUP BY 1 ORDER BY 1""",
    ),
    Question(
        "series, all 23",
        "/api/v1/series",
        """SELECT stream, category, min(first_at), max(last_at), sum(count)
           FROM quarters JOIN series ON series.id = series_id GROUP BY 1, 2""",
    ),
)
