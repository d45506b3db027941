"""FastStream, a handler for batches: `executemany` of the readings, then of the minutes summed up in Python.

`executemany` does not tell which readings were new, so a batch that comes twice is in its minutes twice.

usage: python -m benchmarks.peers.in_batches <bootstrap> <topic> <group> <dsn> <folder, not used>
"""

import asyncio
import sys
from datetime import datetime

import asyncpg
from faststream import FastStream
from faststream.kafka import KafkaBroker

from benchmarks.peers.one_at_a_time import Reading

BATCH = 5_000
INSERT = "INSERT INTO readings VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
UPSERT = """
INSERT INTO minutes AS m VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (stream, category, minute) DO UPDATE SET
    count = m.count + excluded.count, sum = m.sum + excluded.sum,
    min = least(m.min, excluded.min), max = greatest(m.max, excluded.max)
"""


async def main(bootstrap: str, topic: str, group: str, dsn: str, _folder: str) -> None:
    """Run until SIGTERM."""
    broker = KafkaBroker(bootstrap)
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=2)

    @broker.subscriber(
        topic,
        batch=True,
        max_records=BATCH,
        group_id=group,
        auto_offset_reset="earliest",
        session_timeout_ms=6_000,
    )
    async def handle(readings: list[Reading]) -> None:
        minutes: dict[tuple[str, str, datetime], list[float]] = {}
        for each in readings:
            key = (each.stream, each.category, each.timestamp.replace(second=0, microsecond=0))
            minutes.setdefault(key, []).append(each.value)
        rows = [(each.stream, each.category, each.timestamp, each.id, each.value) for each in readings]
        lines = [(*key, len(values), sum(values), min(values), max(values)) for key, values in minutes.items()]
        async with pool.acquire() as connection, connection.transaction():
            await connection.executemany(INSERT, rows)
            await connection.executemany(UPSERT, sorted(lines))

    await FastStream(broker).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
