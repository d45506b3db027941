"""Refused records into Postgres, inside the transaction that moves the offsets past them."""

from base64 import b64encode
from collections import Counter
from collections.abc import Sequence

import orjson

from contracts.checks import valid_stream
from contracts.times import append_ms
from processor.plan import Batch, Connection, DeadLetter, Record
from processor.sql import statement

LOOKED_INTO_BYTES_MAX = 2_097_152
"""What a topic takes of one record. A batch that was compressed may hold larger ones, which would take all memory."""


async def keep(
    connection: Connection, batches: Sequence[Batch], letters: Sequence[tuple[int, DeadLetter]]
) -> Counter[int]:
    """Write dead letters, given with the index of their batch; tells how many of each batch are new."""
    if not letters:
        return Counter()
    lines = []
    for source, letter in letters:
        claim, record = batches[source].claim, letter.record
        named = [[name.replace("\0", "\ufffd"), b64encode(value or b"").decode()] for name, value in record.headers]
        headers = orjson.dumps(named).decode()  # without NUL, which Postgres refuses
        place = (claim.generation, claim.topic, claim.partition, record.offset)
        why = (letter.reason.value, letter.detail)
        lines.append((*place, record.key, record.value, headers, *why, append_ms(record.timestamp), stream_of(record)))
    new = await connection.fetch(statement("insert_dead_letters"), *map(list, zip(*lines, strict=True)))
    index = {(batch.claim.topic, batch.claim.partition): n for n, batch in enumerate(batches)}
    return Counter(index[record["topic"], record["partition"]] for record in new)


def stream_of(record: Record) -> str | None:
    """Whose record it would have been: as its value says, else its key; None where neither tells."""
    written = record.value or b""
    try:
        value = orjson.loads(written) if len(written) <= LOOKED_INTO_BYTES_MAX else None
    except orjson.JSONDecodeError:
        value = None
    named = value.get("stream") if isinstance(value, dict) else None
    by_key, slash, _ = (record.key or b"").decode("ascii", "replace").partition("/")
    for stream in (named, by_key if slash else None):
        if isinstance(stream, str) and valid_stream(stream):
            return stream
    return None
