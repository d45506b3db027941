"""`GET /prices/average`: the average price of each day."""

from datetime import UTC, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from query_api import formats
from query_api.answers import range_headers, single
from query_api.formats import Columns
from query_api.lines import PriceLine, columns
from query_api.openapi import listed
from query_api.parameters import PricesQuery
from query_api.parts import Parts
from query_api.points import check_days
from query_api.ranges import Range, parse_dates
from query_api.read import prices_by_day
from query_api.routes.dates import DateRoute


def router(parts: Parts) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["Data"], route_class=DateRoute)

    @routes.get("/prices/average", summary="Average prices", **listed(PriceLine, 400))
    async def average(request: Request, query: Annotated[PricesQuery, Query()]) -> Response:
        """The average of stream `prices` on each UTC day that has data, both dates included."""
        first, last = parse_dates(query.start_date, query.end_date)
        check_days(first, last, parts.settings.limits)
        start, end = (datetime.combine(day, time.min, UTC) for day in (first, last + timedelta(days=1)))
        lines = [dict(day) for day in await prices_by_day(parts.database, start, end, query.category)]
        form, headers = formats.wanted(query.format, request.headers.get("accept")), range_headers(Range(start, end))
        return single(request, form, formats.page(form, lines, Columns(columns(PriceLine))), headers)

    return routes
