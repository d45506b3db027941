"""Health, readiness and metrics of a processor over HTTP."""

import asyncio
import time
from collections.abc import Callable

import structlog
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chassis.problems import add_problem_handlers
from processor.metrics import Metrics

log = structlog.get_logger("processor")

LOOK_S = 0.5
BLOCKED_S = 1.0


def make_app(metrics: Metrics, troubles: Callable[[], list[str]]) -> FastAPI:
    """`troubles` tells why the processor is not ready."""
    app = FastAPI(title="Tideline processor", docs_url=None, redoc_url=None, redirect_slashes=False)
    add_problem_handlers(app)
    metrics.ready.set_function(lambda: not troubles())

    @app.get("/health")
    async def health() -> dict[str, str]:
        """The process answers; touches nothing else."""
        return {"status": "healthy"}

    @app.get("/ready")
    async def ready() -> Response:
        """200, or 503 with the reasons."""
        reasons = troubles()
        status = "ready" if not reasons else "not ready"
        return JSONResponse({"status": status, "reasons": reasons}, 503 if reasons else 200)

    @app.get("/metrics")
    async def show_metrics() -> Response:
        """Prometheus text."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return app


async def watch_loop() -> None:
    """Say so when the event loop stood still: the process was frozen, or something blocked it."""
    while True:
        begun = time.monotonic()
        await asyncio.sleep(LOOK_S)
        if (late_s := time.monotonic() - begun - LOOK_S) > BLOCKED_S:
            log.warning("the event loop stood still", seconds=round(late_s, 1))
