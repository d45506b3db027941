"""One producer copy beside librdkafka's own producer with the same settings, and how well it keeps a rate.

Both are timed by Kafka: from the append time of the first record to that of the last one. Ours also makes the events;
librdkafka gets them ready-made.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import httpx
import psutil
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from rich.console import Console
from rich.table import Table
from tests.support import databases
from tests.support.processes import ServiceProcess
from tests.support.stack import Stack
from tests.support.waiting import until

from benchmarks.stand import fresh_topics
from contracts.topics import Topics
from producer.settings import PublishSettings
from producer.simulate.generate import generate
from producer.simulate.simulation import simulation
from producer.spec import Spec

SPEC = {"profile": "sensor", "rate": 1000, "seed": 1, "start_time": "2026-01-05T00:00:00Z"}
RATES = (100, 1_000, 10_000, 50_000, 100_000)
RATE_SECONDS = 5
READY_MADE = 100_000
"""Records that librdkafka publishes again and again: making more would only fill memory."""


def run(stack: Stack, template: str, count: int, rounds: int, console: Console) -> None:
    """Measure in interleaved rounds and print two tables."""
    ours, theirs, peaks = [], [], []
    for number in range(1, rounds + 1):
        with console.status(f"producer: round {number} of {rounds}…"):
            theirs.append(_librdkafka(stack, count))
            with _producer(stack, template) as (copy, topics):
                _run_stream(copy, "full", {**SPEC, "count": count})
                ours.append(_appended_per_s(stack, topics.readings, count))
                peaks.append(psutil.Process(copy.pid).memory_info().rss)
    with console.status("producer: rates…"):
        kept = [_kept_rate(stack, template, rate) for rate in RATES]
    _show(console, count, median(ours), median(theirs), max(peaks), kept)


def _show(console: Console, count: int, ours: float, theirs: float, peak: int, kept: list[float]) -> None:
    table = Table(title=f"publishing {count:,} readings, acks=all, idempotent, zstd", title_justify="left")
    for heading in ("", "events/s", "producer ÷ it"):
        table.add_column(heading, justify="left" if not heading else "right")
    table.add_row("librdkafka's producer, ready-made records", f"{theirs:,.0f}", f"{ours / theirs:.2f}")
    table.add_row("producer, one stream at full speed", f"{ours:,.0f}", "1")
    console.print(table)
    console.print(f"producer: peak memory {peak / 1e6:.0f} MB")
    table = Table(title=f"rates, kept over {RATE_SECONDS} s", title_justify="left")
    for heading in ("asked for, events/s", "published", "off by"):
        table.add_column(heading, justify="right")
    for asked, rate in zip(RATES, kept, strict=True):
        table.add_row(f"{asked:,}", f"{rate:,.1f}", f"{100 * (rate / asked - 1):+.2f} %")
    console.print(table)


@contextmanager
def _producer(stack: Stack, template: str) -> Iterator[tuple[ServiceProcess, Topics]]:
    """A producer copy on a database and topics of its own."""
    topics = fresh_topics(stack)
    with databases.copy_of(stack, template) as database, tempfile.TemporaryDirectory() as folder:
        env = {
            "TIDELINE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
            "TIDELINE_TOPIC_PREFIX": topics.prefix,
            "TIDELINE_POSTGRES_DSN": database.producer_dsn,
            **{f"TIDELINE_BUILT_IN__{name}": "false" for name in ("HOST", "DEMO", "PRICES")},
        }
        copy = ServiceProcess("producer", env, Path(folder))
        try:
            yield copy.wait_ready(), topics
        finally:
            copy.terminate()


def _run_stream(copy: ServiceProcess, stream: str, spec: dict[str, object]) -> None:
    """Start it and wait until it is complete."""
    with httpx.Client(base_url=copy.url, trust_env=False, timeout=10) as http:
        http.post("/streams", json={"id": stream, **spec}).raise_for_status()
        until(lambda: http.get(f"/streams/{stream}").json()["state"] == "completed", 300, every_s=0.2)


def _kept_rate(stack: Stack, template: str, rate: int) -> float:
    with _producer(stack, template) as (copy, topics):
        _run_stream(copy, "live", {"profile": "sensor", "seed": 1, "rate": rate, "duration": RATE_SECONDS})
        return _appended_per_s(stack, topics.readings, rate * RATE_SECONDS)


def _librdkafka(stack: Stack, count: int) -> float:
    topics, settings = fresh_topics(stack), PublishSettings()
    stream = simulation(
        "full", 1, round(datetime(2026, 1, 5, tzinfo=UTC).timestamp()) * 1_000_000, Spec.model_validate(SPEC)
    )
    records = generate(stream, 0, min(count, READY_MADE))
    producer = Producer(
        {
            "bootstrap.servers": stack.kafka_bootstrap,
            "acks": "all",
            "enable.idempotence": True,
            "compression.type": "zstd",
            "batch.size": settings.batch_bytes,
            "linger.ms": settings.linger_ms,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 500_000,
        }
    )
    for n in range(count):
        key, value = records[n % len(records)]
        while True:
            try:
                producer.produce(topics.readings, value, key)
                break
            except BufferError:
                producer.poll(0.01)
        if n % 1_000 == 0:
            producer.poll(0)
    if left := producer.flush(60):
        raise RuntimeError(f"{left} of {count} readings were not published")
    return _appended_per_s(stack, topics.readings, count)


def _appended_per_s(stack: Stack, topic: str, count: int) -> float:
    """Records per second between the first and the last append time in the topic."""
    consumer = Consumer({"bootstrap.servers": stack.kafka_bootstrap, "group.id": "bench", "enable.auto.commit": False})
    try:
        times, found = [], 0
        for partition in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
            found += high - low
            ends = {low, high - 1} if high > low else set()
            times += [_message(consumer, topic, partition, offset).timestamp()[1] for offset in ends]
    finally:
        consumer.close()
    if found != count:
        raise RuntimeError(f"{found} records are in the topic instead of {count}")
    return 1000 * (count - 1) / (max(times) - min(times))


def _message(consumer: Consumer, topic: str, partition: int, offset: int) -> Message:
    consumer.assign([TopicPartition(topic, partition, offset)])
    found = until(lambda: consumer.poll(0.2), 10, f"the record at {topic}/{partition}/{offset}")
    if found is None:
        raise RuntimeError(f"Kafka has no record at {topic}/{partition}/{offset}")
    return found
