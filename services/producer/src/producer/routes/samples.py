"""One random integer, 250 rows, 3,000 points: each answered after the latency that is asked for."""

import asyncio
import secrets
from datetime import UTC, datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Response

from chassis.problems import Problem
from producer.copy import Copy
from producer.errors import NotAcknowledged
from producer.simulate import samples

LATENCY_MS_MAX = 10_000


def sample_routes(copy: Copy) -> APIRouter:
    """`/random-int`, `/table` and `/time-series`."""
    default_ms = copy.settings.sample_latency_ms

    async def latency(
        latency_ms: Annotated[float | None, Query(ge=0, le=LATENCY_MS_MAX, allow_inf_nan=False)] = None,
    ) -> None:
        await asyncio.sleep((default_ms if latency_ms is None else latency_ms) / 1000)

    routes = APIRouter(tags=["samples"], dependencies=[Depends(latency)])

    @routes.get("/random-int")
    async def random_int() -> Response:
        return _answer({"value": samples.one_random_int(secrets.randbits(63))})

    @routes.get("/time-series")
    async def time_series() -> Response:
        return _answer(samples.time_series(secrets.randbits(63), datetime.now(UTC).replace(microsecond=0)))

    @routes.get("/table")
    async def table() -> Response:
        rows = samples.table_sample(secrets.randbits(63))
        records = samples.table_records(rows, secrets.token_hex(16), datetime.now(UTC))
        try:
            async with asyncio.timeout(copy.settings.events.ack_timeout_s):
                delivery = await copy.publisher.publish(copy.topics.rows, records)
                await delivery.acknowledged()
        except (NotAcknowledged, TimeoutError):
            detail = "Kafka has not acknowledged the rows: ask again in a moment"
            raise Problem(503, detail, headers={"Retry-After": "2"}) from None
        return _answer(rows)

    return routes


def _answer(body: object) -> Response:
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), media_type="application/json")
