"""A dataset from its URL to windows that can be asked for, beside other ways to load the same file.

Everything is checked by a recount from the file: a wrong result has no speed.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
from tests.support import databases
from tests.support.stack import Stack
from tests.support.waiting import until

from benchmarks import loaders
from benchmarks.recount import check
from benchmarks.report import Report
from benchmarks.rounds import Contestant, Run, in_rounds, speeds
from benchmarks.rows import SAMPLES, STREAM
from benchmarks.stand import services_on
from benchmarks.usage import watched
from local_stack.ports import HOST, any_port
from tideline.inspections import Format, texts

TIDELINE = "Tideline, up to windows that can be asked for"
USUAL_ROWS, BY_HAND_ROWS = 5_000, 100
"""The slow ones get the file's first rows only."""
WITHIN_S = 3_600
TAKEN = "SELECT coalesce(sum(accepted), 0)::int8 FROM offsets"
DATASETS = {"TIDELINE_DATASETS__ALLOW_PRIVATE_HOSTS": f'["{HOST}"]'}


def run(stack: Stack, template: str, report: Report, rounds: int, rows: int = 30_000) -> None:
    """All ways in turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with report.doing(f"dataset: writing {rows:,} rows…"):
            file, usual, by_hand = (_write(folder, count) for count in (rows, USUAL_ROWS, BY_HAND_ROWS))
        contestants: dict[str, Contestant] = {
            "ijson alone over the file": lambda: Run(rows / loaders.parse(file)),
            "json.load, an ORM insert a record, no windows": lambda: _rate(stack, template, usual, loaders.load_usual),
            "the same, and an upsert per numeric field": lambda: _rate(stack, template, by_hand, loaders.load_by_hand),
            TIDELINE: lambda: _ingest(stack, template, file, rows),
        }
        size = file.stat().st_size
        runs = in_rounds(report, rounds, contestants)
    title = f"A JSON array of {rows:,} rows on one line, {size / 1e6:,.0f} MB: rows/s"
    note = f"{rows * SAMPLES:,} samples; every row, window and quarter of each round counted again from the file."
    report.add(speeds(title, runs, TIDELINE, note))


def _write(folder: Path, rows: int) -> Path:
    file = folder / f"{rows}.json"
    if not file.exists():
        with file.open("w", encoding="ascii") as output:
            output.writelines(texts(rows, 1, Format.JSON))
    return file


def _rate(stack: Stack, template: str, file: Path, load: loaders.Load) -> Run:
    with databases.copy_of(stack, template) as database:
        return Run(int(file.stem) / load(file, database.owner_dsn))


def _ingest(stack: Stack, template: str, file: Path, rows: int) -> Run:
    """Rows per second from the request until the last window is committed, the transfer of the file included."""
    with _serving(file) as url, services_on(stack, template) as services:
        producer = services.start("producer", DATASETS | {"TIDELINE_DATASETS__SPOOL_DIR": str(services.folder)})
        services.start("processor").wait_ready()
        producer.wait_ready()
        with (
            psycopg.connect(services.database.owner_dsn, autocommit=True) as connection,
            watched(services.pids) as used,
        ):
            begun = time.perf_counter()
            asked = {"id": STREAM, "kind": "dataset", "url": url}
            httpx.post(f"{producer.url}/streams", json=asked, trust_env=False).raise_for_status()
            until(lambda: _taken(connection, rows), WITHIN_S, f"{rows} rows are taken")
            seconds = time.perf_counter() - begun
        check(file, services.database.owner_dsn, STREAM)
    return Run(rows / seconds, used)


def _taken(connection: psycopg.Connection, rows: int) -> bool:
    taken = (connection.execute(TAKEN).fetchone() or (0,))[0]
    state, reason = connection.execute("SELECT state, reason FROM streams").fetchone() or ("", "")
    if state == "failed":
        raise RuntimeError(f"{taken} of {rows} rows, the stream failed: {reason}")
    return bool(taken == rows and state == "completed")


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
