"""What the services use while nothing is asked of them: at no load, and with the built-in streams `host` and `demo`."""

import time

import psycopg
from tests.support.stack import Stack
from tests.support.waiting import until

from benchmarks.report import Cell, Report, Table
from benchmarks.stand import Services, services_on
from benchmarks.usage import watched

SETTLE_S, SECONDS = 5.0, 20.0
BACKFILL = 302_400
"""Readings of `demo`'s seven days."""
OURS = "producer", "processor", "query-api"
DEMO = "SELECT coalesce(sum(count), 0)::int8 FROM series_counts JOIN series ON id = series_id WHERE stream = 'demo'"


def run(stack: Stack, template: str, report: Report, _rounds: int, seconds: float = SECONDS) -> None:
    """Percent of one core, process by process."""
    rows: list[list[Cell]] = []
    for name, built_in in {"no streams": False, "host and demo": True}.items():
        with services_on(stack, template) as services, report.doing(f"idle: {name}…"):
            _start(services, built_in)
            if built_in:
                _wait_for_backfill(services)
            time.sleep(SETTLE_S)
            with watched(services.pids) as used:
                time.sleep(seconds)
        percent = {process: 100 * use.cpu_s / seconds for process, use in used.items()}
        together = sum(percent[service] for service in OURS)
        rows.append([f"{name}: % of one core", *(percent.get(p) for p in (*OURS, "Kafka", "Postgres")), together])
        memory = {process: use.peak_bytes / 1e6 for process, use in used.items()}
        total = sum(memory[service] for service in OURS)
        rows.append([f"{name}: MB", *(memory.get(p) for p in (*OURS, "Kafka", "Postgres")), total])
    report.add(Table(f"Idle, over {seconds:g} s", ("", *OURS, "Kafka", "Postgres", "the three services"), rows))
    report.figures["idle %, three services, host and demo"] = together


def _start(services: Services, built_in: bool) -> None:
    switch = {f"TIDELINE_BUILT_IN__{name}": str(built_in).lower() for name in ("HOST", "DEMO")}
    producer = services.start("producer", switch)
    services.start("processor")
    services.start("query-api", {"TIDELINE_PRODUCER_URL": producer.url})
    for process in services.started.values():
        process.wait_ready()


def _wait_for_backfill(services: Services) -> None:
    with psycopg.connect(services.database.owner_dsn, autocommit=True) as connection:
        until(lambda: (connection.execute(DEMO).fetchone() or (0,))[0] >= BACKFILL, 120, "the past of `demo`", 0.5)
