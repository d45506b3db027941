"""`GET /api/v1/raw-data`: readings as they were accepted, newest first."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from query_api.answers import Listing, Page, Read, answer, nothing, range_headers
from query_api.formats import Columns
from query_api.lines import ReadingLine, columns
from query_api.newest import Place, readings
from query_api.openapi import listed
from query_api.paging import ReadingCursor, decode, question_of
from query_api.parameters import RangeQuery
from query_api.parts import Parts
from query_api.ranges import Range
from query_api.read import Chosen, used_range
from query_api.rows import dataset_values, is_dataset


def router(parts: Parts) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["Data"])

    @routes.get("/api/v1/raw-data", summary="Raw readings", **listed(ReadingLine))
    async def raw_data(request: Request, query: Annotated[RangeQuery, Query()]) -> Response:
        """Readings, newest first: of one stream, or without `stream` of all but datasets, merged.

        Of a dataset they are the values of its kept rows, each with the id of its row.
        """
        question = question_of(request.url.path, request.query_params.multi_items())
        place = decode(query.cursor, ReadingCursor, question)
        asked = Range(place.start, place.end) if place else query.range(parts.now())
        used = await used_range(parts.database, query.chosen(), asked)
        read = await reader(parts, query.chosen(), used, question)
        listing = Listing(Columns(columns(ReadingLine)), read, place, range_headers(used))
        return await answer(request, parts, query, parts.settings.limits.rows_default, listing)

    return routes


async def reader(parts: Parts, chosen: Chosen, used: Range, question: str) -> Read[ReadingCursor]:
    """Reads the list page by page."""
    if used.start is None or used.end is None:
        return nothing
    source = dataset_values if await is_dataset(parts.database, chosen.stream) else readings
    values = await source(parts.database, chosen, used.start, used.end)

    async def read(place: ReadingCursor | None, limit: int) -> Page[ReadingCursor]:
        found, more = await values(Place(place.time, place.series, place.id) if place else None, limit)
        lines = [
            {"timestamp": at, "value": value, "category": series.category, "stream": series.stream, "id": str(id_)}
            for at, value, series, id_ in found
        ]
        if not more or not found:
            return Page(lines)
        at, _, series, id_ = found[-1]
        return Page(
            lines, ReadingCursor(question=question, start=used.start, end=used.end, time=at, series=series.id, id=id_)
        )

    return read
