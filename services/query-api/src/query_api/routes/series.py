"""`GET /api/v1/series`: which (stream, category) pairs have data."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from query_api.answers import Listing, Page, Read, answer
from query_api.formats import Columns
from query_api.lines import SeriesLine, columns
from query_api.openapi import listed
from query_api.paging import SeriesCursor
from query_api.parameters import SeriesQuery
from query_api.parts import Parts
from query_api.read import Chosen, series_lines


def router(parts: Parts) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["Data"])

    @routes.get("/api/v1/series", summary="Series", **listed(SeriesLine, ranged=False))
    async def series(request: Request, query: Annotated[SeriesQuery, Query()]) -> Response:
        """Every pair of stream and category that has data, with its first and last time and number of readings."""
        place = query.place(request, SeriesCursor)
        listing = Listing(Columns(columns(SeriesLine)), reader(parts, query.chosen()), place)
        return await answer(request, parts, query, parts.settings.limits.rows_default, listing)

    return routes


def reader(parts: Parts, chosen: Chosen) -> Read[SeriesCursor]:
    """Reads the list page by page."""

    async def read(place: SeriesCursor | None, limit: int) -> Page[SeriesCursor]:
        after = (place.stream, place.category) if place else ("", "")
        found = await series_lines(parts.database, chosen, after, limit + 1)
        if len(found) <= limit:
            return Page(found)
        last = found[limit - 1]
        return Page(found[:limit], SeriesCursor(stream=last["stream"], category=last["category"]))

    return read
