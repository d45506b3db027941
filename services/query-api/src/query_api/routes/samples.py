"""`/api/v1/random-int`, `/table`, `/time-series`, made by the producer, and all three side by side."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from chassis.problems import Problem
from query_api.accept import prefers
from query_api.bodies import PARTS_EXAMPLE, TABLE_ROW
from query_api.formats import Line, json_bytes, ndjson
from query_api.openapi import PASSED_ON, answered, example, problems
from query_api.parameters import LatencyQuery
from query_api.parts import Parts
from query_api.producer import Answer, Producer
from query_api.routes.passing import passed_on
from query_api.stream_lines import Point, RandomInt

NDJSON, SSE = "application/x-ndjson", "text/event-stream"
LATENCY_MS_MAX = 10_000.0
"""What the producer may be set to by itself."""
SAMPLES: dict[str, tuple[str, Any, Any]] = {
    "random-int": ("A random number", RandomInt, example(RandomInt)),
    "table": ("250 rows of a table", list[dict[str, Any]], [TABLE_ROW]),
    "time-series": ("3,000 points", list[Point], [example(Point)]),
}


def router(parts: Parts, producer: Producer) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1", tags=["Samples"])
    for name, (summary, body, shown) in SAMPLES.items():
        described = answered(body, shown, *PASSED_ON)
        routes.add_api_route(f"/{name}", _sampling(producer, name), methods=["GET"], summary=summary, **described)

    content: dict[str, Any] = {NDJSON: {"schema": {"type": "string"}, "example": PARTS_EXAMPLE}}
    content[SSE] = {"schema": {"type": "string"}}

    @routes.get(
        "/aggregate-data",
        summary="All three, each when it is ready",
        response_class=StreamingResponse,
        responses={200: {"description": "A line (or event) each", "content": content}, **problems()},
    )
    async def aggregate_data(request: Request, query: Annotated[LatencyQuery, Query()]) -> Response:
        """Runs random-int, table and time-series side by side and sends each the moment it is ready.

        A line is `{"part", "data"}`, or `{"part", "error"}` for one that failed; the others still come. NDJSON, or
        server-sent events (`part`, then `end`) where `Accept` names them.
        """
        as_events = prefers(request.headers.get("accept"), SSE, NDJSON)
        lines = ready_parts(producer, query, parts.stopping)
        headers = {"Vary": "Accept", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_written(lines, as_events), headers=headers, media_type=SSE if as_events else NDJSON)

    return routes


def _sampling(producer: Producer, name: str) -> Any:
    async def sample(query: Annotated[LatencyQuery, Query()]) -> Response:
        return passed_on(await _sampled(producer, name, query))

    return sample


async def _sampled(producer: Producer, name: str, query: LatencyQuery) -> Answer:
    asked = {} if query.latency_ms is None else {"latency_ms": str(query.latency_ms)}
    latency_ms = LATENCY_MS_MAX if query.latency_ms is None else query.latency_ms
    return await producer.call("GET", f"/{name}", parameters=asked, extra_s=latency_ms / 1000)


async def ready_parts(producer: Producer, query: LatencyQuery, stopping: asyncio.Event) -> AsyncIterator[Line]:
    """The three in the order in which they finish; what is not there when the service stops is an error."""
    waiting = {asyncio.create_task(_part(producer, name, query)): name for name in SAMPLES}
    stop = asyncio.create_task(stopping.wait())
    try:
        while waiting:
            await asyncio.wait({*waiting, stop}, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in waiting if task.done()]:
                del waiting[task]
                yield task.result()
            if stop.done():
                for name in waiting.values():
                    yield _failed(name, Problem(503, "the service is stopping"))
                break
    finally:
        stop.cancel()
        for task in waiting:
            task.cancel()


async def _part(producer: Producer, name: str, query: LatencyQuery) -> Line:
    try:
        return {"part": name, "data": (await _sampled(producer, name, query)).value}
    except Problem as problem:
        return _failed(name, problem)


def _failed(name: str, problem: Problem) -> Line:
    return {"part": name, "error": {"status": problem.status, "detail": problem.detail}}


async def _written(lines: AsyncIterator[Line], as_events: bool) -> AsyncIterator[bytes]:
    async for line in lines:
        yield b"event: part\ndata: %b\n\n" % json_bytes(line) if as_events else ndjson([line])
    if as_events:
        yield b"event: end\ndata: {}\n\n"
