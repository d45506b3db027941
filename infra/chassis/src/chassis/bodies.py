"""Request bodies, read up to a limit."""

from collections.abc import Mapping
from typing import Any, TypeVar

import orjson
from fastapi import Request
from pydantic import BaseModel, ValidationError

from chassis.problems import Problem

M = TypeVar("M", bound=BaseModel)


async def read_body(request: Request, bytes_max: int) -> bytes:
    """The whole body; a Problem 413 as soon as it is known to be larger, however it is sent."""
    too_large = Problem(413, f"the body must not be larger than {bytes_max} bytes: send it in parts")
    if int(request.headers.get("content-length") or 0) > bytes_max:
        raise too_large
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > bytes_max:
            raise too_large
    return bytes(body)


async def read_json(request: Request, bytes_max: int) -> Any:
    """The body as JSON; a Problem 400 when it is none."""
    body = await read_body(request, bytes_max)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(400, f"the body is not JSON: {error.msg}") from None


def as_model(values: Any, model: type[M]) -> M:
    """The values as a model; a Problem 422 naming what is wrong in them."""
    if not isinstance(values, dict):
        raise Problem(422, "the body must be a JSON object")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _invalid(error) from None


def _invalid(error: ValidationError) -> Problem:
    errors = [
        {"parameter": ".".join(str(part) for part in item["loc"]) or "body", "message": _in_words(item)}
        for item in error.errors(include_input=False, include_url=False, include_context=False)
    ]
    names = ", ".join(sorted({item["parameter"] for item in errors}))
    return Problem(422, f"invalid: {names}", errors=errors)


def _in_words(item: Mapping[str, Any]) -> str:
    """Pydantic's message as somebody reads it who sends JSON."""
    if item["type"] == "tuple_type":
        return "Input should be a valid list"
    return str(item["msg"]).removeprefix("Value error, ")
