"""`POST /api/v1/events`: events of anybody who has no Kafka client, passed on to the producer as they come."""

from fastapi import APIRouter, Request, Response

from chassis.problems import Problem
from query_api.bodies import new_events
from query_api.openapi import CONTROL, answered, example
from query_api.parameters import NoParameters
from query_api.producer import JSON, Body, Producer
from query_api.routes.passing import passed_on
from query_api.stream_lines import EventAnswer

NDJSON = "application/x-ndjson"


def router(producer: Producer) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["Events"])
    shown = [example(EventAnswer)]

    @routes.post(
        "/api/v1/events",
        summary="Publish events",
        openapi_extra={"requestBody": new_events()},
        **answered(list[EventAnswer], shown, 413, 415, *CONTROL, status=202),
    )
    async def publish(request: Request, _query: NoParameters) -> Response:
        """One event as JSON, or one a line as NDJSON; each line is answered: accepted, or the reason it is not.

        202 comes once Kafka has the accepted ones on disk. After 503 or no answer send those with an id and a
        timestamp again: they are counted once. With no valid line at all: 422.
        """
        kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
        if kind not in (JSON, NDJSON):
            raise Problem(415, f"send one event as {JSON}, or one a line as {NDJSON}")
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise Problem(415, "send the body as it is, not compressed", headers={"Accept-Encoding": "identity"})
        return passed_on(await producer.call("POST", "/events", body=Body(kind, request.stream())))

    return routes
