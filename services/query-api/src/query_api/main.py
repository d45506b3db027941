"""Builds the service and runs it until it is told to stop."""

import asyncio
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from zoneinfo import available_timezones

from fastapi import Depends, FastAPI

from chassis.logs import set_up_logging
from chassis.problems import add_problem_handlers
from chassis.server import Server, listen, refuse_strangers
from chassis.settings import load_settings
from contracts.events import Limits
from contracts.topics import Topics
from query_api.access import Access
from query_api.admission import Admission
from query_api.audit.deep import DeepSettings
from query_api.audit.run import Audit
from query_api.compression import Compression
from query_api.dashboard import Assets
from query_api.database import Database
from query_api.edge import Edge
from query_api.errors import add_query_handlers
from query_api.head import Head
from query_api.kafka import Kafka
from query_api.lag import Lag
from query_api.live import Live
from query_api.metrics import Measured, Metrics
from query_api.openapi import document, operation_id
from query_api.parameters import given_once
from query_api.parts import Parts
from query_api.producer import Producer
from query_api.routes import (
    audit,
    batches,
    daily_averages,
    dashboard,
    dead_letters,
    docs,
    events,
    follow,
    home,
    ingestion,
    lag,
    letter_wishes,
    live,
    prices,
    processed_data,
    raw_data,
    raw_rows,
    samples,
    series,
    service,
    session,
    streams,
)
from query_api.settings import QueryApiSettings

DESCRIPTION = """Readings as they were accepted, windows per minute and longer steps, and daily averages.

Lists are bare JSON lists; what is about a list travels in headers (`Link` to the next page, `Tideline-Start` and
`Tideline-End` for the range used). CSV and NDJSON (`format=` or `Accept`) stream the whole range. Times are RFC 3339
in UTC. Every error is `application/problem+json`."""

GRACEFUL_S = 1
"""What answers under way have at a stop, before they are broken off: endless and long ones end themselves."""


def build_app(
    settings: QueryApiSettings,
    database: Database,
    stopping: asyncio.Event,
    now: Callable[[], datetime],
) -> FastAPI:
    """The application with all routes and layers."""
    producer = Producer(settings.producer_url, settings.producer)
    app = FastAPI(
        title="Tideline",
        version="0.1.0",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        lifespan=producer.open,
        dependencies=[Depends(given_once)],
    )
    metrics = Metrics()
    parts = Parts(settings, database, now, stopping, frozenset(available_timezones()))
    access = Access(settings)
    with_key = [Depends(access)]
    for resource in (series, raw_data, raw_rows, processed_data, daily_averages, prices, follow, dead_letters):
        app.include_router(resource.router(parts), dependencies=with_key)
    for controlled in (streams, batches, samples, letter_wishes):
        app.include_router(controlled.router(parts, producer), dependencies=with_key)
    for passed_on in (events, ingestion):
        app.include_router(passed_on.router(producer), dependencies=with_key)
    kafka, topics = Kafka(settings), Topics(settings.topic_prefix)
    app.include_router(lag.router(parts, Lag(database, kafka, topics)), dependencies=with_key)
    audits = Audit(database, kafka, *_audited(settings, topics))
    app.include_router(audit.router(parts, audits), dependencies=with_key)
    app.include_router(live.router(Live(database, settings.live, stopping)), dependencies=with_key)
    app.include_router(home.router(parts, access))
    app.include_router(service.router(parts, metrics.registry, metrics.ready, access))
    app.include_router(session.router(access, settings.session, settings.public_url))
    app.include_router(docs.router())
    app.include_router(dashboard.router(parts))
    app.mount("/assets", Assets(settings.dashboard_dir / "assets"))
    add_problem_handlers(app)
    add_query_handlers(app)
    app.openapi = partial(document, app, access)  # type: ignore[method-assign]
    app.add_middleware(Admission, settings=settings, access=access)
    app.add_middleware(Compression, minimum_size=1000, compresslevel=4)
    app.add_middleware(Edge, limits=settings.limits, stopping=stopping)
    app.add_middleware(Measured, metrics=metrics)
    app.add_middleware(Head)
    return app


def _audited(settings: QueryApiSettings, topics: Topics) -> tuple[DeepSettings, int]:
    """What an audit goes by, and the milliseconds that a check has."""
    deep = DeepSettings(topics, Limits(**settings.validity.model_dump()), settings.audit.deep_s)
    return deep, round(settings.audit.statement_s * 1_000)


async def main() -> int:
    """Run the service; 0 after a stop that was asked for. Raises StartError when it cannot run."""
    settings = load_settings(QueryApiSettings, "query-api")
    set_up_logging(settings.log, "query-api")
    refuse_strangers(settings.http_host, settings.trusted_network or bool(settings.api_keys))
    sock = listen(settings.http_host, settings.http_port)
    stopping = asyncio.Event()
    database = Database(settings)
    app = build_app(settings, database, stopping, partial(datetime.now, UTC))
    server = Server(app, stopping, graceful_s=GRACEFUL_S)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, server.stop)
    connecting = asyncio.create_task(database.connect())
    connecting.add_done_callback(lambda task: None if task.cancelled() or not task.exception() else server.stop())
    try:
        await server.serve(sockets=[sock])
    finally:
        connecting.cancel()
        await database.close()
    await _reraise(connecting)
    return 0


async def _reraise(connecting: asyncio.Task[None]) -> None:
    """Raise what ended the connecting, if it was no cancellation: it is why the service stopped."""
    await asyncio.wait([connecting])
    if not connecting.cancelled() and (error := connecting.exception()):
        raise error
