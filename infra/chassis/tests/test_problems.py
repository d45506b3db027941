"""Every error of a service is problem+json, says what is wrong and repeats nothing of what the caller sent."""

from collections.abc import MutableMapping
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, Query, Request
from pydantic import BaseModel, field_validator
from structlog.testing import capture_logs

from chassis.bodies import as_model, read_body
from chassis.problems import Problem, add_problem_handlers


class Order(BaseModel, extra="forbid"):
    pieces: int


@pytest.fixture
def client() -> httpx.AsyncClient:
    """A service with one route for each kind of failure."""
    app = FastAPI()
    add_problem_handlers(app)

    @app.get("/busy")
    async def busy() -> None:
        raise Problem(429, "too many requests at once", headers={"Retry-After": "1"})

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("the password is hunter2")

    @app.get("/limited")
    async def limited(limit: Annotated[int, Query(ge=1)]) -> int:
        return limit

    @app.post("/orders")
    async def orders(order: Order) -> int:
        return order.pieces

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


class Recipe(BaseModel):
    steps: tuple[str, ...]

    @field_validator("steps")
    @classmethod
    def _differ(cls, steps: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(steps)) < len(steps):
            raise ValueError("steps must differ from each other")
        return steps


@pytest.mark.parametrize(
    ("steps", "message"),
    [(["a", "a"], "steps must differ from each other"), ("a", "Input should be a valid list")],
)
def test_what_is_wrong_with_a_body_is_told_to_somebody_who_sends_json(steps: object, message: str) -> None:
    with pytest.raises(Problem) as raised:
        as_model({"steps": steps}, Recipe)
    assert raised.value.errors == [{"parameter": "steps", "message": message}]


async def test_a_problem_has_the_fields_of_the_standard_and_a_request_id(client: httpx.AsyncClient) -> None:
    answer = await client.get("/busy")
    body = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (429, "application/problem+json")
    assert answer.headers["retry-after"] == "1"
    assert len(body.pop("request_id")) == 16
    assert body == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "too many requests at once",
        "errors": [],
    }


async def test_two_requests_have_two_ids(client: httpx.AsyncClient) -> None:
    first, second = await client.get("/busy"), await client.get("/busy")
    assert first.json()["request_id"] != second.json()["request_id"]


async def test_an_invalid_parameter_is_named_and_its_value_is_not(client: httpx.AsyncClient) -> None:
    answer = await client.get("/limited", params={"limit": "hunter2"})
    assert answer.status_code == 422
    assert [error["parameter"] for error in answer.json()["errors"]] == ["limit"]
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        (b'{"pieces": "x"}', "pieces"),
        (b'{"pieces": NaN}', "pieces"),
        (b'{"pieces": 1e999}', "pieces"),
        (b'{"pieces": 1, "extra\\ud800": 2}', None),
        (b'{"pieces": "\\ud800"}', "pieces"),
        (b"{", None),
        (b"\xff", None),
        (b"[" * 100_000, None),
    ],
)
async def test_a_bad_body_is_a_422_whatever_its_bytes(
    client: httpx.AsyncClient, body: bytes, parameter: str | None
) -> None:
    answer = await client.post("/orders", content=body, headers={"Content-Type": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code in (400, 422)
    if parameter:
        assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/busy", 405)])
async def test_the_frameworks_own_errors_are_problems_too(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_unexpected_error_shows_nothing_of_itself(client: httpx.AsyncClient) -> None:
    answer = await client.get("/broken")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text


async def test_who_hangs_up_while_sending_is_no_failure_of_ours() -> None:
    app = FastAPI()
    add_problem_handlers(app)

    @app.post("/orders")
    async def orders(request: Request) -> int:
        return len(await read_body(request, 1000))

    told = iter([{"type": "http.request", "body": b"[1", "more_body": True}, {"type": "http.disconnect"}])
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return next(told)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/orders", "headers": [], "query_string": b""}
    with capture_logs() as logs:
        await app(scope, receive, send)
    assert logs == []
    assert sent[0]["status"] == 400
