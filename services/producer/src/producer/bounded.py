"""Bounds for what ignores cancellation: clients hang or raise anything in their clean-up while their server is away."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger("bounded")

CANCEL_S = 0.5


async def error_of(work: Coroutine[Any, Any, Any]) -> BaseException | None:
    """Run it in a task of its own; what it raised, also where the cancellation came from inside a client."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task})
    finally:
        task.cancel()
    return asyncio.CancelledError() if task.cancelled() else task.exception()


async def in_time(work: Coroutine[Any, Any, Any], timeout_s: float) -> bool:
    """Run it in a task of its own, cancelled and then left behind when it takes too long; whether it succeeded."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=timeout_s)
    finally:
        task.cancel()
    if not task.done():
        await asyncio.wait({task}, timeout=CANCEL_S)
    if not task.done() or task.cancelled():
        return False
    if error := task.exception():
        log.debug("failed", error=repr(error))
    return error is None
