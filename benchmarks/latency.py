"""How long after publishing a reading can be seen: in answers of `/processed-data`, and in server-sent events.

The k-th reading of a category is seen with the first answer whose count is k or more. Published is when it was handed
to Kafka's client, by a process of its own; seen is when the answer was whole.
"""

import json
import multiprocessing
import time
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from statistics import median
from uuid import uuid4

import numpy as np
from confluent_kafka import Producer
from tests.support.stack import Stack

from benchmarks.report import Cell, Report, Table
from benchmarks.rounds import WrongResult
from benchmarks.stand import Services, services_on
from benchmarks.usage import Use, watched
from local_stack.ports import HOST

RATES = 100, 1_000, 20_000
CATEGORIES = 10
SECONDS = 8.0
TICK_S = 0.001
ASK_EVERY_S = 0.01
WITHIN_S = 60.0
WARM_UP = 200
"""Readings that are not counted: what a process does for the first time takes longer."""
POINTS = 50, 99, 99.9
WAYS = "/processed-data", "server-sent events"

Seen = list[tuple[float, dict[str, int]]]
"""When an answer came, and how many readings of each category it counts."""


def run(
    stack: Stack, template: str, report: Report, rounds: int, rates: tuple[int, ...] = RATES, seconds: float = SECONDS
) -> None:
    """Each rate in turn, so many times."""
    found: dict[tuple[int, str], list[list[float]]] = {}
    used: dict[int, dict[str, Use]] = {}
    with services_on(stack, template) as services:
        for service in ("processor", "query-api"):
            services.start(service).wait_ready()
        with report.doing("latency: warming up…"):
            measure(services, "first", RATES[0], WARM_UP)
        for number in range(1, rounds + 1):
            for rate in rates:
                with report.doing(f"latency at {rate:,} events/s: round {number} of {rounds}…"):
                    with watched(services.pids) as used[rate]:
                        ways = measure(services, f"at-{rate}-{number}", rate, round(rate * seconds))
                    for way, latencies in zip(WAYS, ways, strict=True):
                        found.setdefault((rate, way), []).append(np.percentile(latencies * 1_000, POINTS).tolist())
    rows = [_row(rate, way, each, used[rate]) for (rate, way), each in found.items()]
    columns = ("published → visible", *(f"p{point:g} ms" for point in POINTS), "p99 min", "p99 max", "CPU s")
    note = (
        f"Medians of {rounds} rounds of {seconds:g} s; {CATEGORIES} categories; a client asks"
        f" /processed-data every {1_000 * ASK_EVERY_S:.0f} ms, another one follows /live."
    )
    report.add(Table("Latency: from published to visible", columns, rows, note))
    for (rate, way), each in found.items():
        report.figures[f"p99 ms at {rate}/s, {way}"] = median(p99 for _, p99, _ in each)


def measure(services: Services, stream: str, rate: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of each reading until it is seen, in either way; raises WrongResult when not exactly all are."""
    port = services.started["query-api"].port
    with ThreadPoolExecutor(2) as threads:
        asking = threads.submit(_ask, port, stream, count)
        listening = threads.submit(_listen, port, stream, count)
        sent = _published(services.stack.kafka_bootstrap, services.topics.readings, stream, rate, count)
        return _latencies(sent, asking.result()), _latencies(sent, listening.result())


def _published(bootstrap: str, topic: str, stream: str, rate: int, count: int) -> np.ndarray:
    """When each reading was published, by a process of its own."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=publish, args=(there, bootstrap, topic, stream, rate, count))
    process.start()
    try:
        return np.frombuffer(here.recv_bytes())
    finally:
        process.join(10)


def publish(pipe, bootstrap: str, topic: str, stream: str, rate: int, count: int) -> None:  # type: ignore[no-untyped-def]
    """Publish at a rate; sends the times back through the pipe."""
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 5, "compression.type": "zstd"})
    producer.list_topics(topic, timeout=10)
    sent = array("d")
    begun = time.perf_counter()
    while len(sent) < count:
        due = min(count, int((time.perf_counter() - begun) * rate) + 1)
        for n in range(len(sent), due):
            now = time.time()
            at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f"{now % 1:.6f}"[1:]
            category = f"c{n % CATEGORIES}"
            value = (
                f'{{"id":"{uuid4()}","stream":"{stream}","category":"{category}","timestamp":"{at}Z","value":{n % 97}}}'
            )
            sent.append(time.perf_counter())
            producer.produce(topic, value, f"{stream}/{category}")
        producer.poll(0)
        time.sleep(TICK_S)
    left = producer.flush(30)
    pipe.send_bytes(sent.tobytes() if not left else b"")


def _ask(port: int, stream: str, count: int) -> Seen:
    """Ask for the aggregates again and again until they count all."""
    connection, path = HTTPConnection(HOST, port), f"/api/v1/processed-data?stream={stream}"

    def answer() -> dict[str, int]:
        time.sleep(ASK_EVERY_S)
        connection.request("GET", path)
        return {line["category"]: line["count"] for line in json.loads(_read(connection.getresponse()))}

    return _until_all(answer, count)


def _listen(port: int, stream: str, count: int) -> Seen:
    """Follow the live updates until they count all."""
    connection = HTTPConnection(HOST, port, timeout=WITHIN_S)
    connection.request("GET", f"/api/v1/live?stream={stream}")
    response = connection.getresponse()
    windows: dict[tuple[str, str], int] = {}

    def answer() -> dict[str, int]:
        line = response.readline()
        if line.startswith(b"data: ["):
            for each in json.loads(line[6:]):
                if "window_start" in each:
                    windows[each["category"], each["window_start"]] = each["count"]
        totals: dict[str, int] = {}
        for (category, _), number in windows.items():
            totals[category] = totals.get(category, 0) + number
        return totals

    return _until_all(answer, count)


def _read(response: HTTPResponse) -> bytes:
    body = response.read()
    if response.status != 200:
        raise RuntimeError(f"the query API answers {response.status}: {body[:300]!r}")
    return body


def _until_all(answer: Callable[[], dict[str, int]], count: int) -> Seen:
    seen: Seen = []
    ends = time.perf_counter() + WITHIN_S + count / min(RATES)
    while True:
        counts = answer()
        now = time.perf_counter()
        seen.append((now, counts))
        if sum(counts.values()) >= count:
            return seen
        if now > ends:
            raise WrongResult(f"{sum(counts.values())} of {count} readings can be seen")


def _latencies(sent: np.ndarray, seen: Seen) -> np.ndarray:
    """Seconds until each reading is seen, by category."""
    if sum(seen[-1][1].values()) != len(sent):
        raise WrongResult(f"{sum(seen[-1][1].values())} readings can be seen of {len(sent)} that were published")
    times = np.array([at for at, _ in seen])
    found = []
    for number in range(CATEGORIES):
        published = sent[number::CATEGORIES]
        counts = np.array([counts.get(f"c{number}", 0) for _, counts in seen])
        found.append(times[np.searchsorted(counts, np.arange(1, len(published) + 1))] - published)
    return np.concatenate(found)


def _row(rate: int, way: str, rounds: list[list[float]], used: dict[str, Use]) -> list[Cell]:
    middle = [median(each) for each in zip(*rounds, strict=True)]
    p99 = [each[1] for each in rounds]
    cpu = ", ".join(f"{name} {use.cpu_s:.1f}" for name, use in used.items())
    return [f"{rate:,} events/s, {way}", *middle, min(p99), max(p99), cpu]
