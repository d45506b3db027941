"""`POST /api/v1/start-ingestion` and `stop-ingestion`: the built-in stream `demo` on and off."""

from fastapi import APIRouter

from query_api.ingestion import start_demo, stop_demo
from query_api.openapi import CONTROL, answered
from query_api.parameters import NoParameters
from query_api.producer import Producer
from query_api.stream_lines import MessageBody

STARTED = {"message": "Data ingestion started"}
STOPPED = {"message": "Data ingestion stopped"}


def router(producer: Producer) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1", tags=["Streams"])

    @routes.post("/start-ingestion", summary="Start demo", **answered(MessageBody, STARTED, 404, 409, *CONTROL))
    async def start(_query: NoParameters) -> dict[str, str]:
        """The built-in stream `demo` runs, from now on: what it missed is not made up for. Again: the same."""
        await start_demo(producer)
        return STARTED

    @routes.post("/stop-ingestion", summary="Stop demo", **answered(MessageBody, STOPPED, *CONTROL))
    async def stop(_query: NoParameters) -> dict[str, str]:
        """The built-in stream `demo` stops, until it is started. Again: the same."""
        await stop_demo(producer)
        return STOPPED

    return routes
