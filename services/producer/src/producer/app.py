"""The HTTP application of a producer."""

from fastapi import Depends, FastAPI, Request, Response

from chassis.problems import Problem, add_problem_handlers, problem_response, request_id
from producer.away import AWAY
from producer.copy import Copy
from producer.errors import Conflict, Unavailable, Unknown
from producer.routes.dead_letters import letter_routes
from producer.routes.events import event_routes
from producer.routes.health import health_routes
from producer.routes.samples import sample_routes
from producer.routes.streams import stream_routes

RETRY_AFTER = {"Retry-After": "2"}


def make_app(copy: Copy) -> FastAPI:
    """All routes; every error is problem+json."""
    app = FastAPI(
        title="Tideline producer",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(refuse_pages)],
    )
    add_problem_handlers(app)
    _answer_errors(app)
    app.include_router(health_routes(copy.readiness, copy.metrics))
    app.include_router(stream_routes(copy))
    app.include_router(event_routes(copy))
    app.include_router(sample_routes(copy))
    app.include_router(letter_routes(copy))
    return app


async def refuse_pages(request: Request) -> None:
    """Raise Problem 403 for a page in a browser: any that somebody opens could otherwise stop streams here.

    What a person may do comes through the query API, which knows its own pages.
    """
    if "origin" in request.headers:
        raise Problem(403, "no page may ask the producer: ask the query API")


def _answer_errors(app: FastAPI) -> None:
    async def conflict(request: Request, error: Exception) -> Response:
        return problem_response(Problem(409, str(error)), request_id(request))

    async def unknown(request: Request, error: Exception) -> Response:
        return problem_response(Problem(404, str(error)), request_id(request))

    async def away(request: Request, error: Exception) -> Response:
        detail = str(error) if isinstance(error, Unavailable) else "Kafka or Postgres is away: try again in a moment"
        return problem_response(Problem(503, detail, headers=RETRY_AFTER), request_id(request))

    app.add_exception_handler(Conflict, conflict)
    app.add_exception_handler(Unknown, unknown)
    for error in (*AWAY, Unavailable):
        app.add_exception_handler(error, away)
