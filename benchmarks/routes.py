"""Each read route of the query API beside the bare query of the same data, both on a database of a million windows.

The bare query is one statement, made for its question, over a kept asyncpg connection, its rows unused; the route adds
HTTP, checks, paging and JSON.
"""

import asyncio
import json
import math
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from statistics import median, quantiles
from time import perf_counter
from typing import NamedTuple

import asyncpg
from tests.support.processes import ServiceProcess
from tests.support.stack import Stack

from benchmarks.questions import FILL, QUESTIONS, Question
from benchmarks.report import Cell, Report, Table
from benchmarks.rounds import WrongResult
from benchmarks.stand import services_on
from local_stack.ports import HOST

CLIENTS = 1, 16
WARM_UP = 3
REFUSALS = 429, 503, 504


class Times(NamedTuple):
    """Milliseconds until an answer is whole."""

    p50: float
    p99: float


class Asked(NamedTuple):
    """Seconds of each answer, of all rounds, and of each round the p50 in milliseconds and how many were refused."""

    route: list[float]
    bare: list[float]
    p50: list[float]
    refused: list[int]


def run(
    stack: Stack, template: str, report: Report, rounds: int, clients: tuple[int, ...] = CLIENTS, seconds: float = 0.5
) -> None:
    """Every question, asked by so many clients."""
    with services_on(stack, template) as services:
        dsn = services.database.api_dsn
        with report.doing("filling a database…"):
            windows = asyncio.run(_fill(services.database.owner_dsn))
        api = services.start("query-api").wait_ready()
        for question in QUESTIONS:
            asyncio.run(_check(api, dsn, question))
        found = {(question, many): Asked([], [], [], []) for question in QUESTIONS for many in clients}
        for number in range(1, rounds + 1):
            for (question, many), asked in found.items():
                with report.doing(f"{question.name}, clients: {many}, round {number} of {rounds}…"):
                    asked.bare.extend(asyncio.run(_bare(dsn, question.statement, many, seconds)))
                    route, refused = ask(api.port, question.path, many, seconds)
                asked.route.extend(route)
                asked.p50.append(1_000 * median(route))
                asked.refused.append(refused)
    rows = [_row(question, many, asked, rounds * seconds) for (question, many), asked in found.items()]
    columns = ("", "clients", "p50", "min", "max", "p99", "bare p50", "bare p99", "÷", "answers/s", "refused")
    note = f"p50 with the least and the greatest of {rounds} rounds of {seconds:g} s; ÷: p50 by that of the bare query."
    report.add(Table(f"Query API: milliseconds an answer, {windows:,} windows", columns, rows, note))
    for (question, many), asked in found.items():
        if many == 1 and question.figure:
            ours, alone = _times(asked.route).p50, _times(asked.bare).p50
            report.figures[f"{question.figure} ÷"] = ours / alone
            report.figures[f"{question.figure} + ms"] = ours - alone


def _row(question: Question, many: int, asked: Asked, seconds: float) -> list[Cell]:
    (p50, p99), (bare50, bare99) = _times(asked.route), _times(asked.bare)
    rate = len(asked.route) / seconds
    return [
        question.name,
        many,
        p50,
        min(asked.p50),
        max(asked.p50),
        p99,
        bare50,
        bare99,
        p50 / bare50,
        rate,
        sum(asked.refused),
    ]


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


async def _check(api: ServiceProcess, dsn: str, question: Question) -> None:
    """Both have as many lines, so that they did the same work."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(question.statement)
    finally:
        await connection.close()
    body = json.loads(get(HTTPConnection(HOST, api.port), question.path))
    lines = body if isinstance(body, list) else [body]
    if len(lines) != len(rows) or not rows:
        raise WrongResult(f"{question.name}: the route answers {len(lines)} lines, the query {len(rows)}")


class Refused(Exception):  # noqa: N818 - names what happened
    """Too many at once, or not in time."""


def get(connection: HTTPConnection, path: str) -> bytes:
    """The body of an answer. Raises Refused, and RuntimeError for what else is not 200."""
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status in REFUSALS:
        raise Refused(f"{path}: {answer.status}")
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {body[:500]!r}")
    return body


def ask(port: int, path: str, clients: int, seconds: float) -> tuple[list[float], int]:
    """Seconds of each answer, from clients that ask again as soon as they have one; how often they got none."""

    def client(_number: int) -> tuple[list[float], int]:
        connection = HTTPConnection(HOST, port)
        taken, refused, asked, ends = [], 0, 0, math.inf
        while (began := perf_counter()) < ends:
            try:
                get(connection, path)
                taken.append(perf_counter() - began)
            except Refused:
                refused += 1
            asked += 1
            if asked == WARM_UP:
                taken, refused, ends = [], 0, perf_counter() + seconds
        connection.close()
        return taken, refused

    with ThreadPoolExecutor(clients) as threads:
        found = list(threads.map(client, range(clients)))
    taken = [each for one, _ in found for each in one]
    if not taken:
        raise RuntimeError(f"{path}: no answer in {seconds:g} s")
    return taken, sum(refused for _, refused in found)


async def _bare(dsn: str, statement: str, clients: int, seconds: float) -> list[float]:
    """The same for the statement alone, a connection each."""

    async def ask() -> list[float]:
        connection = await asyncpg.connect(dsn)
        for _ in range(WARM_UP):
            await connection.fetch(statement)
        taken, ends = [], perf_counter() + seconds
        while (began := perf_counter()) < ends:
            await connection.fetch(statement)
            taken.append(perf_counter() - began)
        await connection.close()
        return taken

    return [each for one in await asyncio.gather(*(ask() for _ in range(clients))) for each in one]
