"""What the same machine can do at most, on the same data: consume and nothing else, COPY and nothing else."""

import asyncio
import time
from io import BytesIO
from uuid import UUID

import asyncpg
import msgspec
import numpy as np
from aiokafka import AIOKafkaConsumer, TopicPartition
from tests.support import databases
from tests.support.stack import Stack

from benchmarks.load import Load, wire
from benchmarks.rounds import Run, WrongResult
from benchmarks.stand import servers
from benchmarks.usage import watched

BATCH = 10_000
EPOCH = np.datetime64("2000-01-01", "us")
_HEADER, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_ROW = np.dtype([
    ("f", ">i2"), ("a", ">i4"), ("series", ">i4"), ("b", ">i4"), ("at", ">i8"),
    ("c", ">i4"), ("id", "S16"), ("d", ">i4"), ("v", ">f8"),
])  # fmt: skip


class Reading(msgspec.Struct, gc=False):
    """The fields of a reading, as they are on the wire."""

    id: str
    stream: str
    category: str
    timestamp: str
    value: float


def consume(stack: Stack, topic: str, count: int, *, decode: bool) -> Run:
    """A bare aiokafka consumer, in this process; with `decode` each value becomes a struct, and nothing more."""
    with watched(servers(stack)) as used:
        cpu, seconds = time.process_time(), asyncio.run(_consume(stack.kafka_bootstrap, topic, count, decode))
        cpu = time.process_time() - cpu
    return Run(count / seconds, {"client": used["Kafka"]._replace(cpu_s=cpu, peak_bytes=0), **used} if used else {})


async def _consume(bootstrap: str, topic: str, count: int, decode: bool) -> float:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    decoded = msgspec.json.Decoder(Reading).decode
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, n) for n in range(6)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        taken, begun = 0, time.perf_counter()
        while taken < count:
            records = await consumer.getmany(timeout_ms=1_000, max_records=BATCH)
            for part in records.values():
                taken += len([decoded(record.value) for record in part]) if decode else len(part)
        return time.perf_counter() - begun
    finally:
        await consumer.stop()


def copy(stack: Stack, template: str, images: list[bytes], count: int, *, keyed: bool) -> Run:
    """COPY of ready binary rows, into the raw table with its key or into one of the same columns without any."""
    with databases.copy_of(stack, template) as database, watched(servers(stack)) as used:
        seconds = asyncio.run(_copy(database.owner_dsn, images, count, keyed))
    return Run(count / seconds, used)


async def _copy(dsn: str, images: list[bytes], count: int, keyed: bool) -> float:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SELECT ensure_raw_partitions(ARRAY[now() - interval '2 days', now()])")
        await connection.execute("CREATE TABLE keyless (series_id int4, timestamp timestamptz, id uuid, value float8)")
        table = "raw_readings" if keyed else "keyless"
        begun = time.perf_counter()
        for image in images:
            await connection.copy_to_table(table, source=BytesIO(image), format="binary")
        seconds = time.perf_counter() - begun
        found = await connection.fetchval(f"SELECT count(*) FROM {table}")
    finally:
        await connection.close()
    if found != count:
        raise WrongResult(f"{found} rows instead of {count}")
    return seconds


def images(load: Load, *, ordered: bool) -> list[bytes]:
    """The rows of a load in the format of binary COPY, 10,000 each, sorted by key where `ordered`."""
    numbers: dict[tuple[str, str], int] = {}
    decode = msgspec.json.Decoder(Reading).decode
    readings = [decode(value) for _, value, _ in wire(load)]
    image = np.zeros(len(readings), _ROW)
    image["f"], image["a"], image["b"], image["c"], image["d"] = 4, 4, 8, 16, 8
    image["series"] = [numbers.setdefault((r.stream, r.category), len(numbers)) for r in readings]
    image["at"] = (np.array([r.timestamp[:-1] for r in readings], "M8[us]") - EPOCH).astype(np.int64)
    image["id"], image["v"] = [UUID(r.id).bytes for r in readings], [r.value for r in readings]
    batches = [image[start : start + BATCH] for start in range(0, len(image), BATCH)]
    if ordered:
        batches = [batch[np.lexsort((batch["at"], batch["series"]))] for batch in batches]
    return [_HEADER + batch.tobytes() + _END for batch in batches]
