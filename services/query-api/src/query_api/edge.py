"""The outermost layer: how many requests at once, how large a body, how slow a reader, headers of every answer."""

import asyncio
import secrets
from collections import Counter

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.problems import Problem, problem_response
from query_api.errors import CutShort
from query_api.incoming import Caller, Incoming
from query_api.settings import Limits

log = structlog.get_logger("edge")

UNCOUNTED = frozenset({"/api/v1/health", "/api/v1/ready", "/metrics", "/api/v1/live"})
"""Always answered; live updates have a limit of their own, and so has who follows a stream."""
FOLLOW = "/stream/"
ANSWERED, RECEIVED = "answered", "received"
STOPPING = "the service is stopping"
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
}


class Guard:
    """Sends for one request: every answer has the same headers, and a reader that takes nothing raises CutShort."""

    def __init__(self, send: Send, send_s: float) -> None:
        self.started = False
        self._send = send
        self._send_s = send_s

    async def __call__(self, message: Message) -> None:
        """Send this part."""
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY.items():
                headers.setdefault(name, value)
        try:
            async with asyncio.timeout(self._send_s):
                await self._send(message)
        except TimeoutError:
            raise CutShort("the reader takes nothing") from None


class Edge:
    """Answers 429 and 413 itself and passes everything else on; an answer that is cut short breaks its connection."""

    def __init__(self, app: ASGIApp, limits: Limits, stopping: asyncio.Event) -> None:
        self._app = app
        self._limits = limits
        self._stopping = stopping
        self._held = Counter({ANSWERED: 0, RECEIVED: 0})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, if it is within the limits."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        guard = Guard(send, self._limits.send_s)
        place = Place(self._held)
        incoming = Incoming(scope, receive, self._limits.body_bytes_max, complete=lambda: place.move(ANSWERED))
        problem = incoming.refusal() if incoming.too_large else self._take(place, scope, incoming)
        if problem is not None:
            return await problem_response(problem, secrets.token_hex(8))(scope, receive, guard)
        # A change is carried out to its end; an answer under way notices by itself.
        caller = Caller(incoming, goes_on=lambda: guard.started or scope["method"] != "GET")
        try:
            await self._app(scope, incoming, guard)
        except CutShort as reason:
            log.warning("answer cut short", path=scope["path"], reason=str(reason))
        except asyncio.CancelledError:
            if caller.gone:
                return await guard(caller.farewell())
            if not self._stopping.is_set():
                raise
            await _cut_short(scope, receive, guard)
        finally:
            caller.forget()
            place.leave()
        return None

    def _take(self, place: "Place", scope: Scope, incoming: Incoming) -> Problem | None:
        """Take a place for the request; why there is none."""
        if not _is_counted(scope):
            return None
        kind = RECEIVED if incoming.awaited else ANSWERED
        if self._held[kind] >= self._limits.requests_max:
            detail = f"{self._limits.requests_max} requests are being {kind}: try again in a moment"
            return Problem(429, detail, headers={"Retry-After": "1"})
        place.take(kind)
        return None


class Place:
    """The place of one request: among those whose bodies come, then among those that are answered.

    Who sends slowly keeps out others who send, and nobody who asks.
    """

    def __init__(self, held: "Counter[str]") -> None:
        self._held = held
        self._kind: str | None = None

    def take(self, kind: str) -> None:
        """Have a place of this kind."""
        self._held[kind] += 1
        self._kind = kind

    def move(self, kind: str) -> None:
        """Have one of another kind instead, whatever the limit; nothing without a place."""
        if self._kind is not None:
            self.leave()
            self.take(kind)

    def leave(self) -> None:
        """Give it back."""
        if self._kind is not None:
            self._held[self._kind] -= 1
            self._kind = None


def _is_counted(scope: Scope) -> bool:
    follows = scope["method"] == "GET" and scope["path"].startswith(FOLLOW)
    return scope["path"] not in UNCOUNTED and not follows


async def _cut_short(scope: Scope, receive: Receive, guard: Guard) -> None:
    """End a request that the stop cannot wait for: one without an answer yet gets a 503."""
    log.warning("request cut short", path=scope["path"], reason=STOPPING)
    if not guard.started:
        problem = Problem(503, f"{STOPPING}: try again in a moment", headers={"Retry-After": "1"})
        await problem_response(problem, secrets.token_hex(8))(scope, receive, guard)
