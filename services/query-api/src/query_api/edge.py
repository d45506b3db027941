"""The outermost layer: how many requests at once, how large a body, how slow a reader, headers of every answer."""

import asyncio
import secrets

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.problems import Problem, problem_response
from query_api.errors import CutShort
from query_api.settings import Limits

log = structlog.get_logger("edge")

UNCOUNTED = frozenset({"/api/v1/health", "/api/v1/ready", "/metrics", "/api/v1/live"})
"""Always answered; live updates have a limit of their own, and so has who follows a stream."""
FOLLOW = "/stream/"
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
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, if it is within the limits."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        guard = Guard(send, self._limits.send_s)
        problem = self._refusal(scope)
        if problem is not None:
            return await problem_response(problem, secrets.token_hex(8))(scope, receive, guard)
        counted = _is_counted(scope)
        self._running += counted
        try:
            await self._app(scope, self._counted(receive), guard)
        except CutShort as reason:
            log.warning("answer cut short", path=scope["path"], reason=str(reason))
        except asyncio.CancelledError:
            if not self._stopping.is_set():
                raise
            await _cut_short(scope, receive, guard)
        finally:
            self._running -= counted
        return None

    def _refusal(self, scope: Scope) -> Problem | None:
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length[:19]) > self._limits.body_bytes_max:
            return self._too_large()
        if self._running >= self._limits.requests_max and _is_counted(scope):
            detail = f"{self._limits.requests_max} requests are being answered: try again in a moment"
            return Problem(429, detail, headers={"Retry-After": "1"})
        return None

    def _counted(self, receive: Receive) -> Receive:
        taken = 0

        async def counting() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limits.body_bytes_max:
                raise self._too_large()
            return message

        return counting

    def _too_large(self) -> Problem:
        return Problem(413, f"the body must not be larger than {self._limits.body_bytes_max} bytes")


def _is_counted(scope: Scope) -> bool:
    follows = scope["method"] == "GET" and scope["path"].startswith(FOLLOW)
    return scope["path"] not in UNCOUNTED and not follows


async def _cut_short(scope: Scope, receive: Receive, guard: Guard) -> None:
    """End a request that the stop cannot wait for: one without an answer yet gets a 503."""
    log.warning("request cut short", path=scope["path"], reason=STOPPING)
    if not guard.started:
        problem = Problem(503, f"{STOPPING}: try again in a moment", headers={"Retry-After": "1"})
        await problem_response(problem, secrets.token_hex(8))(scope, receive, guard)
