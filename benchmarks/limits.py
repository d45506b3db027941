"""What the same machine can do at most, on the same data: consume and nothing else, COPY and nothing else."""

import asyncio
import json
import time
from io import BytesIO
from uuid import UUID

import asyncpg
import numpy as np
from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.load import wire_readings

BATCH = 10_000
_HEADER, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_ROW = np.dtype([
    ("f", ">i2"), ("a", ">i4"), ("series", ">i4"), ("b", ">i4"), ("at", ">i8"),
    ("c", ">i4"), ("id", "S16"), ("d", ">i4"), ("v", ">f8"),
])  # fmt: skip


async def consume(bootstrap: str, topic: str, count: int) -> float:
    """Seconds that a bare aiokafka consumer takes for the topic's records."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, n) for n in range(6)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        taken, begun = 0, time.perf_counter()
        while taken < count:
            records = await consumer.getmany(timeout_ms=1_000, max_records=BATCH)
            taken += sum(map(len, records.values()))
        return time.perf_counter() - begun
    finally:
        await consumer.stop()


async def copy(dsn: str, count: int) -> float:
    """Seconds that bare COPYs of ready binary rows into the keyed raw table take, each batch sorted by key."""
    images = await asyncio.to_thread(_images, count)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SELECT ensure_raw_partitions(ARRAY[now() - interval '2 days', now()])")
        begun = time.perf_counter()
        for image in images:
            await connection.copy_to_table("raw_readings", source=BytesIO(image), format="binary")
        seconds = time.perf_counter() - begun
        assert await connection.fetchval("SELECT count(*) FROM raw_readings") == count
        return seconds
    finally:
        await connection.close()


def _images(count: int) -> list[bytes]:
    image = np.zeros(count, _ROW)
    image["f"], image["a"], image["b"], image["c"], image["d"] = 4, 4, 8, 16, 8
    for n, (_, value) in enumerate(wire_readings(count)):
        fields = json.loads(value)
        image["series"][n] = n % 100
        image["at"][n] = np.datetime64(fields["timestamp"][:-1], "us").astype(np.int64) - 946_684_800_000_000
        image["id"][n], image["v"][n] = UUID(fields["id"]).bytes, fields["value"]
    batches = [image[start : start + BATCH] for start in range(0, count, BATCH)]
    return [_HEADER + batch[np.lexsort((batch["at"], batch["series"]))].tobytes() + _END for batch in batches]
