"""Sets dead letters aside where somebody wished it, deletes old ones where a setting says so, and counts the open ones.

Beside the loop, in bounded steps; any number of copies may do so at once.
"""

import time

import asyncpg
import structlog

from processor.metrics import Metrics
from processor.sql import statement

log = structlog.get_logger("processor")

LOOK_EVERY_S = 1.0
COUNT_EVERY_S = 15.0
"""Also how often old letters are looked for."""
LETTERS_A_STEP = 1_000


class LetterUpkeep:
    """`keep_days`: 0 keeps dead letters for good."""

    def __init__(self, pool: asyncpg.Pool, metrics: Metrics, keep_days: int) -> None:
        self._pool = pool
        self._metrics = metrics
        self._keep_days = keep_days
        self._count_at = 0.0

    async def look(self) -> None:
        """Do what is due now."""
        while await self._discard():
            pass
        if time.monotonic() < self._count_at:
            return
        self._count_at = time.monotonic() + COUNT_EVERY_S
        while self._keep_days and await self._delete_old():
            pass
        self._metrics.count_open(dict(map(tuple, await self._pool.fetch(statement("count_open_letters")))))

    async def _discard(self) -> bool:
        """One step; false when nothing was wished. One that was replayed meanwhile stays so."""
        wished = await self._pool.fetch(statement("wished_discards"), LETTERS_A_STEP)
        if wished:
            ids, *columns = [list(column) for column in zip(*wished, strict=True)]
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(statement("discard_letters"), *columns)
                await connection.execute(statement("discards_done"), ids)
            log.info("dead letters discarded", count=len(wished))
        return bool(wished)

    async def _delete_old(self) -> bool:
        """One step, booked in `removed`; false when nothing is left. One that is to be sent again stays."""
        async with self._pool.acquire() as connection, connection.transaction():
            old = await connection.fetch(statement("hold_old_letters"), self._keep_days, LETTERS_A_STEP)
            if not old:
                return False
            # A statement of its own: it sees the replays that were asked for until the letters were held.
            removed = await connection.fetch(statement("remove_letters"), *map(list, zip(*old, strict=True)))
        log.info("old dead letters deleted", count=sum(row["rows"] for row in removed))
        return bool(removed)
