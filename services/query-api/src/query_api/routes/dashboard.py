"""The dashboard's pages, by their addresses, and its files."""

from fastapi import APIRouter, HTTPException, Response

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

    @routes.get(f"/{ICON}")
    async def icon() -> Response:
        if not (folder / ICON).is_file():
            raise HTTPException(404)
        return File(folder / ICON, headers=PAGE)

    return routes
