"""What a caller sends, counted while it comes, and whether he is still there."""

import asyncio
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from chassis.problems import Problem
from query_api.errors import CutShort

LOOK_AFTER_S = 0.25
"""Most answers are given by then; whether the caller of any other is still there is looked after."""
GONE = 499
"""The status of an answer that nobody waited for: for the figures only, it is never sent."""


class Incoming:
    """Receives for one request; tells when its body is there, and later when the caller has gone."""

    def __init__(self, scope: Scope, receive: Receive, bytes_max: int, complete: Callable[[], None]) -> None:
        headers = Headers(scope=scope)
        self.length = headers.get("content-length", "0")
        self.awaited = self.length != "0" or "transfer-encoding" in headers
        """Whether there is more of the body to come."""
        self._receive, self._bytes_max, self._complete = receive, bytes_max, complete
        self._bytes = 0
        self._early: Message | None = None

    @property
    def too_large(self) -> bool:
        """Whether the caller says himself that it is."""
        known = self.length.isascii() and self.length.isdigit()
        return not known or int(self.length[:19]) > self._bytes_max

    def refusal(self) -> Problem:
        """Why a body is not taken."""
        return Problem(413, f"the body must not be larger than {self._bytes_max} bytes")

    async def __call__(self) -> Message:
        """The next part. Raises Problem as soon as it is one too many, and CutShort when the caller leaves before."""
        message = self._early or await self._receive()
        self._early = None
        if self.awaited and message["type"] == "http.disconnect":
            raise CutShort("the caller left within the body")
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._bytes_max:
            raise self.refusal()
        if self.awaited and not message.get("more_body", False):
            self.awaited = False
            self._complete()
        return message

    async def gone(self) -> None:
        """Return when the caller has gone; only where no more of the body is to come."""
        while (message := await self._receive())["type"] != "http.disconnect":
            self._early = message


class Caller:
    """Breaks a long search off when nobody waits for the answer any more; `goes_on` tells what is not broken off."""

    def __init__(self, incoming: Incoming, goes_on: Callable[[], bool]) -> None:
        self.gone = False
        self._incoming, self._goes_on = incoming, goes_on
        self._answering = asyncio.current_task()
        self._watching: asyncio.Task[None] | None = None
        self._later = asyncio.get_running_loop().call_later(LOOK_AFTER_S, self._look)

    def _look(self) -> None:
        if not self._incoming.awaited and not self._goes_on():
            self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        await self._incoming.gone()
        if not self._goes_on() and self._answering is not None:
            self.gone = True
            self._answering.cancel()

    def farewell(self) -> Message:
        """What is said to nobody."""
        if self._answering is not None:
            self._answering.uncancel()
        return {"type": "http.response.start", "status": GONE, "headers": []}

    def forget(self) -> None:
        """The answer is complete."""
        self._later.cancel()
        if self._watching is not None:
            self._watching.cancel()
