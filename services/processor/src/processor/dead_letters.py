"""Refused records into Postgres, inside the transaction that moves the offsets past them."""

from base64 import b64encode
from collections import Counter
from collections.abc import Sequence

import orjson

from processor.plan import Batch, Connection, DeadLetter
from processor.sql import statement


async def keep(
    connection: Connection, batches: Sequence[Batch], letters: Sequence[tuple[int, DeadLetter]]
) -> Counter[int]:
    """Write dead letters, given with the index of their batch; tells how many of each batch are new."""
    if not letters:
        return Counter()
    lines = []
    for source, letter in letters:
        claim, record = batches[source].claim, letter.record
        headers = orjson.dumps([[name, b64encode(value or b"").decode()] for name, value in record.headers]).decode()
        place = (claim.generation, claim.topic, claim.partition, record.offset)
        lines.append((*place, record.key, record.value, headers, letter.reason.value, letter.detail, record.timestamp))
    new = await connection.fetch(statement("insert_dead_letters"), *map(list, zip(*lines, strict=True)))
    index = {(batch.claim.topic, batch.claim.partition): n for n, batch in enumerate(batches)}
    return Counter(index[record["topic"], record["partition"]] for record in new)
