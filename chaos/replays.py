"""Somebody who sends dead letters again all the time, edited, some of them several times with other values."""

import asyncio
import contextlib
import json
import random
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from chaos.ground import Ground
from chaos.samples import AWAY

ASK_EVERY_S = 0.3
OPEN = """
SELECT generation, topic, partition, "offset" FROM dead_letters WHERE replayed_at IS NULL
ORDER BY received_at DESC LIMIT 30
"""
WAITING = "SELECT count(*) FROM dead_letter_requests WHERE done_at IS NULL"


async def ask_for_replays(ground: Ground, seed: int) -> None:
    """Book replays as the producer does, until cancelled; the producers send them, whatever happens to them."""
    rng = random.Random(seed)
    while True:
        with contextlib.suppress(*AWAY):
            connection = await asyncpg.connect(ground.database.producer_dsn, timeout=3, command_timeout=15)
            owner = await asyncpg.connect(ground.database.owner_dsn, timeout=3, command_timeout=15)
            try:
                while True:
                    for letter in rng.sample(found := await owner.fetch(OPEN), min(3, len(found))):
                        place = [[part] for part in letter]
                        value = _value(rng, letter["topic"] == ground.topics.rows)
                        await connection.execute("SELECT request_replays($1, $2, $3, $4, $5)", *place, value)
                    await asyncio.sleep(ASK_EVERY_S)
            finally:
                connection.terminate()
                owner.terminate()
        await asyncio.sleep(ASK_EVERY_S)


def _value(rng: random.Random, row: bool) -> bytes:
    """A valid event; every second one takes id and time from where its letter stood."""
    number = rng.randrange(1_000)
    fields: dict[str, object] = {"stream": "again"}
    fields |= {"row": number, "data": {"a": number}} if row else {"category": "edited", "value": number}
    if rng.random() < 0.5:
        at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        fields |= {"id": str(UUID(int=rng.getrandbits(128))), "timestamp": at}
    return json.dumps(fields).encode()
