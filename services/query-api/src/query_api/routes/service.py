"""`/api/v1/health`, `/api/v1/ready` and `/metrics`: how the service itself is."""

import asyncio
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Depends, Response
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from chassis.problems import Problem
from query_api.access import Access
from query_api.openapi import FREE, problems
from query_api.parameters import NoParameters
from query_api.parts import Parts

HEALTHY: dict[str, Any] = {"content": {"application/json": {"example": {"status": "healthy"}}}}
READY: dict[str, Any] = {"content": {"application/json": {"example": {"status": "ready"}}}}
TEXT = {"text/plain": {"schema": {"type": "string"}}}
LOOK_S = 1.0
"""Prometheus does not wait for a database that is frozen."""


def router(parts: Parts, registry: CollectorRegistry, is_ready: Gauge, access: Access) -> APIRouter:
    """The routes; probes need no key."""
    routes = APIRouter(tags=["Service"])

    @routes.get("/api/v1/health", summary="Alive", openapi_extra=FREE, responses={200: HEALTHY, **problems()})
    async def health(_query: NoParameters) -> dict[str, str]:
        """That the process answers; asks nothing else."""
        return {"status": "healthy"}

    @routes.get("/api/v1/ready", summary="Ready", openapi_extra=FREE, responses={200: READY, **problems(503)})
    async def ready(_query: NoParameters) -> dict[str, str]:
        """Whether questions can be answered now; if not, 503 with a `reason` code in `errors`."""
        trouble = await _trouble(parts)
        if trouble is not None:
            raise Problem(503, "not ready", errors=[trouble], headers={"Retry-After": "1"})
        return {"status": "ready"}

    @routes.get(
        "/metrics",
        summary="Metrics",
        response_class=Response,
        responses={200: {"content": TEXT}, **problems()},
        dependencies=[Depends(access)],
    )
    async def metrics(_query: NoParameters) -> Response:
        """Prometheus text format."""
        is_ready.set(0)
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                is_ready.set(await _trouble(parts) is None)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return routes


async def _trouble(parts: Parts) -> dict[str, str] | None:
    """Why no question can be answered now, as a reason code and a sentence."""
    if parts.stopping.is_set():
        return {"reason": "stopping", "message": "the service is stopping"}
    return await parts.database.trouble()
