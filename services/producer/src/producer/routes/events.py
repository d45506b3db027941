"""Events over HTTP."""

import asyncio
import secrets
from datetime import UTC, datetime

import orjson
from fastapi import APIRouter, Request, Response

from chassis.bodies import read_body
from chassis.problems import Problem
from contracts.events import Limits
from producer.accept import Invalid, Valid, read_lines
from producer.copy import Copy
from producer.errors import NotAcknowledged

JSON = "application/json"
NDJSON = "application/x-ndjson"
RETRY_AFTER = {"Retry-After": "2"}


def event_routes(copy: Copy) -> APIRouter:
    """`POST /events`: one event as JSON, or many as NDJSON."""
    routes = APIRouter(tags=["events"])
    settings, limits = copy.settings.events, Limits(**copy.settings.validity.model_dump())

    @routes.post("/events", status_code=202)
    async def publish_events(request: Request) -> Response:
        kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
        if kind not in (JSON, NDJSON):
            raise Problem(415, f"send one event as {JSON}, or one a line as {NDJSON}")
        body = await read_body(request, settings.body_bytes_max)
        if kind == NDJSON and _count_lines(body) > settings.lines_max:
            limit = f"more than {settings.lines_max} lines (setting events.lines_max)"
            raise Problem(413, f"the body must not have {limit}: send it in parts")
        now = datetime.now(UTC)
        lines = read_lines(body, kind == NDJSON, f"http/{secrets.token_hex(16)}", now, limits)
        valid = [line for line in lines if isinstance(line, Valid)]
        if not valid:
            raise _nothing_valid([line for line in lines if isinstance(line, Invalid)])
        await _publish(copy, valid, settings.ack_timeout_s)
        return Response(orjson.dumps([line.answer() for line in lines]), 202, media_type=JSON)

    return routes


def _count_lines(body: bytes) -> int:
    return body.count(b"\n") + (not body.endswith(b"\n"))


async def _publish(copy: Copy, events: list[Valid], timeout_s: float) -> None:
    """Returns when Kafka has acknowledged every event; else a Problem 503 that names those it has not."""
    if trouble := copy.readiness.reasons.get("kafka"):
        raise Problem(503, f"Kafka is away ({trouble}): nothing was published, send it again", headers=RETRY_AFTER)
    sent = [False] * len(events)
    try:
        async with asyncio.timeout(timeout_s):
            await copy.publisher.send_each(copy.topics.readings, [event.record() for event in events], sent)
    except (NotAcknowledged, TimeoutError):
        late = [event.answer() for event, there in zip(events, sent, strict=True) if not there]
        errors = [{"parameter": f"line {event['line']}", "message": _send_again(event)} for event in late]
        detail = f"Kafka has not acknowledged {len(late)} of {len(events)} valid events: send those of `errors` again"
        raise Problem(503, detail, errors=errors, headers=RETRY_AFTER) from None


def _send_again(event: dict[str, object]) -> str:
    return f"may arrive later; with id {event['id']} and timestamp {event['timestamp']} it is counted once"


def _nothing_valid(refused: list[Invalid]) -> Problem:
    errors = [{"parameter": f"line {line.line}", "message": f"{line.reason}: {line.detail}"} for line in refused]
    reasons = ", ".join(sorted({line.reason for line in refused}))
    return Problem(422, f"no valid event: {reasons}" if refused else "the body holds no event", errors=errors)
