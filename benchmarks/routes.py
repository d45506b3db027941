"""Each read route of the query API beside the bare query of the same data, both on a database of a million windows.

The bare query is one statement, made for its question, over a kept asyncpg connection, its rows unused; the route adds
HTTP, checks, paging and JSON.
"""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import NamedTuple

import asyncpg
from rich.console import Console
from rich.table import Table
from tests.support import databases
from tests.support.processes import ServiceProcess
from tests.support.stack import Stack

from benchmarks.questions import FILL, QUESTIONS, Question

CLIENTS = (1, 16)
SECONDS = 2.0
WARM_UP = 10


class Times(NamedTuple):
    """Milliseconds until an answer is whole."""

    p50: float
    p99: float


def run(stack: Stack, template: str, console: Console) -> None:
    """Measure every question and print a table."""
    with databases.copy_of(stack, template) as database:
        with console.status("filling a database…"):
            windows = asyncio.run(_fill(database.owner_dsn))
        table = Table(title=f"{windows:,} windows; milliseconds, {SECONDS:g} s each", title_justify="left")
        for heading in ("", "clients", "route p50", "p99", "bare query p50", "p99", "route ÷ it", "answers/s"):
            table.add_column(heading, justify="right" if heading else "left", no_wrap=not heading)
        with _query_api(database.api_dsn) as api:
            for question in QUESTIONS:
                asyncio.run(_check(api, database.api_dsn, question))
                for clients in CLIENTS:
                    with console.status(f"{question.name}, clients: {clients}…"):
                        bare = asyncio.run(_bare(database.api_dsn, question.statement, clients))
                        route = _route(api, question.path, clients)
                    table.add_row(*_row(question.name if clients == 1 else "", clients, route, bare))
                table.add_section()
    console.print(table)


def _row(name: str, clients: int, route: list[float], bare: list[float]) -> tuple[str, ...]:
    (p50, p99), (bare50, bare99) = _times(route), _times(bare)
    figures = (f"{figure:,.2f}" for figure in (p50, p99, bare50, bare99, p50 / bare50))
    return name, str(clients), *figures, f"{len(route) / SECONDS:,.0f}"


def _times(seconds: list[float]) -> Times:
    cuts = quantiles(seconds, n=100, method="inclusive")
    return Times(1_000 * cuts[49], 1_000 * cuts[98])


async def _fill(dsn: str) -> int:
    """Write series, windows, quarters and a day of readings; the number of windows."""
    owner = await asyncpg.connect(dsn)
    try:
        for statement in FILL.split(";\n"):
            await owner.execute(statement)
        return int(await owner.fetchval("SELECT count(*) FROM windows"))
    finally:
        await owner.close()


@contextmanager
def _query_api(dsn: str) -> Iterator[ServiceProcess]:
    with tempfile.TemporaryDirectory() as folder:
        process = ServiceProcess("query-api", {"TIDELINE_POSTGRES_DSN": dsn}, Path(folder))
        try:
            yield process.wait_ready()
        finally:
            process.terminate()


async def _check(api: ServiceProcess, dsn: str, question: Question) -> None:
    """Both have as many lines, so that they did the same work."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(question.statement)
    finally:
        await connection.close()
    body = json.loads(_get(HTTPConnection("127.0.0.1", api.port), question.path))
    lines = body if isinstance(body, list) else [body]
    if len(lines) != len(rows) or not rows:
        raise RuntimeError(f"{question.name}: the route answers {len(lines)} lines, the query {len(rows)}")


def _get(connection: HTTPConnection, path: str) -> bytes:
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {body[:500]!r}")
    return body


def _route(api: ServiceProcess, path: str, clients: int) -> list[float]:
    """Seconds of each answer, from clients that ask again as soon as they have one."""

    def ask(_client: int) -> list[float]:
        connection = HTTPConnection("127.0.0.1", api.port)
        for _ in range(WARM_UP):
            _get(connection, path)
        taken, ends = [], perf_counter() + SECONDS
        while (began := perf_counter()) < ends:
            _get(connection, path)
            taken.append(perf_counter() - began)
        connection.close()
        return taken

    with ThreadPoolExecutor(clients) as threads:
        return [seconds for one in threads.map(ask, range(clients)) for seconds in one]


async def _bare(dsn: str, statement: str, clients: int) -> list[float]:
    """The same for the statement alone, a connection each."""

    async def ask() -> list[float]:
        connection = await asyncpg.connect(dsn)
        for _ in range(WARM_UP):
            await connection.fetch(statement)
        taken, ends = [], perf_counter() + SECONDS
        while (began := perf_counter()) < ends:
            await connection.fetch(statement)
            taken.append(perf_counter() - began)
        await connection.close()
        return taken

    return [seconds for one in await asyncio.gather(*(ask() for _ in range(clients))) for seconds in one]
