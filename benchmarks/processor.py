"""The processor on a full topic: events per second up to committed windows, CPU and memory."""

import time
from dataclasses import dataclass

import asyncpg
import psutil
from tests.support.processes import ServiceProcess

TAKEN = "SELECT coalesce(sum(accepted + duplicate + rejected), 0)::int8 FROM offsets"


@dataclass(frozen=True)
class Run:
    """One measured run."""

    events_per_s: float
    cpu_s: float
    peak_bytes: int


async def measure(processor: ServiceProcess, dsn: str, count: int) -> Run:
    """Watch a started processor take `count` records."""
    process, peak, first = psutil.Process(processor.pid), 0, None
    connection = await asyncpg.connect(dsn)
    try:
        while True:
            taken, now = await connection.fetchval(TAKEN), time.perf_counter()
            peak = max(peak, process.memory_info().rss)
            if taken and first is None:
                first = (taken, now)
                cpu_before = sum(process.cpu_times()[:2])
            if taken >= count and first is not None:
                break
    finally:
        await connection.close()
    cpu = sum(process.cpu_times()[:2]) - cpu_before
    return Run((taken - first[0]) / (now - first[1]), cpu, peak)
