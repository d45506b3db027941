"""Seeded readings, a topic full of them, and what Postgres must hold of them, counted without code of the services."""

import json
import math
import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle

from confluent_kafka import Producer
from tests.support.malformed import MALFORMED

Window = tuple[str, str, str]
"""Stream, category and minute (`2026-01-05T00:00`)."""
AMONG_LAST = 10_000
"""A duplicate repeats one of so many records before it."""
LONGEST = 1_000
"""Bad records of a mebibyte measure the network."""
PER_STREAM = 10


@dataclass(frozen=True)
class Load:
    """What a topic holds."""

    readings: int
    """Records, those that are repeated or bad included."""
    series: int = 300
    """Each has a reading a second."""
    duplicates: float = 0.0
    """The share that is sent a second time."""
    invalid: float = 0.0
    late: float = 0.0
    """The share that is up to an hour older than its neighbours."""


@dataclass
class Tally:
    """What the records of a topic amount to."""

    records: int = 0
    accepted: int = 0
    refused: int = 0
    ids: int = 0
    """All accepted ids by exclusive or: a lost one and one too many show."""
    windows: "dict[Window, array[float]]" = field(default_factory=dict)

    def add(self, value: bytes, seen: set[int]) -> None:
        """One record that is valid."""
        reading = json.loads(value)
        number = int(reading["id"].replace("-", ""), 16)
        if number in seen:
            return
        seen.add(number)
        self.accepted += 1
        self.ids ^= number
        key = (reading["stream"], reading["category"], reading["timestamp"][:16])
        self.windows.setdefault(key, array("d")).append(reading["value"])

    def lines(self) -> dict[Window, tuple[int, float, float, float]]:
        """count, sum, min, max of each window."""
        return {key: (len(each), math.fsum(each), min(each), max(each)) for key, each in self.windows.items()}


def wire(load: Load, seed: int = 1) -> Iterator[tuple[bytes, bytes, bool]]:
    """(key, value, valid) in order of time but for the late ones."""
    rng = random.Random(seed)
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(days=2)
    series = [(f"line-{n // PER_STREAM}", f"sensor-{n % PER_STREAM}") for n in range(load.series)]
    keys = [f"{stream}/{category}".encode() for stream, category in series]
    bad = cycle(_bad_values())
    recent: list[tuple[bytes, bytes, bool]] = []
    chance = load.duplicates + load.invalid + load.late
    for n in range(load.readings):
        luck = rng.random() if chance else 1.0
        if luck < load.duplicates and recent:
            yield recent[rng.randrange(len(recent))]
            continue
        which = n % load.series
        if load.duplicates <= luck < load.duplicates + load.invalid:
            yield keys[which], next(bad), False
            continue
        at = start + timedelta(seconds=n // load.series, milliseconds=n % 1000)
        if luck < chance and load.late:
            at -= timedelta(seconds=rng.randrange(3_600))
        made = keys[which], _text(rng, *series[which], at), True
        if load.duplicates:
            recent[n % AMONG_LAST : n % AMONG_LAST + 1] = [made]
        yield made


def fill(bootstrap: str, topic: str, load: Load) -> Tally:
    """Publish with librdkafka, each once and in order, wait until Kafka has all, and tell what they amount to."""
    options = {"linger.ms": 50, "batch.size": 1_000_000, "compression.type": "zstd", "enable.idempotence": True}
    producer = Producer({"bootstrap.servers": bootstrap, "queue.buffering.max.messages": 500_000, **options})
    tally, seen = Tally(), set[int]()
    for n, (key, value, valid) in enumerate(wire(load)):
        producer.produce(topic, value, key)
        if valid:
            tally.add(value, seen)
        else:
            tally.refused += 1
        if n % 1_000 == 0:
            producer.poll(0)
            while len(producer) > 400_000:
                producer.poll(0.1)
    if left := producer.flush(60):
        raise RuntimeError(f"{left} of {load.readings} readings were not published")
    tally.records = load.readings
    return tally


def _text(rng: random.Random, stream: str, category: str, at: datetime) -> bytes:
    h = f"{rng.getrandbits(128):032x}"
    return (
        f'{{"id":"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}","stream":"{stream}","category":"{category}",'
        f'"timestamp":"{at.isoformat(timespec="milliseconds")[:23]}Z","value":{rng.gauss(20, 5):.4f}}}'
    ).encode()


def _bad_values() -> list[bytes]:
    plain = (case for case in MALFORMED if case.topic == "readings" and not case.headers)
    return [case.value for case in plain if case.value is not None and len(case.value) < LONGEST]
