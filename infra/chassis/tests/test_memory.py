"""What is freed goes back to the system."""

import asyncio
import ctypes

import psutil
import pytest
from tests.support.waiting import until_async

from chassis.memory import give_back_freed

MB = 1_000_000


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this libc has no malloc_trim")
async def test_pages_between_small_things_that_live_on_are_given_back() -> None:
    resident = psutil.Process().memory_info
    many = [bytes(2_000) for _ in range(50_000)]
    kept = many[::100]
    before = resident().rss
    del many
    assert resident().rss > before - 50 * MB  # what the process had to keep so far
    giving = asyncio.create_task(give_back_freed(0.01))

    async def given() -> bool:
        return resident().rss < before - 50 * MB

    await until_async(given, 5, "memory is given back")
    giving.cancel()
    assert len(kept) == 500
