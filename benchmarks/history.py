"""Answers with much behind them: a month's averages over 1, 10 and 50 million readings, a million lines of CSV."""

import json
import time
from contextlib import ExitStack
from http.client import HTTPConnection
from statistics import median

import psycopg
from tests.support.stack import Stack

from benchmarks.report import Cell, Report, Table, spread
from benchmarks.rounds import WrongResult
from benchmarks.routes import ask, get
from benchmarks.stand import Services, servers, services_on
from benchmarks.usage import peak_bytes, watched
from local_stack.ports import HOST

SIZES = 1_000_000, 10_000_000, 50_000_000
CATEGORIES, DAYS = 10, 30
SECONDS = 2.0
MB = 1e6
FILL = """
SELECT ensure_raw_partitions('{2026-01-05Z,2026-02-05Z}');
DO $$ DECLARE part regclass; BEGIN  -- filled three times as fast, and read alike
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'raw_readings'::regclass LOOP
        EXECUTE 'ALTER TABLE ' || part || ' SET UNLOGGED';
    END LOOP;
END $$;
SELECT series_ids(array_fill('plant'::text, ARRAY[10]), ARRAY(SELECT 'c' || c FROM generate_series(0, 9) c), 1000);
INSERT INTO raw_readings
SELECT id, '2026-01-05Z'::timestamptz + n * (interval '30 days' / %(each)s), lpad(to_hex(n), 32, '0')::uuid, n %% 100
FROM series, generate_series(0, %(each)s - 1) n;
INSERT INTO windows
SELECT series_id, date_trunc('minute', timestamp) AS minute, count(*), sum(value)::numeric * 2 ^ 62::numeric,
       min(value), max(value), min(timestamp), min(value), max(timestamp), max(value)
FROM raw_readings GROUP BY 1, 2 ORDER BY 1, 2;
INSERT INTO quarters
SELECT series_id, date_bin('15 min', minute, '2000-01-01Z') AS quarter, sum(count), sum(sum), min(min), max(max),
       min(first_at), min(first_value), max(last_at), max(last_value),
       bit_or(1 << extract(minute FROM minute)::int %% 15)
FROM windows GROUP BY 1, 2 ORDER BY 1, 2;
INSERT INTO series_counts SELECT series_id, sum(count) FROM quarters GROUP BY 1;
"""
DAILY = "/api/v1/daily-averages?stream=plant&start_date=2026-01-05&end_date=2026-02-03"
CSV = "/api/v1/raw-data?stream=plant&format=csv"


def daily_averages(stack: Stack, template: str, report: Report, rounds: int, sizes: tuple[int, ...] = SIZES) -> None:
    """Thirty days of ten categories, one client, so many readings behind them."""
    with ExitStack() as undo:
        ports = {}
        for size in sizes:
            with report.doing(f"filling a database with {size:,} readings…"):
                ports[size] = _serving(undo.enter_context(services_on(stack, template)), size)
            _check(ports[size], size)
        found: dict[int, list[float]] = {size: [] for size in sizes}
        for number in range(1, rounds + 1):
            for size, port in ports.items():
                with report.doing(f"daily averages over {size:,} readings, round {number} of {rounds}…"):
                    found[size].append(1_000 * median(ask(port, DAILY, 1, SECONDS)[0]))
    first = median(found[sizes[0]])
    rows: list[list[Cell]] = [[f"{size:,}", *spread(each), median(each) / first] for size, each in found.items()]
    columns = ("readings behind them", "min", "median", "max", "÷ the smallest")
    report.add(Table(f"Daily averages, {DAYS} days of {CATEGORIES} categories: milliseconds, p50", columns, rows))
    report.figures["daily averages, largest ÷ smallest"] = median(found[sizes[-1]]) / first


def csv(stack: Stack, template: str, report: Report, _rounds: int, count: int = 1_000_000) -> None:
    """All raw readings of a stream in one answer, and the memory that it takes."""
    with services_on(stack, template) as services, report.doing(f"{count:,} lines of CSV…"):
        port = _serving(services, count)
        pid = services.started["query-api"].pid
        before = peak_bytes(pid)
        with watched({"query-api": pid, **servers(stack)}) as used:
            begun = time.perf_counter()
            lines, size = _lines(port)
            seconds = time.perf_counter() - begun
        if lines != count + 1:
            raise WrongResult(f"{lines - 1} lines of CSV instead of {count}")
        peak = peak_bytes(pid)
    columns = ("", "lines/s", "MB/s", "peak MB of query-api", "more than before", "CPU s")
    cpu = ", ".join(f"{name} {use.cpu_s:.1f}" for name, use in used.items())
    row: list[Cell] = ["raw-data as CSV", count / seconds, size / MB / seconds, peak / MB, (peak - before) / MB, cpu]
    report.add(Table(f"One answer of {count:,} lines", columns, [row]))
    report.figures["MB for a million lines of CSV"] = peak / MB


def _serving(services: Services, size: int) -> int:
    """The port of a query API on a database that was just filled."""
    with psycopg.connect(services.database.owner_dsn, autocommit=True, cursor_factory=psycopg.ClientCursor) as owner:
        owner.execute(FILL, {"each": size // CATEGORIES})
        owner.execute("VACUUM ANALYZE")
    return services.start("query-api").wait_ready().port


def _check(port: int, size: int) -> None:
    days = json.loads(get(HTTPConnection(HOST, port), DAILY))
    counted = sum(day["count"] for day in days)
    if len(days) != DAYS * CATEGORIES or counted != size:
        raise WrongResult(f"{len(days)} daily averages of {counted} readings instead of {DAYS * CATEGORIES} of {size}")


def _lines(port: int) -> tuple[int, int]:
    """Lines and bytes of the answer."""
    connection = HTTPConnection(HOST, port, timeout=60)
    connection.request("GET", CSV)
    answer = connection.getresponse()
    lines = size = 0
    while piece := answer.read(1 << 16):
        lines, size = lines + piece.count(b"\n"), size + len(piece)
    return lines, size
