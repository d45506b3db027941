"""`GET /api/v1/raw-data`: readings as they were accepted, newest first."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from query_api.answers import Listing, Page, Read, answer, nothing
from query_api.formats import Columns
from query_api.lines import ReadingLine, columns
from query_api.newest import Place, RawSeries, raw_series, readings, refuse_gone
from query_api.openapi import listed
from query_api.paging import ReadingCursor
from query_api.parameters import RangeQuery
from query_api.parts import Parts
from query_api.ranges import Range, kept
from query_api.rows import dataset_values


def router(parts: Parts) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["Data"])

    @routes.get("/api/v1/raw-data", summary="Raw readings", **listed(ReadingLine, 410))
    async def raw_data(request: Request, query: Annotated[RangeQuery, Query()]) -> Response:
        """Readings, newest first: of one stream, or without `stream` of all but datasets, merged.

        Of a dataset they are the values of its kept rows, each with the id of its row.
        """
        place = query.place(request, ReadingCursor)
        series = await raw_series(parts.database, query.chosen())
        asked = query.range(parts.now(), place)
        used = kept(asked, series.first, series.last)
        listing = Listing(Columns(columns(ReadingLine)), await reader(parts, series, asked, used), place, used)
        return await answer(request, parts, query, parts.settings.limits.rows_default, listing)

    return routes


async def reader(parts: Parts, found: RawSeries, asked: Range, used: Range) -> Read[ReadingCursor]:
    """Reads the list page by page."""
    if not found.series or used.start is None or used.end is None:
        return nothing
    of = parts.database, found.series, used.start, used.end
    values = await dataset_values(*of) if found.from_rows else readings(*of)

    async def read(place: ReadingCursor | None, limit: int) -> Page[ReadingCursor]:
        lines, then = await values(Place(place.time, place.series, place.id) if place else None, limit)
        if not lines:
            await refuse_gone(parts.database, asked)
        return Page(lines, then and ReadingCursor(time=then.time, series=then.key, id=then.id))

    return read
