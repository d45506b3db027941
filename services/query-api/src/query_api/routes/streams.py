"""`/api/v1/streams`: which there are, read from Postgres; every change is passed on to the producer."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from query_api.answers import Listing, Page, Read, answer, one
from query_api.bodies import new_stream
from query_api.formats import Columns
from query_api.lines import columns
from query_api.openapi import CONTROL, READS, answered, example, listed
from query_api.paging import SeriesCursor
from query_api.parameters import DeleteQuery, Listed, NoParameters, StreamInPath
from query_api.parts import Parts
from query_api.producer import JSON, Body, Producer
from query_api.routes.passing import passed_on
from query_api.stream_lines import StreamLine
from query_api.streams import one_stream, streams_page

CHANGES = {
    "start": ("Start again", "A new run of a stream that is at rest, by the spec it has."),
    "stop": ("Stop", "What was produced is published, then it is `stopped`. Again: the same."),
    "pause": ("Pause", "Until it is resumed. It still counts towards those that may run at once. Again: the same."),
    "resume": ("Resume", "A paused stream goes on. Again: the same."),
}


def router(parts: Parts, producer: Producer) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/streams", tags=["Streams"])
    shown = example(StreamLine)
    started = answered(StreamLine, shown | {"state": "pending"}, 400, 409, 413, *CONTROL, status=201)
    started["responses"][200] = {"description": "The dataset is here, or on its way, already", "model": StreamLine}

    @routes.get("", summary="Streams", **listed(StreamLine, ranged=False))
    async def streams(request: Request, query: Annotated[Listed, Query()]) -> Response:
        """Every stream: the built-in ones, those somebody started, and as `external` what only outsiders publish."""
        place = query.place(request, SeriesCursor)
        listing = Listing(Columns(columns(StreamLine)), _reader(parts), place)
        return await answer(request, parts, query, parts.settings.limits.rows_default, listing)

    @routes.get("/{stream}", summary="One stream", **answered(StreamLine, shown, 404, *READS))
    async def stream(request: Request, stream: StreamInPath, _query: NoParameters) -> Response:
        """What it is to do, what it does, how far it is."""
        return one(request, await one_stream(parts.database, stream))

    @routes.post(
        "",
        summary="Start a stream",
        openapi_extra={"requestBody": new_stream()},
        **started,
    )
    async def start(request: Request, _query: NoParameters) -> Response:
        """A simulation, a new run of one at rest, or a dataset by its URL.

        At most five run at once; one that runs is not started twice.
        """
        return passed_on(await producer.call("POST", "/streams", body=Body(JSON, request.stream())))

    @routes.delete("/{stream}", summary="Delete a stream", **answered(StreamLine, shown, 404, 409, *CONTROL))
    async def delete(stream: StreamInPath, query: Annotated[DeleteQuery, Query()]) -> Response:
        """Stops it and forgets it; its data stays, unless `data=true`. Again: the same."""
        asked = {"data": "true" if query.data else "false"}
        return passed_on(await producer.call("DELETE", f"/streams/{stream}", parameters=asked))

    for change, (summary, text) in CHANGES.items():
        described = answered(StreamLine, shown, 404, 409, *CONTROL)
        path = f"/{{stream}}/{change}"
        routes.add_api_route(
            path, _changing(producer, change), methods=["POST"], summary=summary, description=text, **described
        )
    return routes


def _changing(producer: Producer, change: str) -> Callable[..., Awaitable[Response]]:
    async def changed(stream: StreamInPath, _query: NoParameters) -> Response:
        return passed_on(await producer.call("POST", f"/streams/{stream}/{change}"))

    return changed


def _reader(parts: Parts) -> Read[SeriesCursor]:
    async def read(place: SeriesCursor | None, limit: int) -> Page[SeriesCursor]:
        found = await streams_page(parts.database, place.stream if place else "", limit + 1)
        if len(found) <= limit:
            return Page(found)
        return Page(found[:limit], SeriesCursor(stream=found[limit - 1]["id"], category=""))

    return read
