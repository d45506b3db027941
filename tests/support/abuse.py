"""Clients that mean no good, in any number: what they do to a running service, and what becomes of them."""

import asyncio
import json
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import perf_counter

import psutil

from tests.support.processes import ServiceProcess
from tests.support.stack import ROOT
from tests.support.waiting import until_async

HOST = "127.0.0.1"
SERIES = b"GET /api/v1/series HTTP/1.1\r\nHost: localhost\r\n\r\n"
LIVE = b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
EVENTS = b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
LONG = b"GET /api/v1/raw-data?format=ndjson HTTP/1.1\r\nHost: localhost\r\n\r\n"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
STEP = 500
"""So many connections are opened at a time: more at once would wait in the system's queue, not in the service."""
CHURN_STEP = 100


@dataclass
class Watched:
    """What the service and an ordinary client went through meanwhile."""

    grown_bytes: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    p50_ms: float = 0.0
    p99_ms: float = 0.0


@asynccontextmanager
async def watched(pid: int, url: str) -> AsyncIterator[Watched]:
    """Measure while the block runs: most memory beyond that of the beginning, and an ordinary client's answers."""
    process, seen, over = psutil.Process(pid), Watched(), asyncio.Event()
    before = process.memory_info().rss
    command = [sys.executable, "-m", "tests.support.probe", f"{url}/api/v1/processed-data?step=1h"]
    pipe = asyncio.subprocess.PIPE
    probe = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=ROOT)

    assert probe.stdout is not None
    assert await probe.stdout.readline() == b"asking\n"

    async def weigh() -> None:
        while not over.is_set():
            seen.grown_bytes = max(seen.grown_bytes, process.memory_info().rss - before)
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 0.05)

    weighing = asyncio.create_task(weigh())
    try:
        yield seen
    finally:
        over.set()
        await weighing
        told = json.loads((await probe.communicate(b""))[0])
        seen.statuses = {int(status): count for status, count in told["statuses"].items()}
        seen.p50_ms, seen.p99_ms = told["p50_ms"], told["p99_ms"]


async def connect(port: int, count: int, first: bytes = b"", takes: int = 0) -> list[Connection]:
    """So many connections, each having sent the same; `takes`: bytes that its system takes where nobody reads."""
    made: list[Connection] = []
    for start in range(0, count, STEP):
        opening = (_connection(port, takes) for _ in range(min(STEP, count - start)))
        for reader, writer in await asyncio.gather(*opening):
            writer.write(first)
            made.append((reader, writer))
    return made


async def _connection(port: int, takes: int) -> Connection:
    sock = socket.socket()
    if takes:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, takes)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, (HOST, port))
    return await asyncio.open_connection(sock=sock, limit=1_000)


async def status(reader: asyncio.StreamReader) -> int:
    """The status of the answer; 0 where the connection ends without one."""
    with suppress(OSError, asyncio.IncompleteReadError, ValueError):
        line = await reader.readline()
        return int(line.split()[1]) if line else 0
    return 0


async def flood(port: int, count: int) -> tuple[Counter[int], float]:
    """So many requests at once: how they were answered, and the seconds until all were."""
    connections = await connect(port, count)
    begun = perf_counter()
    for _, writer in connections:
        writer.write(SERIES)
    answers = Counter(await asyncio.gather(*(status(reader) for reader, _ in connections)))
    taken = perf_counter() - begun
    close(connections)
    return answers, taken


def close(connections: list[Connection]) -> None:
    """Drop them without a word."""
    for _, writer in connections:
        writer.transport.abort()


async def until_let_go(service: ServiceProcess, files: int, within_s: float) -> float:
    """Seconds until the service has no more than so many files and sockets open."""
    process = psutil.Process(service.pid)
    begun = perf_counter()

    async def let_go() -> bool:
        return bool(process.num_fds() <= files)

    await until_async(let_go, within_s, f"at most {files} open files", every_s=0.1)
    return perf_counter() - begun


async def trickle(connections: list[Connection], piece: bytes, every_s: float) -> None:
    """Send a little, again and again, until cancelled."""
    while True:
        for _, writer in connections:
            if not writer.transport.is_closing():
                writer.write(piece)
        await asyncio.sleep(every_s)


async def upload(port: int, size: int, declared: bool) -> tuple[int, int]:
    """Send a body of so many bytes, its size declared or not: the status, and how many bytes were taken before it."""
    reader, writer = await asyncio.open_connection(HOST, port)
    length = b"Content-Length: %d\r\n\r\n" % size if declared else b"Transfer-Encoding: chunked\r\n\r\n"
    writer.write(EVENTS + length)
    answering, sent, piece = asyncio.create_task(status(reader)), 0, b" " * 65_536
    with suppress(OSError):
        while sent < size and not answering.done():
            writer.write(piece if declared else b"10000\r\n" + piece + b"\r\n")
            await writer.drain()
            sent += len(piece)
            await asyncio.sleep(0)
    answered = await answering
    writer.transport.abort()
    return answered, sent


async def churn(port: int, count: int) -> Counter[int]:
    """Live clients that come and go at once: the status that each was answered with."""
    answers: Counter[int] = Counter()

    async def come_and_go() -> None:
        (one,) = await connect(port, 1, LIVE)
        answers[await status(one[0])] += 1
        close([one])

    for start in range(0, count, CHURN_STEP):
        await asyncio.gather(*(come_and_go() for _ in range(min(CHURN_STEP, count - start))))
    return answers
