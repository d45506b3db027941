"""Lets raw data go that was kept long enough; windows and quarters stay.

First the horizon moves: every claim holds it, and nothing older is taken from then on. Then each month before it is
counted, booked and dropped in one transaction. Whatever is killed in between, the next look goes on there.
"""

import asyncpg
import structlog

log = structlog.get_logger("processor")

LOOK_EVERY_S = 60.0
MONTH_WITHIN_S = 3_600
"""Within this a month of raw data is counted and dropped."""


class Retention:
    """Any number of copies may do so at once."""

    def __init__(self, pool: asyncpg.Pool, keep_days: int) -> None:
        self._pool = pool
        self._keep_days = keep_days

    async def look(self) -> None:
        """Let go what is due now."""
        if kept_from := await self._pool.fetchval("SELECT move_raw_horizon($1)", self._keep_days):
            log.info("raw data is kept from here on, all partitions are claimed anew", kept_from=kept_from.isoformat())
        while month := await self._drop_month():
            log.info("a month of raw data is gone", table=month)

    async def _drop_month(self) -> str | None:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(f"SET LOCAL statement_timeout = '{MONTH_WITHIN_S}s'")
            dropped: str | None = await connection.fetchval("SELECT drop_raw_month()", timeout=MONTH_WITHIN_S)
            return dropped
