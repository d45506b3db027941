"""`GET /api/v1/processed-data`: aggregates of each series over the range, or per step."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from query_api.answers import Listing, Page, Read, answer, nothing
from query_api.buckets import Grid, step_grid, whole
from query_api.formats import Columns
from query_api.lines import BucketLine, TotalLine, columns
from query_api.openapi import listed
from query_api.paging import SeriesCursor
from query_api.parameters import ProcessedQuery
from query_api.parts import Parts
from query_api.points import chosen_step
from query_api.ranges import whole_minutes
from query_api.read import Chosen, buckets_page, used_range


def router(parts: Parts) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["Data"])

    @routes.get("/api/v1/processed-data", summary="Aggregates", **listed(TotalLine, also=BucketLine))
    async def processed_data(request: Request, query: Annotated[ProcessedQuery, Query()]) -> Response:
        """One line per series over the range, or with `step` one per series and bucket that has data.

        An average is the sum of the values by their count. A range takes the windows (whole minutes) that start
        inside it; `tz` moves the bounds of hours and days; times go out in UTC.
        """
        limits, zone = parts.settings.limits, parts.zone(query.tz)
        place = query.place(request, SeriesCursor)
        asked = query.range(parts.now(), place)
        used = whole_minutes(await used_range(parts.database, query.chosen(), asked))
        step = chosen_step(query.step, used, limits)
        line, default = (BucketLine, limits.rows_default_step) if step else (TotalLine, limits.rows_default)
        names = columns(line)
        headers = {"Tideline-Step": step, "Tideline-Zone": zone.key} if step else {}
        read: Read[SeriesCursor] = nothing
        if used.start is not None and used.end is not None and used.start < used.end:
            grid = step_grid(step, zone, used.start, used.end) if step else whole(used.start, used.end)
            read = reader(parts, query.chosen(), grid, names)
        return await answer(request, parts, query, default, Listing(Columns(names), read, place, used, headers))

    return routes


def reader(parts: Parts, chosen: Chosen, grid: Grid, names: list[str]) -> Read[SeriesCursor]:
    """Reads the list page by page."""

    async def read(place: SeriesCursor | None, limit: int) -> Page[SeriesCursor]:
        found, then = await buckets_page(parts.database, chosen, grid, place, limit)
        return Page([dict(zip(names, bucket, strict=False)) for bucket in found], then)

    return read
