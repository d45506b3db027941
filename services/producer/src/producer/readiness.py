"""Whether this copy can do its work: asked of Kafka and Postgres in the background, answered from memory."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from producer.errors import in_words

Check = Callable[[], Coroutine[Any, Any, object]]


class Readiness:
    """Reasons why this copy is not ready, by what is missing."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {"postgres": "not connected yet", "kafka": "not connected yet"}

    async def keep_checking(self, name: str, check: Check, every_s: float, timeout_s: float) -> None:
        """Ask one dependency again and again; whatever it raises is a reason, and so is silence.

        A check that hangs is waited for: a stopped server gets one question, not a heap of them.
        """
        while True:
            task = asyncio.create_task(check())
            try:
                while not (await asyncio.wait({task}, timeout=timeout_s))[0]:
                    self.reasons[name] = f"no answer within {timeout_s:g} s"
            finally:
                task.cancel()
            error = asyncio.CancelledError() if task.cancelled() else task.exception()
            if error:
                self.reasons[name] = in_words(error)
            else:
                self.reasons.pop(name, None)
            await asyncio.sleep(every_s)

    def troubles(self) -> list[str]:
        """The reasons in words; empty when ready."""
        return [f"{name}: {reason}" for name, reason in sorted(self.reasons.items())]
