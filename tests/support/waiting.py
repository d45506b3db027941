"""Wait for a condition, with a limit; no test sleeps."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], within_s: float = 10.0, what: str = "", every_s: float = 0.05) -> T:
    """Ask again and again; returns the first true answer, fails the test when there is none in time."""
    deadline = time.monotonic() + within_s
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:g} s: {what or condition}; the last answer was {answer!r}")
        time.sleep(every_s)
    return answer


async def until_async(
    condition: Callable[[], Awaitable[T]], within_s: float = 10.0, what: str = "", every_s: float = 0.05
) -> T:
    """The same for a condition that is awaited."""
    deadline = time.monotonic() + within_s
    while not (answer := await condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:g} s: {what or condition}; the last answer was {answer!r}")
        await asyncio.sleep(every_s)
    return answer
