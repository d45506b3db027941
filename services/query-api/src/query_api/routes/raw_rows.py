"""`GET /api/v1/raw-rows`: dataset rows as they were accepted, newest first."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from query_api.answers import Listing, Page, Read, answer, nothing
from query_api.formats import Columns, Line
from query_api.lines import RowLine, columns
from query_api.newest import Place, refuse_gone
from query_api.openapi import listed
from query_api.paging import RowCursor
from query_api.parameters import RowsQuery
from query_api.parts import Parts
from query_api.ranges import Range
from query_api.rows import HEAD, Rows, place_of, rows_range, streams_with_rows


def router(parts: Parts) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["Data"])

    @routes.get("/api/v1/raw-rows", summary="Dataset rows", **listed(RowLine, 410))
    async def raw_rows(request: Request, query: Annotated[RowsQuery, Query()]) -> Response:
        """Rows of datasets, newest first, whole.

        With `fields=a,b` `data` holds these fields only, and CSV has a column for each, so that two fields of the same
        row can be set against each other. A page ends early where rows are large: follow its `Link`.
        """
        place, fields = query.place(request, RowCursor), query.field_names()
        streams = await streams_with_rows(parts.database, query.stream)
        asked = query.range(parts.now(), place)
        used = await rows_range(parts.database, streams, asked)
        read = reader(parts, streams, fields, asked, used)
        csv = Columns(columns(RowLine)) if fields is None else Columns([*HEAD, *fields], _values)
        listing = Listing(csv, read, place, used)
        return await answer(request, parts, query, parts.settings.limits.rows_default, listing)

    return routes


def reader(
    parts: Parts, streams: Sequence[str], fields: Sequence[str] | None, asked: Range, used: Range
) -> Read[RowCursor]:
    """Reads the list page by page."""
    if used.start is None or used.end is None:
        return nothing
    end, rows = used.end, Rows(parts.database, streams, used.start, fields)

    async def read(place: RowCursor | None, limit: int) -> Page[RowCursor]:
        before = Place(place.time, place.stream, place.id) if place else Place(end, "")
        lines, more = await rows.before(before, limit)
        if not lines:
            await refuse_gone(parts.database, asked)
        if not more or not lines:
            return Page(lines)
        last = place_of(lines[-1])
        return Page(lines, RowCursor(time=last.time, stream=last.key, id=last.id))

    return read


def _values(line: Line) -> list[Any]:
    return [*(line[name] for name in HEAD), *line["data"].values()]
