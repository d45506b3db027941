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
FROM series, generate_series('{START}'::timestamptz, '{END}'::timestamptz - interval '1 min', '1 min') AS minute
ORDER BY minute, id;
INSERT INTO quarters
SELECT series_id, date_bin('15 min', minute, '2000-01-01Z'), sum(count), sum(sum), 10, 30,
       min(first_at), 20, max(last_at), 21, 32767
FROM windows GROUP BY 1, 2 ORDER BY 2, 1;
INSERT INTO windows
SELECT id, minute, 6, 120 * 2 ^ 62::numeric, 10, 30, minute, 20, minute, 21
FROM series, generate_series(date_trunc('minute', now()) - interval '5 min', now() + interval '1 hour', '1 min') minute
WHERE stream = 'line-0';
INSERT INTO raw_readings
SELECT id, at, md5(at::text)::uuid, 20
FROM series, generate_series('{END}'::timestamptz - interval '1 day', '{END}'::timestamptz - interval '1 s', '10 s') at
ORDER BY at, id;
INSERT INTO raw_rows
SELECT 'shots', at, md5(at::text)::uuid, n,
       jsonb_build_object('machine', 'M-' || n % 5, 'state', jsonb_build_object('cycle_s', 30 + n % 7, 'shots', n))
FROM generate_series('{END}'::timestamptz - interval '1 day', '{END}'::timestamptz - interval '1 s', '10 s')
    WITH ORDINALITY AS rows (at, n);
INSERT INTO series_counts SELECT series_id, sum(count) FROM quarters GROUP BY 1;
INSERT INTO row_counts SELECT stream, count(*) FROM raw_rows GROUP BY 1;
VACUUM ANALYZE
"""
NUMBERS = "plain_sum(sum(sum)) / sum(count), sum(count)::bigint, plain_sum(sum(sum)), min(min), max(max), max(last_at)"
PRICES = "series_id = ANY (ARRAY(SELECT id FROM series WHERE stream = 'prices'))"
PLANT = "series_id = ANY (ARRAY(SELECT id FROM series WHERE stream = 'plant'))"
ONE = "series_id = (SELECT id FROM series WHERE stream = 'plant' AND category = 'c0')"
BERLIN = """ARRAY(SELECT generate_series('2026-01-04 23:00Z'::timestamptz, '2026-02-03 23:00Z', '1 day'))"""
"""The bounds of the days of Berlin, whose clocks did not change in these weeks."""
DATES = "start_date=2026-01-05&end_date=2026-02-03"


class Question(NamedTuple):
    """A question to a route, and the statement that answers the same."""

    name: str
    path: str
    statement: str
    figure: str = ""
    """What targets.py calls it."""


QUESTIONS = (
    Question(
        "raw-data, one series, 500 readings",
        "/api/v1/raw-data?stream=plant&category=c0",
        f"""SELECT timestamp, value, category, stream, raw_readings.id
            FROM raw_readings JOIN series ON series.id = series_id WHERE {ONE} ORDER BY timestamp DESC LIMIT 500""",
    ),
    Question(
        "raw-rows, 500 whole rows",
        "/api/v1/raw-rows?stream=shots",
        """SELECT timestamp, stream, row, id, data::text FROM raw_rows WHERE stream = 'shots'
           ORDER BY timestamp DESC LIMIT 500""",
    ),
    Question(
        "raw-rows, 500 rows, two fields",
        "/api/v1/raw-rows?stream=shots&fields=machine,state.cycle_s",
        """SELECT timestamp, stream, row, id, (data -> 'machine')::text, (data -> 'state' -> 'cycle_s')::text
           FROM raw_rows WHERE stream = 'shots' ORDER BY timestamp DESC LIMIT 500""",
    ),
    Question(
        "processed-data, no step, 10 series x 30 days",
        "/api/v1/processed-data?stream=plant",
        f"""SELECT stream, category, totals.* FROM series JOIN
            (SELECT series_id, {NUMBERS} FROM quarters WHERE {PLANT} GROUP BY 1) totals ON id = series_id""",
    ),
    Question(
        "processed-data, 1m, one series, a day",
        "/api/v1/processed-data?stream=plant&category=c0&step=1m&start=2026-02-01&end=2026-02-02",
        f"""SELECT stream, category, plain_sum(sum) / count, count, plain_sum(sum), min, max, last_at, minute
            FROM windows JOIN series ON id = series_id
            WHERE {ONE} AND minute >= '2026-02-01Z' AND minute < '2026-02-02Z' ORDER BY minute""",
    ),
    Question(
        "processed-data, auto (1h), one series, 30 days",
        f"/api/v1/processed-data?stream=plant&category=c0&step=auto&start={START}&end={END}",
        f"""SELECT stream, category, hours.* FROM series JOIN
            (SELECT series_id, date_bin('1 hour', quarter, '2000-01-01Z') AS hour, {NUMBERS} FROM quarters
             WHERE {ONE} AND quarter >= '{START}' AND quarter < '{END}' GROUP BY 1, 2) hours ON id = series_id
            ORDER BY hour""",
    ),
    Question(
        "daily-averages, 10 categories x 30 days",
        f"/api/v1/daily-averages?stream=plant&tz=Europe/Berlin&{DATES}",
        f"""SELECT stream, category, days.* FROM series JOIN
            (SELECT series_id, width_bucket(quarter, {BERLIN}) AS day, {NUMBERS},
                    sum(bit_count(minutes::integer::bit(15))) FROM quarters
             WHERE {PLANT} AND quarter >= '2026-01-04 23:00Z' AND quarter < '2026-02-03 23:00Z' GROUP BY 1, 2) days
            ON id = series_id ORDER BY 1, 2, day""",
        "daily averages",
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
    Question(
        "agg, the last whole minute",
        "/agg/line-0",
        """SELECT plain_sum(sum(sum)) / sum(count), plain_sum(sum(sum)), sum(count) FROM windows
           WHERE series_id = ANY (ARRAY(SELECT id FROM series WHERE stream = 'line-0'))
             AND minute = date_trunc('minute', now()) - interval '1 min'""",
        "last minute",
    ),
    Question("health: what HTTP itself takes", "/api/v1/health", "SELECT 1"),
)
