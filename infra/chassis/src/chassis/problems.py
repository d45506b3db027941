"""Errors over HTTP as RFC 9457 `application/problem+json`: one shape everywhere, no trace, no echoed input."""

import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

log = structlog.get_logger("problems")

MEDIA_TYPE = "application/problem+json"


@dataclass(eq=False)
class Problem(Exception):  # noqa: N818 - an answer, not a failure
    """Raise it anywhere in a handler to answer with it. `errors`: `{"parameter", "message"}` each."""

    status: int
    detail: str
    type: str = "about:blank"
    errors: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


def problem_response(problem: Problem, request_id: str) -> Response:
    """The problem as an answer."""
    body: dict[str, Any] = {
        "type": problem.type,
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "errors": problem.errors,
        "request_id": request_id,
    }
    return Response(orjson.dumps(body), problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def request_id(request: Request) -> str:
    """An id for this request, the same at every call: in the answer and in the log."""
    if not hasattr(request.state, "request_id"):
        request.state.request_id = secrets.token_hex(8)
    return str(request.state.request_id)


def validation_problem(error: RequestValidationError, status: int = 422) -> Problem:
    """What FastAPI found wrong, by parameter, without the caller's input."""
    errors = [
        {
            "parameter": ".".join(str(part) for part in item["loc"][1:]) or str(item["loc"][0]),
            "message": str(item["msg"]),
        }
        for item in error.errors()
    ]
    names = ", ".join(sorted({item["parameter"] for item in errors}))
    return Problem(status, f"invalid: {names}", errors=errors)


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error of this application as problem+json."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Problem) -> Response:
        return problem_response(error, request_id(request))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        return problem_response(validation_problem(error), request_id(request))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        problem = Problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))
        return problem_response(problem, request_id(request))

    @app.exception_handler(ClientDisconnect)
    async def _gone(_request: Request, _error: ClientDisconnect) -> Response:
        return Response(status_code=400)  # nobody reads it: who asked has hung up, and nothing is wrong here

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> Response:
        log.error("request failed", path=request.url.path, request_id=request_id(request), exc_info=error)
        return problem_response(
            Problem(500, "an unexpected error; the log has it under this request_id"), request_id(request)
        )
