"""`GET /docs`: the OpenAPI document as a page, all of it served from here; `GET /asyncapi`: what is on Kafka."""

from collections.abc import Awaitable, Callable
from importlib.resources import files

from fastapi import APIRouter, Response


def router() -> APIRouter:
    """The page and its files. Swagger UI's come out of the package fastapi-offline; the AsyncAPI document is written by
    `make docs`, so that no service has to know another."""
    routes = APIRouter(include_in_schema=False)
    pages, packaged = files("query_api") / "pages", files("fastapi_offline") / "static"
    served = {
        "/docs": (pages / "docs.html", "text/html"),
        "/docs/docs.js": (pages / "docs.js", "text/javascript"),
        "/docs/swagger-ui.css": (packaged / "swagger-ui.css", "text/css"),
        "/docs/swagger-ui-bundle.js": (packaged / "swagger-ui-bundle.js", "text/javascript"),
        "/asyncapi": (pages / "asyncapi.json", "application/json"),
        "/asyncapi.json": (pages / "asyncapi.json", "application/json"),
    }
    for path, (file, kind) in served.items():
        routes.add_api_route(path, _answering(file.read_bytes(), kind), methods=["GET"])
    return routes


def _answering(body: bytes, kind: str) -> Callable[[], Awaitable[Response]]:
    async def asset() -> Response:
        return Response(body, media_type=kind, headers={"Cache-Control": "max-age=3600"})

    return asset
