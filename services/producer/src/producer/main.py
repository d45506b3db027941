"""Starts a producer copy, keeps it going while Kafka or Postgres come and go, and stops it in order."""

import asyncio
import os
import signal

import structlog

from chassis.logs import set_up_logging
from chassis.server import Server, listen, refuse_strangers
from chassis.settings import load_settings
from producer.app import make_app
from producer.copy import Copy
from producer.metrics import Metrics
from producer.readiness import Readiness
from producer.settings import ProducerSettings

log = structlog.get_logger("producer")


async def main() -> int:
    """Run until SIGTERM or SIGINT; the exit code. A second signal ends the process at once."""
    settings = load_settings(ProducerSettings, "producer")
    set_up_logging(settings.log, settings.name)
    refuse_strangers(settings.http_host, settings.trusted_network)
    socket = listen(settings.http_host, settings.http_port)
    copy = Copy(settings, Readiness(), Metrics())
    server = Server(make_app(copy))
    serving = asyncio.create_task(server.serve([socket]))
    stop = _stop_on_signals()
    working = asyncio.create_task(copy.run(stop))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopped, serving}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    server.stop()
    try:
        await working
    finally:
        await serving
    log.info("stopped")
    return 0


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()

    def asked() -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked)
    return stop
