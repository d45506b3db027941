"""A producer that is not well: says nothing, nonsense, or what the test wants, and tells what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Respond = Callable[[bytes], bytes | Awaitable[bytes]]
"""From the first line of a request to all bytes of the answer; none: the connection is closed."""


@dataclass
class FakeProducer:
    """Its address, and the first line and body of every request."""

    url: str = ""
    asked: list[tuple[bytes, bytes]] = field(default_factory=list)


def answer(status: str, body: bytes, kind: str = "application/json", **headers: str) -> bytes:
    """An HTTP answer, byte by byte."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def silence(_line: bytes) -> bytes:
    """Never answers."""
    return await asyncio.Event().wait() and b""


@asynccontextmanager
async def fake_producer(respond: Respond) -> AsyncIterator[FakeProducer]:
    """Listens until the end; reads chunked bodies as httpx sends them."""
    fake = FakeProducer()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            body = await _chunks(reader) if b"chunked" in head.lower() else b""
            line = head.partition(b"\r\n")[0]
            fake.asked.append((line, body))
            said = respond(line)
            writer.write(said if isinstance(said, bytes) else await said)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield fake
    finally:
        server.close()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body
