"""Batches into what they hold, in portions, so that the transaction in flight can go on in between."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import asyncpg
import orjson

from contracts.events import Limits
from contracts.samples import ALL_FIELDS, Rules
from processor import replays
from processor.decode import Placed, by_headers, decode_placed, decode_readings, decode_rows, replayed
from processor.plan import PORTION, Asked, Batch, Claim, DeadLetter, Decoded, FlatRow, Record, Replay
from processor.row_samples import Shapes, sample_rows
from processor.turns import others

ROWS_PORTION = 20
"""Rows decoded without letting anything else run: about a millisecond."""
ROWS_SAMPLED, BYTES_SAMPLED = 100, 1_000_000
"""Rows whose numbers become columns together: until then they are in memory as objects, ten times their bytes."""


class Unpacker:
    """Decodes batches. Reads what streams want of their rows, and which replays were asked for."""

    def __init__(self, pool: asyncpg.Pool, readings_topic: str, limits: Limits) -> None:
        self._pool = pool
        self._readings_topic = readings_topic
        self._limits = limits
        self._shapes = Shapes()

    async def unpack(self, batch: Batch) -> list[Decoded]:
        """What a batch holds, by portions; replays are put aside."""
        if batch.claim.topic != self._readings_topic:
            return await self._unpack_rows(batch)
        parts, limits = [], self._limits_of(batch.claim)
        for portion in _portions(batch.records, PORTION):
            parts.append(decode_readings(portion, batch.claim, limits))
            await others()
        return parts

    async def _unpack_rows(self, batch: Batch) -> list[Decoded]:
        parts, rules, limits = [], dict[str, Rules](), self._limits_of(batch.claim)
        for portion in _row_portions(batch.records):
            rows, letters, asked = list[FlatRow](), list[DeadLetter](), list[Asked]()
            for few in _portions(portion, ROWS_PORTION):
                found = by_headers(few, batch.claim)
                flat, refused = decode_rows(found.placed, limits)
                rows += flat
                letters += found.letters + refused
                asked += found.replays
                await others()
            sampled = await self._sample(rows, rules)
            parts.append(replace(sampled, letters=letters, replays=asked))
            await others()
        return parts

    async def _sample(self, rows: Sequence[FlatRow], rules: dict[str, Rules]) -> Decoded:
        rules |= await self._rules({row.stream for row, _ in rows} - rules.keys())
        return sample_rows(rows, rules, self._shapes)

    async def add_replays(
        self, batches: Sequence[Batch], decoded: list[tuple[int, Decoded]]
    ) -> Mapping[tuple[int, int], Replay]:
        """The replays that were asked for; adds to `decoded` what they hold, and as letters those nobody asked for."""
        asked = [(n, one) for n, part in decoded for one in part.replays]
        if not asked:
            return {}
        known, letters = await replays.find(self._pool, asked)
        decoded += [(n, replace(decode_placed((), self._limits), letters=[letter])) for n, letter in letters]
        for n, (record, _) in asked:
            replay = known.get((n, record.offset))
            if replay is not None and replay.open:
                decoded.append((n, await self._unpack_replay(batches[n], replayed(record, replay))))
        return known

    async def _unpack_replay(self, batch: Batch, placed: Placed) -> Decoded:
        limits = self._limits_of(batch.claim)
        if batch.claim.topic == self._readings_topic:
            return decode_placed([placed], limits)
        rows, letters = decode_rows([placed], limits)
        return replace(await self._sample(rows, {}), letters=letters)

    def _limits_of(self, claim: Claim) -> Limits:
        """What a valid event may hold, by the raw data that was kept when the partition was claimed."""
        return replace(self._limits, kept_from=claim.kept_from)

    async def _rules(self, streams: set[str]) -> dict[str, Rules]:
        """What the specs of these streams say of the fields of their rows; a stream may have none."""
        if not streams:
            return {}
        found = await self._pool.fetch("SELECT id, spec FROM streams WHERE id = ANY ($1)", list(streams))
        return dict.fromkeys(streams, ALL_FIELDS) | {row["id"]: Rules.of(orjson.loads(row["spec"])) for row in found}


def _portions(records: Sequence[Record], size: int) -> Iterator[Sequence[Record]]:
    return (records[start : start + size] for start in range(0, len(records), size))


def _row_portions(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    start = size = 0
    for end, record in enumerate(records):
        if end - start == ROWS_SAMPLED or size > BYTES_SAMPLED:
            yield records[start:end]
            start, size = end, 0
        size += len(record.value or b"")
    yield records[start:]
