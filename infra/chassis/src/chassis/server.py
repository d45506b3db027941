"""Run an ASGI application as part of a service; one-line errors when it cannot listen."""

import asyncio
import ipaddress
import resource
import socket
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from chassis.errors import StartError
from chassis.memory import give_back_freed
from chassis.slow_clients import Connection, Watch

OPEN_FILES = 16_384


def refuse_strangers(host: str, kept_out: bool) -> None:
    """Raise StartError where other machines reach the address and nothing keeps strangers out."""
    if not kept_out and not _is_own(host):
        raise StartError(
            f"other machines can reach {host or 'every address'} and no key is asked for: set TIDELINE_HTTP_HOST to "
            "127.0.0.1, or add keys to the query API (`tideline key new`), or set TIDELINE_TRUSTED_NETWORK=true where "
            "only trusted machines get there"
        )


def _is_own(host: str) -> bool:
    """Whether only this machine reaches it; a name counts by its addresses."""
    try:
        found = socket.getaddrinfo(host or "0.0.0.0", None, type=socket.SOCK_STREAM)  # noqa: S104 - what "" means
    except OSError:
        return False
    return all(ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises StartError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's algorithm off only where it is: without, an answer in two
    # writes on a kept connection waits 40 ms for the reader's delayed acknowledgement.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(4096)
    except OSError as error:
        sock.close()
        raise StartError(
            f"cannot listen on {host}:{port} ({error.strerror}): stop what uses it or set TIDELINE_HTTP_PORT"
        ) from None
    sock.setblocking(False)
    return sock


class Server(uvicorn.Server):
    """uvicorn without its own signal handling; `stopping` (given, where the application needs it before the server
    is there) is set the moment a stop is asked for, so that endless answers (SSE) can end themselves; what has not
    ended `graceful_s` later is broken off."""

    def __init__(self, app: Any, stopping: asyncio.Event | None = None, graceful_s: int = 5) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
                log_config=None,
                access_log=False,
                lifespan="on",
                timeout_keep_alive=5,
                timeout_graceful_shutdown=graceful_s,
                server_header=False,
                date_header=False,
                proxy_headers=False,
            )
        )
        self.stopping = stopping or asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone: the service's own main decides what they do."""
        yield

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until stopped; clients that keep us waiting are let go, freed memory is given back."""
        beside = [asyncio.create_task(work) for work in (Watch(self.server_state.connections).run(), give_back_freed())]
        try:
            await super().serve(sockets)
        finally:
            for task in beside:
                task.cancel()

    def stop(self) -> None:
        """Ask for a graceful stop; safe to call twice."""
        self.stopping.set()
        self.should_exit = True


def allow_many_connections() -> None:
    """Raise this process's limit of open files to what the system lets it have: a shell's 1,024 are a few clients."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # what some systems say to a number they do not like
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def run_service(main: Coroutine[Any, Any, int]) -> None:
    """Run a service's main to its exit code; a StartError is one line on standard error and exit code 2."""
    allow_many_connections()
    try:
        code = asyncio.run(main)
    except StartError as error:
        print(f"error: {error}", file=sys.stderr)
        code = 2
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
