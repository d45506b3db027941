"""Control over streams."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from asyncpg import Record
from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from chassis.bodies import as_model, read_json
from chassis.problems import Problem
from contracts.checks import STREAM_PATTERN
from producer import control
from producer.copy import Copy
from producer.decide import Wish
from producer.routes.datasets import ingest
from producer.spec import Spec

StreamId = Annotated[str, Path(pattern=STREAM_PATTERN)]
HIDDEN = ("unannounced", "changes", "dataset", "delete_data", "lease_until")
BODY_BYTES_MAX = 262_144


class NewStream(Spec):
    """A stream to start: its id, and its simulation field by field."""

    id: str = Field(pattern=STREAM_PATTERN, description="Name of the stream, chosen by whoever starts it.")
    kind: Literal["simulation"] = Field("simulation", description="What feeds the stream.")


def stream_routes(copy: Copy) -> APIRouter:
    """List, start, stop, pause, resume and delete; each answers with the stream as it is then."""
    routes = APIRouter(prefix="/streams", tags=["streams"])
    running_max = copy.settings.streams.running_max

    async def changed(stream: str, wish: Wish, delete_data: bool = False) -> Response:
        row = await control.change(copy.pool, stream, wish, datetime.now(UTC), running_max, delete_data)
        copy.look_soon()
        return _answer(_view(row))

    @routes.get("")
    async def list_streams() -> Response:
        return _answer([_view(row) for row in await control.all_streams(copy.pool)])

    @routes.post("", status_code=201)
    async def start_stream(request: Request) -> Response:
        values = await read_json(request, BODY_BYTES_MAX)
        kind = values.get("kind", "simulation") if isinstance(values, dict) else None
        if kind == "dataset":
            row, already = await ingest(copy, values)
            copy.look_soon()
            return _answer(_view(row) | {"message": already}, 200) if already else _answer(_view(row), 201)
        if kind not in ("simulation", None):
            message = "must be simulation (the default) or dataset"
            raise Problem(422, f"kind: {message}", errors=[{"parameter": "kind", "message": message}])
        new = as_model(values, NewStream)
        spec = Spec.model_validate(new.model_dump(exclude={"id", "kind"}, exclude_unset=True))
        row = await control.start(copy.pool, new.id, spec, datetime.now(UTC), running_max)
        copy.look_soon()
        return _answer(_view(row), 201)

    @routes.get("/{stream}")
    async def show_stream(stream: StreamId) -> Response:
        return _answer(_view(await control.one_stream(copy.pool, stream)))

    @routes.post("/{stream}/{wish}")
    async def change_stream(stream: StreamId, wish: Literal["start", "stop", "pause", "resume"]) -> Response:
        return await changed(stream, wish)

    @routes.delete("/{stream}")
    async def delete_stream(stream: StreamId, data: bool = False) -> Response:
        return await changed(stream, "delete", data)

    return routes


def _view(row: Record) -> dict[str, Any]:
    view = {name: value for name, value in row.items() if name not in HIDDEN}
    return view | {"spec": orjson.loads(row["spec"]), "progress": orjson.loads(row["progress"])}


def _answer(body: object, status: int = 200) -> Response:
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), status, media_type="application/json")
