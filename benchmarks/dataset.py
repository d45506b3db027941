"""A dataset from its URL to windows that can be asked for, beside other ways to load the same file.

Everything is checked by a recount from the file: a wrong result has no speed.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import psycopg
from rich.console import Console
from rich.table import Table
from tests.support import databases
from tests.support.databases import Database
from tests.support.processes import ServiceProcess
from tests.support.stack import Stack
from tests.support.waiting import until

from benchmarks import loaders
from benchmarks.recount import recount
from benchmarks.stand import fresh_topics
from local_stack.ports import HOST, any_port
from tideline.inspections import Format, texts

USUAL_ROWS, BY_HAND_ROWS = 5_000, 200
"""The slow ones get the file's first rows only."""
STREAM = "molding"
PRODUCER_MB_MAX, PROCESSOR_MB_MAX = 200, 300
WITHIN_S = 3_600
FIGURES = """SELECT (SELECT coalesce(sum(accepted), 0) FROM offsets)::int8,
    (SELECT coalesce(sum(samples), 0) FROM batches)::int8"""


@dataclass(frozen=True)
class Run:
    """One measured ingest."""

    rows: int
    samples: int
    published_s: float
    """Until Kafka had all rows, the transfer of the file included."""
    queryable_s: float
    producer_cpu_s: float
    processor_cpu_s: float
    producer_peak: int
    processor_peak: int


def run(stack: Stack, template: str, rows: int, console: Console) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with console.status(f"dataset: writing {rows:,} rows…"):
            file, usual, by_hand = (_write(folder, count) for count in (rows, USUAL_ROWS, BY_HAND_ROWS))
        with console.status("dataset: other loaders…"):
            others = {
                "ijson alone over the file": rows / loaders.parse(file),
                "json.load, an ORM insert a record, no windows": _rate(stack, template, usual, loaders.load_usual),
                "the same, and an upsert per numeric field": _rate(stack, template, by_hand, loaders.load_by_hand),
            }
        with databases.copy_of(stack, template) as database:
            with console.status(f"dataset: ingesting {file.stat().st_size / 1e6:,.0f} MB…"):
                measured = _ingest(stack, database, file, rows, folder)
            with console.status("dataset: recounting…"):
                windows = recount(file, database.owner_dsn, STREAM)
        _show(console, file.stat().st_size, measured, others, windows)


def _write(folder: Path, rows: int) -> Path:
    file = folder / f"{rows}.json"
    if not file.exists():
        with file.open("w", encoding="ascii") as output:
            output.writelines(texts(rows, 1, Format.JSON))
    return file


def _rate(stack: Stack, template: str, file: Path, load: loaders.Load) -> float:
    with databases.copy_of(stack, template) as database:
        return int(file.stem) / load(file, database.owner_dsn)


def _ingest(stack: Stack, database: Database, file: Path, rows: int, folder: Path) -> Run:
    with _serving(file) as url, _services(stack, database, folder) as (producer, processor):
        peaks = {producer.pid: 0, processor.pid: 0}
        processes = {pid: psutil.Process(pid) for pid in peaks}
        cpu = {pid: sum(process.cpu_times()[:2]) for pid, process in processes.items()}
        with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
            begun = time.perf_counter()
            asked = {"id": STREAM, "kind": "dataset", "url": url}
            httpx.post(f"{producer.url}/streams", json=asked, trust_env=False).raise_for_status()
            published_s = 0.0
            while True:
                for pid, process in processes.items():
                    peaks[pid] = max(peaks[pid], process.memory_info().rss)
                taken, samples = connection.execute(FIGURES).fetchone() or (0, 0)
                now = time.perf_counter() - begun
                state, reason = connection.execute("SELECT state, reason FROM streams").fetchone() or ("", "")
                if state == "completed" and not published_s:
                    published_s = now
                if taken == rows and published_s:
                    break
                if state == "failed" or now > WITHIN_S:
                    raise RuntimeError(f"{taken} of {rows} rows after {now:.0f} s, stream {state}: {reason}")
                time.sleep(0.05)
            cpu = {pid: sum(process.cpu_times()[:2]) - cpu[pid] for pid, process in processes.items()}
    one, other = producer.pid, processor.pid
    return Run(rows, samples, published_s, now, cpu[one], cpu[other], peaks[one], peaks[other])


@contextmanager
def _serving(file: Path) -> Iterator[str]:
    """The file's address on a server of its own."""
    port = any_port(1)[0]
    command = [sys.executable, "-m", "http.server", str(port), "--bind", HOST, "--directory", str(file.parent)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            url = f"http://{HOST}:{port}/"
            until(lambda: _answers(url), 10, "the file's server answers")
            yield url + file.name
        finally:
            server.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False


@contextmanager
def _services(stack: Stack, database: Database, folder: Path) -> Iterator[tuple[ServiceProcess, ServiceProcess]]:
    """A producer and a processor on topics of their own, the processor with its partitions assigned."""
    shared = {"TIDELINE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap, "TIDELINE_TOPIC_PREFIX": fresh_topics(stack).prefix}
    built_in = {f"TIDELINE_BUILT_IN__{name}": "false" for name in ("HOST", "DEMO", "PRICES")}
    datasets = {
        "TIDELINE_DATASETS__ALLOW_PRIVATE_HOSTS": f'["{HOST}"]',
        "TIDELINE_DATASETS__SPOOL_DIR": str(folder / "spool"),
    }
    producer = ServiceProcess(
        "producer", shared | built_in | datasets | {"TIDELINE_POSTGRES_DSN": database.producer_dsn}, folder
    )
    processor = ServiceProcess("processor", shared | {"TIDELINE_POSTGRES_DSN": database.processor_dsn}, folder)
    try:
        yield producer.wait_ready(), processor.wait_ready()
    finally:
        for process in (producer, processor):
            process.terminate()


def _show(console: Console, size: int, run: Run, others: dict[str, float], windows: int) -> None:
    rate = run.rows / run.queryable_s
    title = f"a JSON array of {run.rows:,} rows on one line, {size / 1e6:,.0f} MB"
    table = Table(title=title, title_justify="left")
    for heading in ("", "rows/s", "samples/s", "Tideline ÷ it"):
        table.add_column(heading, justify="left" if not heading else "right")
    per_row = run.samples / run.rows
    for name, other in others.items():
        by_field = f"{other * per_row:,.0f}" if "upsert" in name else "-"
        table.add_row(name, f"{other:,.0f}", by_field, f"{rate / other:.3g}")
    published = run.rows / run.published_s
    table.add_row("Tideline, up to published", f"{published:,.0f}", f"{published * per_row:,.0f}", "")
    table.add_row("Tideline, up to windows that can be asked for", f"{rate:,.0f}", f"{rate * per_row:,.0f}", "1")
    console.print(table)
    peaks = run.producer_peak / 1e6, run.processor_peak / 1e6
    console.print(
        f"{run.samples:,} samples in {windows:,} windows, each recounted from the file; {run.queryable_s:.1f} s;"
        f" CPU seconds: producer {run.producer_cpu_s:.1f}, processor {run.processor_cpu_s:.1f}"
    )
    console.print(
        f"peak memory: producer {peaks[0]:.0f} MB (at most {PRODUCER_MB_MAX}),"
        f" processor {peaks[1]:.0f} MB (at most {PROCESSOR_MB_MAX})"
    )
