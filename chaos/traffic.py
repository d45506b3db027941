"""What goes through the pipeline while faults last: simulated streams, and an outside publisher of another make."""

import json
import random
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from confluent_kafka import KafkaException, Producer
from tests.support.malformed import MALFORMED, Malformed
from tests.support.streams import add_simulation

from chaos.ground import Ground

PAUSE_S = 0.05

Place = tuple[str, int, int]


async def begin_streams(ground: Ground, seed: int, rate: float, seconds: float) -> dict[str, int]:
    """Ask for three streams that end after so many seconds; how many events each has that is never spoiled."""
    now = datetime.now(UTC)
    mischief = {"late_ratio": 0.02, "duplicate_ratio": 0.03, "disorder_ratio": 0.05}
    plans: dict[str, tuple[float, dict[str, Any]]] = {
        "walk": (rate * 0.5, {"profile": "random-walk", "categories": ["a", "b", "c"]}),
        "messy": (rate * 0.3, {"profile": "sensor", "corrupt_ratio": 0.02, **mischief}),
        "rows": (rate * 0.05, {"profile": "table"}),
    }
    for name, (own_rate, spec) in plans.items():
        count = int(own_rate * seconds)
        await add_simulation(ground.database.owner_dsn, name, now, seed=seed, rate=own_rate, count=count, **spec)
    return {name: int(plans[name][0] * seconds) for name in ("walk", "rows")}


class Outsider(threading.Thread):
    """Publishes readings of all sorts with librdkafka; keeps the place and the sha256 of what Kafka acknowledged.

    Without idempotence, so that a retry may publish twice.
    """

    def __init__(self, ground: Ground, seed: int, rate: float) -> None:
        super().__init__(name="outsider", daemon=True)
        self._rng = random.Random(seed)
        self._topics = {"readings": ground.topics.readings, "rows": ground.topics.rows}
        self._rate = rate
        self._producer = Producer(
            {"bootstrap.servers": ground.kafka_through_link, "acks": "all", "linger.ms": 5, "log_level": 0}
            | {"message.timeout.ms": 120_000, "message.max.bytes": 2_000_000}
        )
        self._stopping = threading.Event()
        self._extra: list[tuple[str, bytes | None, Sequence[tuple[str, bytes | None]]]] = []
        self._recent: list[bytes] = []
        self.acknowledged: list[tuple[Place, str]] = []
        self.failed = 0

    def run(self) -> None:
        """Publish until `finish`."""
        while not self._stopping.is_set():
            extra, self._extra = self._extra, []
            for kind, value, headers in extra:
                self._publish(kind, value, headers)
            for _ in range(max(1, int(self._rate * PAUSE_S))):
                self._publish("readings", self._reading(), ())
            self._producer.poll(0)
            self._stopping.wait(PAUSE_S)

    def poison(self, count: int) -> None:
        """Publish so many records that must become dead letters."""
        cases: list[Malformed] = self._rng.choices(MALFORMED, k=count)
        self._extra += [(case.topic, case.value, case.headers) for case in cases]

    def repeat(self, count: int) -> None:
        """Publish some recent readings again."""
        recent = self._recent[-2_000:]
        self._extra += [("readings", self._rng.choice(recent), ()) for _ in range(count) if recent]

    def finish(self, within_s: float) -> None:
        """Publish nothing more and wait for what is under way."""
        self._stopping.set()
        self.join(10)
        deadline = time.monotonic() + within_s
        while self._producer.flush(0.5) and time.monotonic() < deadline:
            pass
        self._producer.purge()
        self._producer.flush(1)

    def _reading(self) -> bytes:
        at = datetime.now(UTC) - timedelta(milliseconds=self._rng.expovariate(1 / 20_000))
        fields: dict[str, object] = {
            "stream": f"lab-{self._rng.randrange(3)}",
            "category": self._rng.choice(("temperature", "pressure", "größe")),
            "value": self._rng.choice((self._rng.gauss(20, 5), self._rng.uniform(-1e15, 1e15), self._rng.randrange(9))),
        }
        if self._rng.random() < 0.95:
            fields["timestamp"] = at.isoformat().replace("+00:00", "Z")
            fields["id"] = str(UUID(int=self._rng.getrandbits(128)))
        value = json.dumps(fields).encode()
        self._recent = [*self._recent[-4_000:], value] if len(self._recent) > 8_000 else self._recent
        self._recent.append(value)
        return value

    def _publish(self, kind: str, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]) -> None:
        digest = sha256(value or b"").hexdigest()

        def delivered(error: object, message: Any) -> None:
            if error:
                self.failed += 1
            else:
                self.acknowledged.append(((message.topic(), message.partition(), message.offset()), digest))

        try:
            self._producer.produce(self._topics[kind], value, headers=list(headers), on_delivery=delivered)
        except (BufferError, KafkaException):
            self.failed += 1
