"""What bad records cost: the processor on a topic of which one record in twenty is refused, beside a clean one."""

import asyncio
from itertools import cycle
from statistics import median

from confluent_kafka import Producer
from rich.console import Console
from tests.support import databases
from tests.support.malformed import MALFORMED
from tests.support.stack import Stack

from benchmarks import load, processor
from benchmarks.stand import fresh_topics, running

ONE_IN = 20
LONGEST = 1_000
"""Those of a mebibyte measure the network."""


def run(stack: Stack, template: str, readings: int, rounds: int, console: Console) -> None:
    """Measure both, in turns, and print the ratio."""
    clean, bad = fresh_topics(stack), fresh_topics(stack)
    with console.status(f"publishing {readings:,} records twice…"):
        load.fill(stack.kafka_bootstrap, clean.readings, readings)
        fill(stack.kafka_bootstrap, bad.readings, readings)
    rates: dict[str, list[float]] = {clean.prefix: [], bad.prefix: []}
    for number in range(1, rounds + 1):
        for topics in (clean, bad):
            with (
                console.status(f"round {number} of {rounds}…"),
                databases.copy_of(stack, template) as database,
                running(stack, database, topics) as process,
            ):
                measured = asyncio.run(processor.measure(process, database.owner_dsn, readings))
                rates[topics.prefix].append(measured.events_per_s)
    without, with_bad = (median(rates[topics.prefix]) for topics in (clean, bad))
    console.print(
        f"{readings:,} records: clean {without:,.0f} a second, {100 / ONE_IN:g} % refused {with_bad:,.0f},"
        f" {with_bad / without:.2f} of it"
    )


def fill(bootstrap: str, topic: str, count: int) -> None:
    """Publish so many records, one in twenty of them refused for one of the curated reasons."""
    values = [c.value for c in MALFORMED if c.topic == "readings" and not c.headers and len(c.value or b"") < LONGEST]
    wrong = cycle(values)
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 50, "compression.type": "zstd", "acks": "all"})
    for n, (key, value) in enumerate(load.wire_readings(count)):
        producer.produce(topic, next(wrong) if n % ONE_IN == 0 else value, key)
        if n % 1_000 == 0:
            producer.poll(0)
            while len(producer) > 50_000:
                producer.poll(0.1)
    if left := producer.flush(60):
        raise RuntimeError(f"{left} of {count} records were not published")
