"""What can go wrong with a request, and the problem each is answered with."""

import asyncpg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic.fields import FieldInfo
from starlette.exceptions import HTTPException
from starlette.routing import Match

from chassis.problems import Problem, problem_response, request_id, validation_problem

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


class BadParameter(ValueError):  # noqa: N818 - it is the caller's, and answered
    """A query parameter that cannot be used: its name and what to write instead, never its value."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(f"{parameter}: {message}")
        self.parameter = parameter
        self.message = message


class CutShort(Exception):  # noqa: N818 - an end, named for what the caller sees
    """An answer on its way cannot be finished: its connection is broken, so that it does not look whole."""


def parameter_problem(error: BadParameter, status: int = 422) -> Problem:
    """The problem that names the parameter."""
    return Problem(status, str(error), errors=[{"parameter": error.parameter, "message": error.message}])


def query_problem(error: RequestValidationError, known: list[str], status: int = 422) -> Problem:
    """The problem for a query that FastAPI refused; names of unknown parameters are the caller's and stay out of it.

    `status` is for values; an answer about nothing but unknown parameters is always 422.
    """
    unknown = [item for item in error.errors() if item["type"] == "extra_forbidden"]
    values = [item for item in error.errors() if item["type"] != "extra_forbidden"]
    problem = validation_problem(RequestValidationError(values), status if values else 422)
    if unknown:
        message = f"unknown parameter; this route takes {', '.join(known) or 'none'}"
        problem.errors.append({"parameter": "query", "message": message})
        problem.detail = message if not values else f"{problem.detail}; {message}"
    return problem


def database_problem(error: BaseException, statement_ms: int) -> Problem | None:
    """What a failed query means to the caller; None: not something that the database's state explains."""
    if isinstance(error, TimeoutError):  # the server did not even cancel it
        return Problem(504, "Postgres does not answer: it is overloaded or stuck; try again in a moment")
    if isinstance(error, asyncpg.QueryCanceledError):
        return Problem(504, f"the query took longer than {statement_ms} ms: ask for a shorter range or fewer series")
    if isinstance(error, asyncpg.DataError):
        return Problem(422, "a parameter holds something that cannot be stored, so nothing can match it")
    return unavailable() if is_away(error) else None


def is_away(error: BaseException) -> bool:
    """Whether this says that the server cannot be reached now, so that a later try may work."""
    return isinstance(
        error,
        OSError
        | asyncpg.PostgresConnectionError
        | asyncpg.InterfaceError
        | asyncpg.InternalClientError  # of a connection whose server was killed in the middle of a query
        | asyncpg.OperatorInterventionError
        | asyncpg.InsufficientResourcesError,
    )


def unavailable() -> Problem:
    """The database cannot be reached."""
    return Problem(503, "the database cannot be reached: try again in a moment", headers={"Retry-After": "1"})


def parameters_of(request: Request) -> list[str]:
    """Names of the query parameters that the matched route takes."""
    return [name for name, _ in query_fields(request)]


def query_fields(request: Request) -> list[tuple[str, FieldInfo]]:
    """The same with the field of the model that each is read into."""
    dependant = getattr(request.scope.get("route"), "dependant", None)
    models = [] if dependant is None else [field.field_info.annotation for field in dependant.query_params]
    found: list[tuple[str, FieldInfo]] = []
    for model in models:
        found += [(field.alias or name, field) for name, field in getattr(model, "model_fields", {}).items()]
    return found


def methods_of(request: Request) -> list[str]:
    """The methods that the path of this request takes, over all routes that match it; HEAD wherever GET."""
    asked = [(method, {**request.scope, "method": "GET" if method == "HEAD" else method}) for method in METHODS]
    return [
        method for method, scope in asked if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
    ]


def add_query_handlers(app: FastAPI) -> None:
    """Answer a bad parameter with 422 that names it, on every route that does not say otherwise."""

    @app.exception_handler(BadParameter)
    async def _bad(request: Request, error: BadParameter) -> Response:
        return problem_response(parameter_problem(error), request_id(request))

    @app.exception_handler(404)
    async def _no_path(request: Request, _error: HTTPException) -> Response:
        return problem_response(
            Problem(404, "there is no such path: /openapi.json lists all of them, none with a slash at its end"),
            request_id(request),
        )

    @app.exception_handler(405)
    async def _no_method(request: Request, error: HTTPException) -> Response:
        allowed = ", ".join(methods_of(request))
        headers = dict(error.headers or {}) | {"Allow": allowed}
        return problem_response(Problem(405, f"this path takes {allowed} only", headers=headers), request_id(request))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        return problem_response(query_problem(error, parameters_of(request)), request_id(request))
