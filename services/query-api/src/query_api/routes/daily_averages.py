"""`GET /api/v1/daily-averages`: one average per series and local day."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from asyncpg import Record
from fastapi import APIRouter, Query, Request, Response

from query_api.answers import Listing, Page, Read, answer, nothing
from query_api.buckets import Day, Days, local_days
from query_api.formats import Columns, Line
from query_api.lines import DayLine, columns
from query_api.openapi import listed
from query_api.paging import SeriesCursor
from query_api.parameters import DaysQuery
from query_api.parts import Parts
from query_api.points import check_days
from query_api.ranges import EVERYTHING, Range, parse_dates
from query_api.read import Chosen, buckets_page
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
        place = query.place(request, SeriesCursor)
        days = local_days(zone, first, last)
        read: Read[SeriesCursor] = nothing
        used = EVERYTHING
        if days.days:
            used = Range(days.grid.bounds[0], days.grid.bounds[-1])
            read = reader(parts, query.chosen(), days, parts.now())
        listing = Listing(Columns(columns(DayLine)), read, place, used, {"Tideline-Zone": zone.key})
        return await answer(request, parts, query, parts.settings.limits.rows_default, listing)

    return routes


def reader(parts: Parts, chosen: Chosen, days: Days, now: datetime) -> Read[SeriesCursor]:
    """Reads the list page by page."""

    async def read(place: SeriesCursor | None, limit: int) -> Page[SeriesCursor]:
        found, then = await buckets_page(parts.database, chosen, days.grid, place, limit, minutes=True)
        return Page([_line(bucket, days.days, now) for bucket in found], then)

    return read


def _line(bucket: Record, days: Mapping[datetime, Day], now: datetime) -> Line:
    stream, category, average, count, _sum, low, high, _last, start, minutes, *_ = bucket
    day = days[start]
    return {
        "date": day.date,
        "stream": stream,
        "category": category,
        "avg_value": average,
        "min": low,
        "max": high,
        "count": count,
        "minutes_expected": day.minutes,
        "minutes_present": minutes,
        "coverage": minutes / day.minutes,
        "complete": day.end <= now,
    }
