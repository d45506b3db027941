"""What is counted, and the layer that counts requests."""

import time

from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.metrics import new_registry

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The service's metrics, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = new_registry()
        labels = ("method", "route")
        self.requests = Counter("tideline_http_requests", "Requests.", (*labels, "status"), registry=self.registry)
        self.seconds = Histogram(
            "tideline_http_request_seconds", "Until the last byte.", labels, registry=self.registry, buckets=SECONDS
        )
        self.ready = Gauge("tideline_query_api_ready", "1 when ready, else 0.", registry=self.registry)
        self.running = Gauge("tideline_http_requests_running", "Requests being answered.", registry=self.registry)


class Measured:
    """Counts every request by its route's template (never by what the caller wrote), status and time."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        status, began = 500, time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._metrics.running.track_inprogress():
            try:
                await self._app(scope, receive, noting)
            finally:
                method = scope["method"] if scope["method"] in METHODS else "other"
                route = getattr(scope.get("route"), "path", "unknown")
                self._metrics.requests.labels(method, route, status).inc()
                self._metrics.seconds.labels(method, route).observe(time.perf_counter() - began)
        return None
