"""`GET /api/v1/lag`: how far the processors are behind, partition by partition."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from query_api.answers import Listing, Page, Read, answer
from query_api.formats import Columns, Line
from query_api.lag import Lag, total
from query_api.lines import LagLine, columns
from query_api.openapi import listed
from query_api.paging import PartitionCursor
from query_api.parameters import Listed
from query_api.parts import Parts

TOTALS = {
    "Tideline-Records-Behind": "records_behind",
    "Tideline-Seconds-Behind": "seconds_behind",
    "Tideline-In-Per-S": "in_per_s",
    "Tideline-Out-Per-S": "out_per_s",
    "Tideline-Trend": "trend",
    "Tideline-Drain-S": "drain_s",
}


def router(parts: Parts, lag: Lag) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["Proof"])

    @routes.get("/api/v1/lag", summary="Lag", **described())
    async def show_lag(request: Request, query: Annotated[Listed, Query()]) -> Response:
        """How far processing is behind the end of each partition, whether it grows, and when it will be gone.

        Told by Postgres (what is visible) and Kafka (what is there), at most a second old; rates are those of the last
        half minute. 503 while Kafka is away. Totals are in the headers; one that is not known is missing.
        """
        lines = await lag.lines(parts.now())
        sums = {name: value for name, field in TOTALS.items() if (value := total(lines)[field]) is not None}
        headers = {name: str(value) for name, value in sums.items()}
        listing = Listing(
            Columns(columns(LagLine)), _reader(lines), query.place(request, PartitionCursor), headers=headers
        )
        return await answer(request, parts, query, parts.settings.limits.rows_default, listing)

    return routes


def described() -> dict[str, Any]:
    """What the route says about its answers, the totals among them."""
    found = listed(LagLine, ranged=False)
    text = {"schema": {"type": "string"}}
    totals = {name: {"description": f"`{field}` of all partitions."} | text for name, field in TOTALS.items()}
    found["responses"][200]["headers"] |= totals
    return found


def _reader(lines: list[Line]) -> Read[PartitionCursor]:
    async def read(place: PartitionCursor | None, limit: int) -> Page[PartitionCursor]:
        beyond = (place.topic, place.partition) if place else ("", -1)
        found = [line for line in lines if (line["topic"], line["partition"]) > beyond]
        page = found[:limit]
        if len(found) <= limit:
            return Page(page)
        return Page(page, PartitionCursor(topic=page[-1]["topic"], partition=page[-1]["partition"]))

    return read
