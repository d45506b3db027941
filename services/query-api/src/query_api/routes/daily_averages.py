"""`GET /api/v1/daily-averages`: one average per series and local day."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from query_api.answers import Listing, Page, Read, answer, nothing, range_headers
from query_api.buckets import Days, local_days
from query_api.formats import Columns
from query_api.lines import DayLine, columns
from query_api.openapi import listed
from query_api.paging import SeriesCursor, decode, question_of
from query_api.parameters import DaysQuery
from query_api.parts import Parts
from query_api.points import check_days
from query_api.ranges import Range, parse_dates
from query_api.read import Bucket, Chosen, buckets_page
from query_api.routes.dates import DateRoute


def router(parts: Parts) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["Data"], route_class=DateRoute)

    @routes.get("/api/v1/daily-averages", summary="Daily averages", **listed(DayLine, 400))
    async def daily_averages(request: Request, query: Annotated[DaysQuery, Query()]) -> Response:
        """One line per series and day that has data, both dates included, in the days of `tz`.

        Days have their real length (23, 24 or 25 hours where clocks change), and a window belongs to the day on
        which it starts. `complete` is false until the day is over.
        """
        zone, (first, last) = parts.zone(query.tz), parse_dates(query.start_date, query.end_date)
        check_days(first, last, parts.settings.limits)
        question = question_of(request.url.path, request.query_params.multi_items())
        place = decode(query.cursor, SeriesCursor, question)
        days = local_days(zone, first, last)
        read: Read[SeriesCursor] = nothing
        headers = {"Tideline-Zone": zone.key}
        if days.dates:
            headers |= range_headers(Range(days.grid.bounds[0], days.grid.bounds[-1]))
            read = reader(parts, query.chosen(), days, parts.now(), question)
        listing = Listing(Columns(columns(DayLine)), read, place, headers)
        return await answer(request, parts, query, parts.settings.limits.rows_default, listing)

    return routes


def reader(parts: Parts, chosen: Chosen, days: Days, now: datetime, question: str) -> Read[SeriesCursor]:
    """Reads the list page by page."""

    async def read(place: SeriesCursor | None, limit: int) -> Page[SeriesCursor]:
        after = (place.stream, place.category, place.bucket) if place else ("", "", -1)
        found = await buckets_page(parts.database, chosen, days.grid, after, limit + 1)
        lines = [_line(bucket, days, now) for bucket in found[:limit]]
        if len(found) <= limit:
            return Page(lines)
        (_, stream, category), number, _ = found[limit - 1]
        return Page(lines, SeriesCursor(question=question, stream=stream, category=category, bucket=number))

    return read


def _line(bucket: Bucket, days: Days, now: datetime) -> dict[str, Any]:
    expected, present = days.minutes[bucket.number], bucket.facts["minutes"]
    return (
        {"date": days.dates[bucket.number], "stream": bucket.series.stream, "category": bucket.series.category}
        | {name: bucket.facts[name] for name in ("avg_value", "min", "max", "count")}
        | {"minutes_expected": expected, "minutes_present": present, "coverage": present / expected}
        | {"complete": days.ends[bucket.number] <= now}
    )
