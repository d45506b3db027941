"""FastStream, a handler for one message: insert the reading, and if it is new add it to its minute, in one transaction.

usage: python -m benchmarks.peers.one_at_a_time <bootstrap> <topic> <group> <dsn> <folder, not used>
"""

import asyncio
import sys
from datetime import datetime
from uuid import UUID

import asyncpg
from faststream import FastStream
from faststream.kafka import KafkaBroker
from pydantic import BaseModel

INSERT = "INSERT INTO readings VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING true"
UPSERT = """
INSERT INTO minutes AS m VALUES ($1, $2, $3, 1, $4, $4, $4) ON CONFLICT (stream, category, minute) DO UPDATE SET
    count = m.count + 1, sum = m.sum + $4, min = least(m.min, $4), max = greatest(m.max, $4)
"""


class Reading(BaseModel):
    """An event."""

    id: UUID
    stream: str
    category: str
    timestamp: datetime
    value: float


async def main(bootstrap: str, topic: str, group: str, dsn: str, _folder: str) -> None:
    """Run until SIGTERM."""
    broker = KafkaBroker(bootstrap)
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=2)

    @broker.subscriber(topic, group_id=group, auto_offset_reset="earliest", session_timeout_ms=6_000)
    async def handle(reading: Reading) -> None:
        async with pool.acquire() as connection, connection.transaction():
            key = (reading.stream, reading.category)
            if await connection.fetchval(INSERT, *key, reading.timestamp, reading.id, reading.value):
                minute = reading.timestamp.replace(second=0, microsecond=0)
                await connection.execute(UPSERT, *key, minute, reading.value)

    await FastStream(broker).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
