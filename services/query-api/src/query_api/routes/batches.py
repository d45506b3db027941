"""`/stream/{batch_id}`, `/tasks`, `/agg/{batch_id}`: a simulation of whole numbers by its batch id, in short."""

from fastapi import APIRouter, Response

from query_api.answers import as_json
from query_api.openapi import CONTROL, READS, answered, example
from query_api.parameters import NoParameters, StreamInPath
from query_api.parts import Parts
from query_api.producer import Body, Producer
from query_api.routes.passing import passed_on
from query_api.stream_lines import MinuteBody, StreamLine, TaskLine
from query_api.streams import last_minute_of, tasks


def router(parts: Parts, producer: Producer) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["Batches"])
    shown = example(StreamLine)

    @routes.post(
        "/stream/{batch_id}",
        summary="Start",
        **answered(StreamLine, shown | {"state": "pending"}, 409, *CONTROL, status=201),
    )
    async def start(batch_id: StreamInPath, _query: NoParameters) -> Response:
        """Simulates whole numbers from 0 to 100, four a second, as stream `batch_id`."""
        spec = {"id": batch_id, "profile": "random-int"}
        return passed_on(await producer.call("POST", "/streams", body=Body.of(spec)))

    @routes.delete("/stream/{batch_id}", summary="Stop", **answered(StreamLine, shown, 404, *CONTROL))
    async def stop(batch_id: StreamInPath, _query: NoParameters) -> Response:
        """What was produced is published and kept, then it is `stopped`. Again: the same."""
        return passed_on(await producer.call("POST", f"/streams/{batch_id}/stop"))

    @routes.get("/tasks", summary="What runs", **answered(list[TaskLine], [example(TaskLine)], *READS))
    async def running(_query: NoParameters) -> Response:
        """The streams that count towards those that may run at once; built-in ones do not."""
        return as_json(await tasks(parts.database))

    @routes.get("/agg/{batch_id}", summary="Last minute", **answered(MinuteBody, example(MinuteBody), 404, *READS))
    async def last_minute(batch_id: StreamInPath, _query: NoParameters) -> Response:
        """Average, sum and count of all its values in the last whole minute: at 10:11:10 from 10:10:00 to 10:11:00."""
        return as_json(await last_minute_of(parts.database, batch_id, parts.now()))

    return routes
