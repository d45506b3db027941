"""Is it alive, is it ready, what does it count."""

import orjson
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from producer.metrics import Metrics
from producer.readiness import Readiness


def health_routes(readiness: Readiness, metrics: Metrics) -> APIRouter:
    """`/health` never touches a dependency; `/ready` tells why not."""
    routes = APIRouter(tags=["health"])
    metrics.ready.set_function(lambda: not readiness.troubles())

    @routes.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "healthy"}

    @routes.get("/ready")
    async def ready() -> Response:
        reasons = readiness.troubles()
        body = {"status": "not ready" if reasons else "ready", "reasons": reasons}
        return Response(orjson.dumps(body), 503 if reasons else 200, media_type="application/json")

    @routes.get("/metrics")
    async def show_metrics() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return routes
