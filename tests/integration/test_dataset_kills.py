"""kill -9 at random points of a dataset's life: what Kafka and Postgres have in the end is the file, row by row."""

import asyncio
import gzip
import json
import random
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid5

import pytest
from confluent_kafka import Consumer, TopicPartition
from tests.support.databases import Database
from tests.support.datasets import ask, control, kept_rows, product, published_rows, settings
from tests.support.fixtures import StartService
from tests.support.hostile import Reply, Request, serving
from tests.support.pipeline import taken
from tests.support.processes import ServiceProcess
from tests.support.stack import Stack
from tests.support.streams import row, until_state
from tests.support.waiting import until, until_async

from contracts.topics import Topics
from producer.simulate.ids import NAMESPACE

ROWS = 2000
SEED = 20_261_121
QUICK = {
    "TIDELINE_STREAMS__LEASE_S": "1.1",
    "TIDELINE_STREAMS__POLL_S": "0.05",
    "TIDELINE_PUBLISH__CHUNK_EVENTS": "2",  # so that there is a middle to kill it in
    "TIDELINE_PUBLISH__CHUNKS_IN_FLIGHT": "1",
}
PIECES = 100
"""That a file is sent in."""


def table(count: int) -> bytes:
    lines = [f"{product(n)['timestamp']},M-{n % 3},{n},{'true' if n % 2 else 'false'}\n" for n in range(count)]
    return ("timestamp,machine,count,good\n" + "".join(lines)).encode()


def cells(number: int) -> dict[str, Any]:
    """What a row of the table is kept as."""
    made = product(number)
    return {"timestamp": made["timestamp"], "machine": f"M-{number % 3}", "count": number, "good": number % 2 == 1}


FILES: dict[str, tuple[bytes, Callable[[int], dict[str, Any]]]] = {
    "array": (json.dumps([product(n) for n in range(ROWS)]).encode(), product),
    "lines": (b"".join(json.dumps(product(n)).encode() + b"\n" for n in range(ROWS)), product),
    "table": (gzip.compress(table(ROWS), mtime=0), cells),
}


class Dripping:
    """A server that sends a file piece by piece, and calls `kill` once when it has sent what is at `kill_at`."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._tag = f'"{sha256(content).hexdigest()[:16]}"'
        self.kill_at: int | None = None
        self.kill: Callable[[], None] = lambda: None

    async def __call__(self, request: Request, reply: Reply) -> None:
        begin = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        at, size = int(begin[1]) if begin else 0, len(self._content)
        about = {"Content_Range": f"bytes {at}-{size - 1}/{size}"} if begin else {}
        await reply.head(206 if begin else 200, Content_Length=size - at, ETag=self._tag, **about)
        step = size // PIECES
        for start in range(at, size, step):
            piece = self._content[start : start + step]
            await reply.send(piece)
            await asyncio.sleep(0.001)
            if self.kill_at is not None and start + len(piece) > self.kill_at:
                self.kill_at = None
                self.kill()


class Watermarks:
    """How many records topic `rows` has, asked often."""

    def __init__(self, stack: Stack, topic: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": stack.kafka_bootstrap, "group.id": "test-watermarks"})
        partitions = self._consumer.list_topics(topic, timeout=10).topics[topic].partitions
        self._partitions = [TopicPartition(topic, partition) for partition in partitions]

    def count(self) -> int:
        return sum(self._consumer.get_watermark_offsets(partition, timeout=10)[1] for partition in self._partitions)

    def close(self) -> None:
        self._consumer.close()


@pytest.fixture
def watermarks(stack: Stack, topics: Topics) -> Iterator[Watermarks]:
    opened = Watermarks(stack, topics.rows)
    yield opened
    opened.close()


async def test_killed_at_random_points_it_ends_with_exactly_the_rows_of_the_file(
    stack: Stack,
    database: Database,
    topics: Topics,
    start_service: StartService,
    watermarks: Watermarks,
    tmp_path: Path,
) -> None:
    rng = random.Random(SEED)
    start_service("processor")
    env = settings(tmp_path) | QUICK
    kills: list[str] = []
    for name, (content, as_kept) in FILES.items():
        server = Dripping(content)
        with serving(server) as source:
            kills += await ingest_under_kills(
                rng,
                name,
                source.url(),
                server,
                lambda: start_service("producer", **env),
                watermarks,
                database,
                tmp_path / "spool",
            )
            assert 1 < len(source.requests) <= 4, "it was resumed after a kill, and not asked for when it was there"
            assert all("range" in request.headers for request in source.requests[1:])
        assert len(set(published_rows(stack.kafka_bootstrap, topics.rows, name))) == ROWS
        await taken(database, watermarks.count())
        kept = await kept_rows(database.owner_dsn, name)
        assert [(number, data) for number, _, data in kept] == [(n, as_kept(n)) for n in range(ROWS)]
    assert len(kills) == 21
    assert set(published_rows(stack.kafka_bootstrap, topics.rows, "array")) == {
        (n, str(uuid5(NAMESPACE, f"array/{n}/{sha256(json.dumps(product(n)).encode()).hexdigest()}")))
        for n in range(ROWS)
    }


async def ingest_under_kills(
    rng: random.Random,
    name: str,
    url: str,
    server: Dripping,
    start: Callable[[], ServiceProcess],
    watermarks: Watermarks,
    database: Database,
    spool: Path,
) -> list[str]:
    """Ask for a dataset; kill the producer thrice while it pulls, thrice while it publishes, and after the last row.

    Answers where it was killed.
    """
    kills: list[str] = []
    size = len(FILES[name][0])
    for offset in sorted(rng.sample(range(size // 20, size * 9 // 10), 3)):
        copy = start()
        server.kill_at, server.kill = offset, copy.kill
        if not kills:
            async with control(copy.wait_ready()) as http:
                assert (await ask(http, url, name)).status_code == 201
        until(lambda died=copy: died.exit_code is not None, 40, f"{name} is killed at byte {offset}")
        kills.append(f"{name}: byte {offset}")
    for step in [rng.randrange(1, ROWS // 8) for _ in range(3)]:
        begun, copy = watermarks.count(), start()
        until(lambda count=begun + step: watermarks.count() >= count, 40, f"{name}: {step} more rows", every_s=0)
        copy.kill()
        assert (await row(database.producer_dsn, name))["state"] == "running", "it was over before it could be killed"
        kills.append(f"{name}: {step} more rows")
    begun, rest = watermarks.count(), ROWS - (await row(database.producer_dsn, name))["position"]
    copy = start()

    async def last_row() -> bool:
        """Also where the copy before stored its place after it was asked for."""
        return watermarks.count() >= begun + rest or (await row(database.producer_dsn, name))["position"] == ROWS

    await until_async(last_row, 40, f"{name}: the last row", every_s=0)
    copy.kill()
    kills.append(f"{name}: after the last row")
    copy = start()
    found = await until_state(database.producer_dsn, name, ["completed", "failed"])
    assert (found["state"], found["position"]) == ("completed", ROWS), found["reason"]
    until(lambda: not [path for path in spool.rglob("*") if path.is_file()], 40, f"the file of {name} is deleted")
    copy.kill()
    return kills
