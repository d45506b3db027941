"""The HTTP application of a producer."""

from fastapi import FastAPI

from chassis.problems import add_problem_handlers
from producer.metrics import Metrics
from producer.readiness import Readiness
from producer.routes.health import health_routes


def make_app(readiness: Readiness, metrics: Metrics) -> FastAPI:
    """All routes; every error is problem+json."""
    app = FastAPI(title="Tideline producer", docs_url=None, redoc_url=None)
    add_problem_handlers(app)
    app.include_router(health_routes(readiness, metrics.registry))
    return app
