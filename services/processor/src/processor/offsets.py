"""Where each partition stands: claims that fence, the compare-and-set of a transaction, the ledger, bookmarks."""

from collections.abc import Sequence
from hashlib import sha256

from contracts.times import append_ms
from processor.errors import Fenced
from processor.plan import Batch, Bookmark, Claim, Connection, Record, Tally
from processor.sql import statement


async def claim(connection: Connection, topic: str, partition: int, log_start: int) -> Claim:
    """Take a partition over; a partition never seen begins at `log_start`."""
    row = await connection.fetchrow(statement("claim"), topic, partition, log_start)
    assert row is not None  # noqa: S101 - an upsert always returns its row
    bookmark = None
    if row["bookmark_hash"] is not None:
        bookmark = Bookmark(round(row["bookmark_time"].timestamp() * 1_000), row["bookmark_hash"])
    standing = (row["generation"], row["pass"], row["epoch"], row["next_offset"], bookmark)
    return Claim(topic, partition, *standing, row["server"], row["kept_from"])


async def end_frozen(connection: Connection) -> int:
    """End transactions whose process does not go on, so that the partitions they hold come free; tells how many."""
    return int(await connection.fetchval(statement("end_frozen")))


async def hold(connection: Connection, batches: Sequence[Batch]) -> None:
    """Lock the partitions of this transaction; raises Fenced unless all stand where their batches begin."""
    wanted = [
        (b.claim.generation, b.claim.topic, b.claim.partition, b.claim.epoch, b.first_offset, b.claim.server)
        for b in batches
    ]
    held = await connection.fetch(statement("hold"), *map(list, zip(*wanted, strict=True)))
    if len(held) != len(batches):
        raise Fenced(f"{len(batches) - len(held)} of {len(batches)} partitions have another owner or position")


async def advance(connection: Connection, batches: Sequence[Batch], tallies: Sequence[Tally]) -> None:
    """Write the ledger, with the windows that this transaction staged, and move the offsets of the held partitions."""
    ledger, moves, gaps = [], [], []
    for batch, tally in zip(batches, tallies, strict=True):
        place = (batch.claim.generation, batch.claim.topic, batch.claim.partition)
        counts = (tally.accepted, tally.duplicate, tally.rejected)
        ledger.append((*place, batch.claim.pass_number, batch.first_offset, batch.next_offset, *counts, tally.samples))
        mark = bookmark_of(batch.records[-1])
        moves.append((*place, batch.next_offset, *counts, mark.append_ms, mark.digest))
        gaps += [(*place, batch.claim.pass_number, gap.start, gap.end, "not_delivered") for gap in batch.gaps]
    if gaps:  # of transactions of one record each there is one a record
        await connection.executemany(statement("insert_gap"), gaps)
    await connection.execute(statement("insert_batches"), *map(list, zip(*ledger, strict=True)))
    await connection.execute(statement("advance"), *map(list, zip(*moves, strict=True)))


async def book_lost(connection: Connection, claim: Claim, log_start: int) -> None:
    """Write down that retention deleted what had not been read; the partition waits until it is accepted."""
    place = (claim.generation, claim.topic, claim.partition, claim.pass_number)
    await connection.execute(statement("insert_gap"), *place, claim.next_offset, log_start, "retention")


def bookmark_of(record: Record) -> Bookmark:
    """What a record is recognised by when it is read again."""
    key, value = record.key or b"", record.value or b""
    return Bookmark(append_ms(record.timestamp), sha256(len(key).to_bytes(8, "big") + key + value).digest())
