"""HTTP servers that datasets are pulled from in tests: a decent one, and whatever a test scripts byte by byte."""

import asyncio
import hashlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Request:
    """What a client asked for; header names in lower case."""

    path: str
    headers: dict[str, str]


@dataclass
class Reply:
    """The connection, for a script to answer on."""

    writer: asyncio.StreamWriter

    async def head(self, status: int, **headers: object) -> None:
        """The status line and the headers; underscores in names become dashes."""
        lines = [f"HTTP/1.1 {status} Said", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
        await self.send(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def send(self, data: bytes) -> None:
        """These bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Break the connection off (RST)."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Request, Reply], Awaitable[None]]


@dataclass
class Source:
    """A running server: where it is, what it was asked, how many connections it saw."""

    port: int = 0
    scheme: str = "http"
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/molding.json", host: str = HOST) -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


@contextmanager
def serving(script: Script, tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[Source]:
    """Run the script for every request, one a connection, in a thread of its own."""
    source = Source(scheme="https" if tls else "http")
    loop = asyncio.new_event_loop()
    started = threading.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = dict(line.split(": ", 1) for line in head[1:] if line)
            request = Request(head[0].split(" ")[1], {name.lower(): value for name, value in headers.items()})
            source.requests.append(request)
            await script(request, Reply(writer))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, HOST, port, ssl=tls)
        source.port = server.sockets[0].getsockname()[1]
        started.set()
        await stop.wait()
        server.close()

    stop = asyncio.Event()

    def live() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(run())
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    assert started.wait(5)
    try:
        yield source
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)


def decent(content: bytes, etag: str | None = "auto", ranges: bool = True) -> Script:
    """A server as it should be: length, ETag, conditional requests, the rest of a file."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"' if etag == "auto" else etag
    version = {"ETag": tag} if tag else {}

    async def script(request: Request, reply: Reply) -> None:
        if tag and request.headers.get("if-none-match") == tag:
            await reply.head(304, **version)
            return
        begin = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        if ranges and begin and request.headers.get("if-range", tag) == tag and int(begin[1]) < len(content):
            start = int(begin[1])
            about = f"bytes {start}-{len(content) - 1}/{len(content)}"
            await reply.head(206, Content_Length=len(content) - start, Content_Range=about, **version)
            await reply.send(content[start:])
            return
        await reply.head(200, Content_Length=len(content), **version)
        await reply.send(content)

    return script
