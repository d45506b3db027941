"""A TCP proxy on 127.0.0.1 whose links can be made slow, narrow, sliced, deaf, cut, or to lose the answer to COMMIT."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from local_stack.ports import HOST

T = TypeVar("T")
COMMIT = b"COMMIT;\x00"
"""How asyncpg's commit ends on the wire."""
CHUNK = 65_536


@dataclass
class Toxics:
    """What is wrong with the links right now; nothing by default."""

    latency_s: float = 0.0
    """Each piece from the server comes so much later."""
    bytes_per_s: float = 0.0
    """At most so much each way; 0: no limit."""
    slice_bytes: int = 0
    """Pieces of at most this size; 0: as they come."""
    lost_commits: int = 0
    """So many times: COMMIT goes to the server, the connection is reset before its answer comes."""
    connections_left: int | None = None
    """After so many more connections every further one is reset at once; None: no limit."""
    deaf: bool = False
    """Connections stay open, nothing passes."""


@dataclass(eq=False)
class _Link:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Proxy:
    """Used as a context; clients connect to `port`. Its methods may be called from any thread."""

    def __init__(self, port: int, upstream_port: int) -> None:
        self.port = port
        self.toxics = Toxics()
        self.accepted = 0
        """Connections so far."""
        self.commits_lost = 0
        self._upstream = upstream_port
        self._links: set[_Link] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{port}", daemon=True)

    def __enter__(self) -> "Proxy":
        self._thread.start()
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def heal(self) -> None:
        """Back to a plain proxy."""
        self.toxics = Toxics()
        self.up()

    def up(self) -> None:
        """Take connections."""
        self._do(self._listen)

    def down(self) -> None:
        """Refuse connections and reset those that are open."""
        self._do(self._close)

    def reset(self) -> None:
        """Reset every open connection."""
        self._do(self._reset)

    def _do(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(10)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, HOST, self.port)

    async def _close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        await self._reset()

    async def _reset(self) -> None:
        for link in list(self._links):
            _abort(link)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self.toxics.connections_left is not None:
            self.toxics.connections_left -= 1
            if self.toxics.connections_left < 0:
                _reset_writer(writer)
                return
        try:
            upstream_reader, upstream = await asyncio.open_connection(HOST, self._upstream)
        except OSError:
            _reset_writer(writer)
            return
        link = _Link(writer, upstream)
        self._links.add(link)
        link.tasks = [
            asyncio.create_task(self._pump(reader, upstream, link, from_server=False)),
            asyncio.create_task(self._pump(upstream_reader, writer, link, from_server=True)),
        ]
        try:
            await asyncio.wait(link.tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._links.discard(link)
            _abort(link)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: _Link, from_server: bool
    ) -> None:
        with suppress(OSError):
            while piece := await reader.read(CHUNK):
                while self.toxics.deaf:  # noqa: ASYNC110 - set by other threads
                    await asyncio.sleep(0.05)
                if from_server and self.toxics.latency_s:
                    await asyncio.sleep(self.toxics.latency_s)
                if not from_server and self.toxics.lost_commits and piece.endswith(COMMIT):
                    await self._lose_commit(piece, link)
                    return
                await self._pass_on(piece, writer)

    async def _pass_on(self, piece: bytes, writer: asyncio.StreamWriter) -> None:
        size = self.toxics.slice_bytes or len(piece)
        for start in range(0, len(piece), size):
            part = piece[start : start + size]
            writer.write(part)
            await writer.drain()
            if self.toxics.bytes_per_s:
                await asyncio.sleep(len(part) / self.toxics.bytes_per_s)
            elif self.toxics.slice_bytes:
                await asyncio.sleep(0)

    async def _lose_commit(self, piece: bytes, link: _Link) -> None:
        """The server commits; the client never hears of it."""
        self.toxics.lost_commits -= 1
        self.commits_lost += 1
        answers, link.tasks = link.tasks[1:], link.tasks[:1]
        for task in answers:
            task.cancel()
        link.server.write(piece)
        await link.server.drain()
        _reset_writer(link.client)
        await asyncio.sleep(0.2)  # the server reads it before it sees that the client has gone


def _abort(link: _Link) -> None:
    for task in link.tasks:
        task.cancel()
    for writer in (link.client, link.server):
        _reset_writer(writer)


def _reset_writer(writer: asyncio.StreamWriter) -> None:
    """Close with RST, as a machine that has lost its memory would."""
    sock = writer.get_extra_info("socket")
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
