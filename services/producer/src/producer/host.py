"""This machine's own figures: measured, so never repeated; what could not be published in time is a gap."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid5

import psutil

from contracts.codec import encode_reading, reading_key
from contracts.events import Reading
from producer.simulate.events import Record
from producer.simulate.ids import NAMESPACE

CPU_KINDS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "dpc", "interrupt")
"""As far as the system tells them apart; guests are counted in user already."""


@dataclass(frozen=True)
class Counters:
    """What this machine has done since it was switched on: bytes, CPU seconds; `at_s`: when that was read."""

    at_s: float
    cpu_s: float = 0
    cpu_busy_s: float = 0
    disk_read: float = 0
    disk_written: float = 0
    received: float = 0
    sent: float = 0


def read_counters(at_s: float) -> Counters:
    """The counters now; those that this machine does not have stay 0."""
    disk, network, cpu = psutil.disk_io_counters(), psutil.net_io_counters(), psutil.cpu_times()
    cpu_s = sum(getattr(cpu, kind, 0.0) for kind in CPU_KINDS)
    return Counters(
        at_s,
        cpu_s=cpu_s,
        cpu_busy_s=cpu_s - cpu.idle - getattr(cpu, "iowait", 0.0),
        disk_read=disk.read_bytes if disk else 0,
        disk_written=disk.write_bytes if disk else 0,
        received=network.bytes_recv if network else 0,
        sent=network.bytes_sent if network else 0,
    )


def rates(before: Counters, after: Counters) -> dict[str, float]:
    """What happened between two readings of the counters; never negative, also where a counter began again."""
    cpu_s = max(after.cpu_s - before.cpu_s, 1e-3)
    busy = min(max(after.cpu_busy_s - before.cpu_busy_s, 0) / cpu_s, 1)
    seconds = max(after.at_s - before.at_s, 1e-3)
    moved = {
        "disk_read_bytes_per_s": after.disk_read - before.disk_read,
        "disk_write_bytes_per_s": after.disk_written - before.disk_written,
        "network_received_bytes_per_s": after.received - before.received,
        "network_sent_bytes_per_s": after.sent - before.sent,
    }
    per_s = {category: round(max(count, 0) / seconds, 1) for category, count in moved.items()}
    return {"cpu_percent": round(100 * busy, 1)} | per_s


def levels(disk_path: str) -> dict[str, float]:
    """How full memory and disk are."""
    memory, disk = psutil.virtual_memory(), psutil.disk_usage(disk_path)
    return {
        "memory_percent": float(memory.percent),
        "memory_used_bytes": float(memory.total - memory.available),
        "disk_percent": float(disk.percent),
    }


def host_records(stream: str, run: int, tick: int, time_us: int, figures: dict[str, float]) -> list[Record]:
    """The figures of one second as records.

    Ids are uuid5 of (stream, run, tick, category): two copies that overlap at a takeover count once.
    """
    timestamp = datetime.fromtimestamp(time_us // 1_000_000, UTC)
    return [
        (
            reading_key(stream, category),
            encode_reading(
                Reading(uuid5(NAMESPACE, f"{stream}/{run}/{tick}/{category}"), stream, category, timestamp, value)
            ),
        )
        for category, value in figures.items()
    ]
