"""`GET /stream/{batch_id}`: the values of a stream as they come, as server-sent events."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import suppress
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from chassis.problems import Problem
from query_api.bodies import FOLLOW_EXAMPLE
from query_api.errors import BadParameter
from query_api.follow import Follower
from query_api.formats import Line, json_bytes
from query_api.openapi import READS, problems
from query_api.parameters import NoParameters, StreamInPath
from query_api.parts import Parts
from query_api.places import Places, address_of
from query_api.ranges import parse_instant, written
from query_api.streams import one_stream

VALUES = {
    "description": "Events",
    "content": {"text/event-stream": {"schema": {"type": "string"}, "example": FOLLOW_EXAMPLE}},
}
LastEventId = Annotated[str | None, Header(include_in_schema=False)]


def router(parts: Parts) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["Batches"])
    live = parts.settings.live
    places = Places(live.followers_max, live.per_address_max)

    async def following(
        request: Request, batch_id: StreamInPath, last_event_id: LastEventId = None
    ) -> AsyncIterator[Follower]:
        with places.one(address_of(request)):
            await one_stream(parts.database, batch_id)
            follower = Follower(parts.database, batch_id, live.values_max)
            await follower.begin(_since(last_event_id, parts.now()))
            yield follower

    @routes.get(
        "/stream/{batch_id}",
        summary="Follow",
        response_class=EventSourceResponse,
        responses={200: VALUES, **problems(404, *READS)},
    )
    async def follow(
        follower: Annotated[Follower, Depends(following)], _query: NoParameters
    ) -> AsyncIterable[ServerSentEvent]:
        """Its values as they come, `{"timestamp", "category", "value"}` each: by their timestamps, best effort.

        A client that connects again with `Last-Event-ID` goes on behind the last value it had.
        """
        async for line in _values(follower, parts.stopping, live.values_poll_s):
            yield ServerSentEvent(raw_data=json_bytes(line).decode(), id=written(line["timestamp"]))

    return routes


def _since(last_event_id: str | None, now: datetime) -> datetime | None:
    with suppress(BadParameter):
        return parse_instant("Last-Event-ID", last_event_id or "", now)
    return None


async def _values(follower: Follower, stopping: asyncio.Event, poll_s: float) -> AsyncIterator[Line]:
    """One value after the other, until the service stops; while the database is away there are none."""
    stop = asyncio.create_task(stopping.wait())
    looking = asyncio.create_task(follower.look())
    try:
        while not stop.done():
            await asyncio.wait({looking, stop}, return_when=asyncio.FIRST_COMPLETED)
            if looking.done():
                with suppress(Problem):
                    for line in looking.result():
                        yield line
                await asyncio.wait({stop}, timeout=poll_s)
                looking = asyncio.create_task(follower.look())
    finally:
        looking.cancel()
        stop.cancel()
