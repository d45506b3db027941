"""`GET /api/v1/live`: window updates and stream states as they happen, as server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from chassis.problems import Problem
from query_api.clients import Client
from query_api.errors import CutShort
from query_api.live import Live
from query_api.openapi import LIVE_EXAMPLE, problems
from query_api.parameters import LiveQuery
from query_api.places import address_of
from query_api.sse import pieces

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
EVENTS = {
    "description": "Events",
    "content": {"text/event-stream": {"schema": {"type": "string"}, "example": LIVE_EXAMPLE}},
}


def router(live: Live) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["Live"])

    @routes.get(
        "/api/v1/live",
        summary="Live updates",
        response_class=StreamingResponse,
        responses={200: EVENTS, **problems(503)},
    )
    async def events(request: Request, query: Annotated[LiveQuery, Query()]) -> Response:
        """Events `windows` (lines as of `processed-data`), `streams` (states) and `resync` (read all anew).

        First the states of all streams, then what changes. A client that connects again with `Last-Event-ID` (a
        browser's EventSource does) gets what it missed, each change once, for as long as the ledger knows: a day.
        """
        client = await live.join(query.stream, address_of(request))
        return LiveResponse(live, client, request.headers.get("last-event-id"))

    return routes


class LiveResponse(StreamingResponse):
    """The events of one client, who leaves however the answer ends, also before it began."""

    media_type = "text/event-stream"

    def __init__(self, live: Live, client: Client, last_event_id: str | None) -> None:
        super().__init__(self._pieces(live.events(client, last_event_id)), headers=HEADERS)
        self._live, self._client = live, client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client or the service ends."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._live.leave(self._client)

    async def _pieces(self, messages: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for message in messages:
                for piece in pieces(message):
                    yield piece
        except Problem as problem:  # the status is sent: the client connects again
            raise CutShort(problem.detail) from problem
