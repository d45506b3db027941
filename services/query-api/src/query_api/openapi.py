"""The OpenAPI document: what FastAPI derives, one problem schema for every error, an example for each answer."""

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel

from query_api.access import COOKIE, Access
from query_api.bodies import schemas
from query_api.lines import ProblemBody, columns

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
DESCRIPTIONS = {
    400: "A parameter is missing or invalid, or the body is no JSON",
    401: "A key is needed, or this one is not known",
    403: "A page of another origin may not change anything, or the key may only read",
    404: "There is no such thing",
    409: "It contradicts what is: the answer says what",
    410: "It was not kept so long",
    413: "The body is too large",
    415: "The body is neither of the two media types",
    422: "A parameter is invalid, unknown or too large",
    429: "Too many requests at once",
    500: "An error of ours",
    502: "The producer is down or not understood",
    503: "Postgres or Kafka is away",
    504: "The answer took too long to find",
}
SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "A key that `tideline key new` made."},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "What POST /session gives for it."},
}
"""Part of the document once there are keys."""
FREE: dict[str, Any] = {"security": []}
"""Said of an operation that needs no key, whatever the settings."""
ALWAYS = (422, 429, 500)
READS = (503, 504)
PASSED_ON = (502, 503, 504)
CONTROL = (403, *PASSED_ON)
HEADERS = {
    "Link": 'The next page: `<…>; rel="next"`; missing on the last.',
    "ETag": "Of a single page; send it back as `If-None-Match`.",
}
LIVE_EXAMPLE = (
    "event: windows\nid: 1:readings:0:1:42\n"
    'data: [{"stream":"demo","category":"temperature","avg_value":21.25,"count":6,"sum":127.5,"min":20.5,"max":22.0,'
    '"last_timestamp":"2026-01-02T03:04:50Z","window_start":"2026-01-02T03:04:00Z"}]\n\n'
)
RANGE_HEADERS = {
    "Tideline-Start": "Start of the range that was used, included.",
    "Tideline-End": "End of the range that was used, not included.",
}


def listed(
    line: type[BaseModel], *errors: int, also: type[BaseModel] | None = None, ranged: bool = True
) -> dict[str, Any]:
    """What a route that answers a list of these lines says about its answers."""
    names = columns(line)
    headers = HEADERS | (RANGE_HEADERS if ranged else {})
    text = {"schema": {"type": "string"}}
    success = {
        "description": "The lines",
        "model": list[also | line] if also else list[line],  # type: ignore[valid-type]
        "headers": {name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()},
        "content": {
            "application/json": {"example": [example(line)]},
            "application/x-ndjson": text,
            "text/csv": text | {"example": ",".join(names) + "\n"},
        },
    }
    not_modified = {"description": "The caller has this very answer (`If-None-Match`)"}
    return {"responses": {200: success, 304: not_modified} | problems(*errors, *READS)}


def answered(body: Any, shown: Any, *errors: int, status: int = 200) -> dict[str, Any]:
    """What a route that answers with such a body (a model, or a list of one) says about its answers."""
    success = {"description": "Done", "model": body, "content": {"application/json": {"example": shown}}}
    return {"status_code": status, "responses": {status: success} | problems(*errors)}


def example(line: type[BaseModel]) -> dict[str, Any]:
    """The examples of a model's fields as one object."""
    return {name: field.examples[0] for name, field in line.model_fields.items() if field.examples}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Error answers of a route."""
    return {code: {"description": DESCRIPTIONS[code], "content": PROBLEM} for code in sorted({*ALWAYS, *statuses})}


def operation_id(route: APIRoute) -> str:
    """`GET /api/v1/streams/{stream}`: `get_streams_stream`. Clients made from the document name their functions so."""
    words = re.findall("[a-z0-9]+", route.path_format.removeprefix("/api/v1")) or ["home"]
    return "_".join([min(route.methods or {"get"}).lower(), *words])


def document(app: FastAPI, access: Access) -> dict[str, Any]:
    """The whole document, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        model = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
        schema.setdefault("components", {}).setdefault("schemas", {}).update(schemas() | {"ProblemBody": model})
        for path in schema["paths"].values():
            for operation in path.values():
                for parameter in operation.get("parameters", ()):
                    parameter["schema"] = _without_null(parameter["schema"])
        if access.keys.wanted:
            _add_keys(schema)
        app.openapi_schema = schema
    return app.openapi_schema


def _add_keys(schema: dict[str, Any]) -> None:
    """Say of every operation but the free ones that it wants a key."""
    schema["components"]["securitySchemes"] = SCHEMES
    schema["security"] = [{name: []} for name in SCHEMES]
    refusals = {str(code): {"description": DESCRIPTIONS[code], "content": PROBLEM} for code in (401, 403)}
    for path in schema["paths"].values():
        for operation in path.values():
            if "security" not in operation:
                operation["responses"] |= refusals


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The same for a query, where nothing can be null: a parameter is there or not."""
    others = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(others) != 1:
        return schema
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **others[0]}
