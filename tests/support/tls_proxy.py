"""Postgres behind TLS: answers a client's SSLRequest as a server with a certificate does, and passes the rest on."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import trustme

SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


@dataclass
class Proxy:
    """Where it listens, whom to trust, and how its clients came."""

    dsn: str
    ca_file: Path
    with_tls: int = 0
    without: int = 0
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)


@asynccontextmanager
async def tls_proxy(dsn: str, folder: Path, has_tls: bool = True) -> AsyncIterator[Proxy]:
    """A proxy in front of the server of a DSN; `proxy.dsn` is the same through it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    target = urlsplit(dsn)
    made = Proxy("", folder / "ca.pem")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            first = await reader.readexactly(8)
            if first == SSL_REQUEST:
                writer.write(b"S" if has_tls else b"N")
                if has_tls:
                    await writer.start_tls(context)
                    made.with_tls += 1
                first = b""
            made.without += not (has_tls and not first)
            theirs, ours = await asyncio.open_connection(target.hostname, target.port)
            ours.write(first)
            await asyncio.gather(_pump(reader, ours), _pump(theirs, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    place = f"{target.netloc.rpartition('@')[0]}@127.0.0.1:{server.sockets[0].getsockname()[1]}"
    made.dsn = target._replace(netloc=place).geturl()
    try:
        yield made
    finally:
        server.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
