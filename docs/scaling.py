"""The tables of docs/scaling.md, computed from what was measured: change the figures here, then `make docs`."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

DAY_S = 86_400
RATES = (100_000, 1_000_000, 10_000_000)
BUSY = 0.6
"""Of a core, for good: the rest is for catching up, vacuum and backups."""
POSTGRES_CORES = 32
WAL_MB_PER_S = 250
"""What one disk of a large server takes for good; assumed, not measured."""
KAFKA_DAYS, KAFKA_COPIES = 7, 3
WINDOW_BYTES = 199
"""A window at rest, key included; there are 16 for each 15 minutes of a series, one of them the quarter."""


@dataclass(frozen=True)
class Measured:
    """What one reading costs. CPU in µs on one core, the rest in bytes."""

    name: str
    processor_us: float
    postgres_us: float
    kafka_us: float
    wal: int
    raw: int
    in_kafka: int

    @property
    def most_per_s(self) -> float:
        """What one Postgres of that size takes."""
        return min(POSTGRES_CORES * BUSY * 1e6 / self.postgres_us, WAL_MB_PER_S * 1e6 / self.wal)


MANY = Measured("many readings a window", 2.5, 1.6, 0.1, 184, 156, 38)
ONE = Measured("one reading a window", 4.0, 5.8, 0.5, 437, 126, 39)
KINDS = (MANY, ONE)


def tables() -> str:
    """The measured figures, and what they come to at each rate."""
    return _measured() + "\n" + _rates()


def _measured() -> str:
    lines: dict[str, list[float]] = {
        "CPU of a processor, µs": [each.processor_us for each in KINDS],
        "CPU of Postgres, µs": [each.postgres_us for each in KINDS],
        "CPU of Kafka, µs": [each.kafka_us for each in KINDS],
        "bytes in `raw_readings`, key included": [each.raw for each in KINDS],
        "bytes of WAL": [each.wal for each in KINDS],
        "bytes in Kafka, one copy (zstd)": [each.in_kafka for each in KINDS],
    }
    head = f"| one reading costs | {' | '.join(each.name for each in KINDS)} |\n|---|---|---|\n"
    return head + "".join(f"| {what} | {' | '.join(map(str, costs))} |\n" for what, costs in lines.items())


def _rates() -> str:
    head = "| readings a second | " + " | ".join(f"10{_up(rate)}" for rate in RATES) + " |\n|---|---|---|---|\n"
    lines = {
        "processors, one core each": [_span(ceil(r * k.processor_us / 1e6 / BUSY) for k in KINDS) for r in RATES],
        "partitions of `readings`": [str(_partitions(rate)) for rate in RATES],
        "cores of Postgres": [_span(ceil(rate * k.postgres_us / 1e6 / BUSY) for k in KINDS) for rate in RATES],
        "WAL, MB/s": [_span(round(rate * k.wal / 1e6) for k in KINDS) for rate in RATES],
        f"Postgres servers of {POSTGRES_CORES} cores": [
            _span(ceil(rate / k.most_per_s) for k in KINDS) for rate in RATES
        ],
        "raw readings, TB a day": [_tb(rate * MANY.raw * DAY_S) for rate in RATES],
        "windows of a series each second, TB a day": [_tb(rate * 1_440 * 16 / 15 * WINDOW_BYTES) for rate in RATES],
        f"Kafka, {KAFKA_DAYS} days and {KAFKA_COPIES} copies, TB": [
            _tb(rate * ONE.in_kafka * DAY_S * KAFKA_DAYS * KAFKA_COPIES) for rate in RATES
        ],
    }
    return head + "".join(f"| {what} | {' | '.join(cells)} |\n" for what, cells in lines.items())


def _partitions(rate: int) -> int:
    """Twice as many as the most processors, in dozens: they divide well, and leave room to grow."""
    return 12 * ceil(2 * rate * ONE.processor_us / 1e6 / BUSY / 12)


def _span(numbers: Iterable[int]) -> str:
    low, high = numbers
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _tb(size: float) -> str:
    return f"{size / 1e12:,.2g}" if size < 1e13 else f"{size / 1e12:,.0f}"


def _up(rate: int) -> str:
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(len(str(rate)) - 1))
