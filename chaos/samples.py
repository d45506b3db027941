"""What a run costs over time: memory and open files of every process, and how far the processors are behind."""

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import Any

import asyncpg
import psutil
from confluent_kafka import Consumer, KafkaException, TopicPartition

from chaos.ground import Ground

EVERY_S = 5.0
NEXT = "SELECT topic, partition, next_offset FROM offsets WHERE topic = ANY ($1)"
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError)


@dataclass(frozen=True)
class Trend:
    """One process's figures from its first sample after warming up to its last."""

    name: str
    hours: float
    first_mb: float
    last_mb: float
    peak_mb: float
    mb_per_hour: float
    """Slope of the least-squares line; 0 where there is too little to tell."""
    files_first: int
    files_last: int


async def take_samples(ground: Ground, begun_at: float, samples: list[dict[str, Any]]) -> None:
    """Look every five seconds until cancelled."""
    while True:
        found: dict[str, Any] = {"at_s": round(time.monotonic() - begun_at, 1), "processes": {}}
        for name, pid in ground.crew.pids.items():
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                rss, files = process.memory_info().rss, process.num_fds()
                found["processes"][name] = {"pid": pid, "rss": rss, "files": files}
        found["lag"] = await lag(ground)
        samples.append(found)
        await asyncio.sleep(EVERY_S)


async def lag(ground: Ground) -> int | None:
    """Records that Kafka has and Postgres has not taken; None while one of them is away."""
    try:
        ends = await asyncio.to_thread(log_ends, ground)
        connection = await asyncpg.connect(ground.database.owner_dsn, timeout=3, command_timeout=5)
    except (KafkaException, *AWAY):
        return None
    try:
        lines = await connection.fetch(NEXT, [ground.topics.readings, ground.topics.rows])
    except AWAY:
        return None
    finally:
        connection.terminate()
    reached = {(line["topic"], line["partition"]): line["next_offset"] for line in lines}
    return sum(end - int(reached.get(place, 0)) for place, end in ends.items())


def log_ends(ground: Ground) -> dict[tuple[str, int], int]:
    """The end of every partition of both topics; raises KafkaException while Kafka is away."""
    consumer = Consumer({"bootstrap.servers": ground.stack.kafka_bootstrap, "group.id": "chaos-ends", "log_level": 0})
    try:
        ends = {}
        for topic in (ground.topics.readings, ground.topics.rows):
            for partition in consumer.list_topics(topic, timeout=5).topics[topic].partitions:
                ends[topic, partition] = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=5)[1]
        return ends
    finally:
        consumer.close()


def trends(samples: list[dict[str, Any]], warm_s: float) -> list[Trend]:
    """The longest life of each process, its first `warm_s` seconds left out where it has more."""
    lives: dict[tuple[str, int], list[tuple[float, int, int]]] = {}
    for sample in samples:
        for name, figures in sample["processes"].items():
            life = lives.setdefault((name, figures["pid"]), [])
            life.append((sample["at_s"], figures["rss"], figures["files"]))
    longest: dict[str, list[tuple[float, int, int]]] = {}
    for (name, _), life in lives.items():
        longest[name] = max(longest.get(name, []), life, key=len)
    return [_trend(name, life, warm_s) for name, life in sorted(longest.items())]


def _trend(name: str, life: list[tuple[float, int, int]], warm_s: float) -> Trend:
    warm = [line for line in life if line[0] >= life[0][0] + warm_s] or life
    hours, megabytes = [line[0] / 3600 for line in warm], [line[1] / 1e6 for line in warm]
    middle, mean = sum(hours) / len(hours), sum(megabytes) / len(megabytes)
    spread = sum((at - middle) ** 2 for at in hours)
    slope = (
        sum((at - middle) * (mb - mean) for at, mb in zip(hours, megabytes, strict=True)) / spread if spread else 0.0
    )
    return Trend(
        name, hours[-1] - hours[0], megabytes[0], megabytes[-1], max(megabytes), slope, warm[0][2], warm[-1][2]
    )
