"""JSON-lines logging for our own code and for the libraries, one object per line, control characters escaped."""

import logging
import sys
import time

import structlog

from chassis.settings import LogSettings

NOISY = ("aiokafka", "faststream", "httpx", "httpcore", "asyncio", "uvicorn")
SAME_LINE_EVERY_S = 10.0
TEXT_MAX = 10_000
"""Longest text in a line: whoever sends more does not fill the disk with it."""


def set_up_logging(settings: LogSettings, service: str) -> None:
    """Send every log line of this process to standard output in the chosen format; call once, at start."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        bounded,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    handler.addFilter(Seldom())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    for name in NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.contextvars.bind_contextvars(service=service)


def bounded(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The event with its long texts cut."""
    for name, value in event.items():
        if isinstance(value, str) and len(value) > TEXT_MAX:
            event[name] = value[:TEXT_MAX] + "…"
    return event


class Seldom(logging.Filter):
    """Of the noisy libraries, one line of a kind (logger and message, without its values) in ten seconds.

    While a broker is away aiokafka writes about a hundred lines a second that all say the same.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last_s: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        if record.name.partition(".")[0] not in NOISY:
            return True
        kind, now_s = (record.name, str(record.msg)), time.monotonic()
        if now_s - self._last_s.get(kind, -SAME_LINE_EVERY_S) < SAME_LINE_EVERY_S:
            return False
        if len(self._last_s) > 1000:
            self._last_s.clear()
        self._last_s[kind] = now_s
        return True
