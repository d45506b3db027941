"""One producer copy beside librdkafka's own producer with the same settings, and how well it keeps a rate.

Both are timed by Kafka: from the append time of the first record to that of the last one. Ours also makes the events;
librdkafka gets them ready-made, from a loop in Python.
"""

from datetime import UTC, datetime

import httpx
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from tests.support.processes import ServiceProcess
from tests.support.stack import Stack
from tests.support.waiting import until

from benchmarks.report import Cell, Report, Table, spread
from benchmarks.rounds import Contestant, Run, WrongResult, in_rounds, ratio, speeds
from benchmarks.stand import fresh_topics, services_on
from benchmarks.usage import watched
from producer.settings import PublishSettings
from producer.simulate.generate import generate
from producer.simulate.simulation import simulation
from producer.spec import Spec

SPEC = {"profile": "sensor", "rate": 1000, "seed": 1, "start_time": "2026-01-05T00:00:00Z"}
RATES = (100, 1_000, 10_000, 50_000, 100_000)
RATE_SECONDS = 5
READY_MADE = 100_000
"""Records that librdkafka publishes again and again: making more would only fill memory."""


def run(stack: Stack, template: str, report: Report, rounds: int, count: int = 1_000_000) -> None:
    """One stream at full speed beside librdkafka."""
    theirs, ours = "librdkafka's producer, ready-made records", "producer, one stream at full speed"
    contestants: dict[str, Contestant] = {
        theirs: lambda: _librdkafka(stack, count),
        ours: lambda: _full_speed(stack, template, count),
    }
    runs = in_rounds(report, rounds, contestants)
    title = f"Producer: {count:,} readings, acks=all, idempotent, zstd, events/s"
    report.add(speeds(title, runs, ours, "Both timed by Kafka: from the first append to the last."))
    report.figures["producer ÷ librdkafka"] = ratio(runs[ours], runs[theirs])


def rates(stack: Stack, template: str, report: Report, rounds: int) -> None:
    """How well a rate is kept."""
    rows: list[list[Cell]] = []
    for rate in RATES:
        with report.doing(f"producer at {rate:,} events/s…"):
            low, kept, high = spread([_kept_rate(stack, template, rate) for _ in range(rounds)])
        rows.append([f"{rate:,}", low, kept, high, f"{100 * (kept / rate - 1):+.2f} %"])
    columns = ("asked for, events/s", "min", "median", "max", "off by")
    report.add(Table(f"Producer: rates, kept over {RATE_SECONDS} s", columns, rows))


def _full_speed(stack: Stack, template: str, count: int) -> Run:
    with services_on(stack, template) as services:
        copy = services.start("producer").wait_ready()
        with watched(services.pids) as used:
            _run_stream(copy, "full", {**SPEC, "count": count})
        return Run(_appended_per_s(stack, services.topics.readings, count), used)


def _run_stream(copy: ServiceProcess, stream: str, spec: dict[str, object]) -> None:
    """Start it and wait until it is complete."""
    with httpx.Client(base_url=copy.url, trust_env=False, timeout=10) as http:
        http.post("/streams", json={"id": stream, **spec}).raise_for_status()
        until(lambda: http.get(f"/streams/{stream}").json()["state"] == "completed", 300, every_s=0.2)


def _kept_rate(stack: Stack, template: str, rate: int) -> float:
    with services_on(stack, template) as services:
        live = {"profile": "sensor", "seed": 1, "rate": rate, "duration": RATE_SECONDS}
        _run_stream(services.start("producer").wait_ready(), "live", live)
        return _appended_per_s(stack, services.topics.readings, rate * RATE_SECONDS)


def _librdkafka(stack: Stack, count: int) -> Run:
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
    return Run(_appended_per_s(stack, topics.readings, count))


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
        raise WrongResult(f"{found} records are in the topic instead of {count}")
    return 1000 * (count - 1) / (max(times) - min(times))


def _message(consumer: Consumer, topic: str, partition: int, offset: int) -> Message:
    consumer.assign([TopicPartition(topic, partition, offset)])
    found = until(lambda: consumer.poll(0.2), 10, f"the record at {topic}/{partition}/{offset}")
    if found is None:
        raise RuntimeError(f"Kafka has no record at {topic}/{partition}/{offset}")
    return found
