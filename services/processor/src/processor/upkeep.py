"""What is done beside the loop, again and again."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger("processor")


async def repeat(what: str, look: Callable[[], Awaitable[None]], every_s: float) -> None:
    """Look, pause, look again, until cancelled. A look that fails, or is cancelled, has rolled back its step."""
    while True:
        try:
            await look()
        except Exception as error:  # whatever it was: the next look goes on there
            log.warning(f"{what} goes on later", error=repr(error))
        await asyncio.sleep(every_s)
