"""Work that is done again and again for as long as the process lives."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from producer.away import AWAY
from producer.bounded import error_of
from producer.run import pause

log = structlog.get_logger("repeat")


class Repeat:
    """Calls an action every so often, at once when `wake` is set. Nothing that it raises ends it."""

    def __init__(self, name: str, action: Callable[[], Coroutine[Any, Any, None]], every_s: float) -> None:
        self.wake = asyncio.Event()
        self._name = name
        self._action = action
        self._every_s = every_s
        self._trouble = ""

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            self.wake.clear()
            self._note(await error_of(self._action()))
            await pause(self.wake, self._every_s)

    def _note(self, error: BaseException | None) -> None:
        """One line when trouble begins, changes or ends, not one a round."""
        trouble = f"{type(error).__name__}: {error}" if error else ""
        if trouble and trouble != self._trouble:
            expected = isinstance(error, (*AWAY, asyncio.CancelledError))
            log.warning(f"{self._name}: trying again", error=trouble, exc_info=None if expected else error)
        elif self._trouble and not trouble:
            log.info(f"{self._name}: going on")
        self._trouble = trouble
