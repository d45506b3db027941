"""`GET /api/v1/raw-data`: readings as they were accepted, newest first."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from query_api.answers import Listing, Page, Read, answer, nothing, range_headers
from query_api.lines import ReadingLine, columns
from query_api.openapi import listed
from query_api.paging import ReadingCursor, decode, question_of
from query_api.parameters import RangeQuery
from query_api.parts import Parts
from query_api.ranges import Range
from query_api.read import Chosen, Place, Readings, readings_series, used_range


def router(parts: Parts) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["Data"])

    @routes.get("/api/v1/raw-data", summary="Raw readings", **listed(ReadingLine))
    async def raw_data(request: Request, query: Annotated[RangeQuery, Query()]) -> Response:
        """Readings, newest first; without `stream` those of all streams but datasets, merged."""
        question = question_of(request.url.path, request.query_params.multi_items())
        place = decode(query.cursor, ReadingCursor, question)
        asked = Range(place.start, place.end) if place else query.range(parts.now())
        used = await used_range(parts.database, query.chosen(), asked)
        read = await reader(parts, query.chosen(), used, question)
        listing = Listing(columns(ReadingLine), read, place, range_headers(used))
        return await answer(request, parts, query, parts.settings.limits.rows_default, listing)

    return routes


async def reader(parts: Parts, chosen: Chosen, used: Range, question: str) -> Read[ReadingCursor]:
    """Reads the list page by page."""
    if used.start is None or used.end is None:
        return nothing
    start, end = used.start, used.end
    series = await readings_series(parts.database, chosen)
    readings = Readings(parts.database, list(series), start)

    async def read(place: ReadingCursor | None, limit: int) -> Page[ReadingCursor]:
        before = Place(place.time, place.series, place.id) if place else Place(end)
        found = await readings.before(before, limit + 1)
        lines = [
            {"timestamp": row["timestamp"], "value": row["value"], "category": series[row["series_id"]].category}
            | {"stream": series[row["series_id"]].stream, "id": str(row["id"])}
            for row in found[:limit]
        ]
        if len(found) <= limit:
            return Page(lines)
        last = Place(*(found[limit - 1][name] for name in ("timestamp", "series_id", "id")))
        return Page(lines, ReadingCursor(question=question, start=start, end=end, **last._asdict()))

    return read
