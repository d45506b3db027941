"""Seeded readings for the benchmarks, and a topic full of them."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from confluent_kafka import Producer

START = datetime(2026, 1, 5, tzinfo=UTC)
STREAMS, CATEGORIES = 10, 10


def wire_readings(count: int, seed: int = 1) -> Iterator[tuple[bytes, bytes]]:
    """(key, value): 100 series, one reading a second each, in order of time."""
    rng = random.Random(seed)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    series = [(f"line-{s}", f"sensor-{c}") for s in range(STREAMS) for c in range(CATEGORIES)]
    for n in range(count):
        stream, category = series[n % len(series)]
        at = start + timedelta(seconds=n // len(series), milliseconds=n % 1000)
        text = (
            f'{{"id":"{UUID(int=rng.getrandbits(128))}","stream":"{stream}","category":"{category}",'
            f'"timestamp":"{at.isoformat(timespec="milliseconds")[:23]}Z","value":{rng.gauss(20, 5):.4f}}}'
        )
        yield f"{stream}/{category}".encode(), text.encode()


def fill(bootstrap: str, topic: str, count: int) -> None:
    """Publish so many readings with librdkafka and wait until Kafka has them."""
    options = {"linger.ms": 50, "batch.size": 1_000_000, "compression.type": "zstd", "acks": "all"}
    producer = Producer({"bootstrap.servers": bootstrap, "queue.buffering.max.messages": 500_000, **options})
    for n, (key, value) in enumerate(wire_readings(count)):
        producer.produce(topic, value, key)
        if n % 1_000 == 0:
            producer.poll(0)
            while len(producer) > 400_000:
                producer.poll(0.1)
    if left := producer.flush(60):
        raise RuntimeError(f"{left} of {count} readings were not published")
