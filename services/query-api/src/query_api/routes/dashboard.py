"""The dashboard's pages, by their addresses, and its files."""

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from query_api.dashboard import PAGE, File, page
from query_api.parts import Parts

PAGES = ("/streams/{_stream}", "/batch/{_stream}", "/explore", "/pipeline", "/get-data")
ICON = "tideline.svg"


def router(parts: Parts) -> APIRouter:
    """The routes. What stands in an address is for the page in the browser to read: nothing of it is refused here."""
    folder = parts.settings.dashboard_dir
    routes = APIRouter(include_in_schema=False)

    async def shown() -> Response:
        return page(folder)

    for path in PAGES:
        routes.add_api_route(path, shown, methods=["GET"])
    for path in (*PAGES, "/docs"):
        routes.add_api_route(f"{path}/", without_slash, methods=["GET"])

    @routes.get(f"/{ICON}")
    async def icon() -> Response:
        if not (folder / ICON).is_file():
            raise HTTPException(404)
        return File(folder / ICON, headers=PAGE)

    return routes


async def without_slash(request: Request) -> Response:
    """To the page whose address was typed with a slash behind it; scheme and host stay those that the caller sees."""
    path, query = request.scope["raw_path"].decode("latin-1").rstrip("/"), request.url.query
    return RedirectResponse(f"{path}?{query}" if query else path)
