"""One straight way: records → decode → aggregate → write, and the transaction that makes their effects exactly once.

Nothing moves outside the database before COMMIT has answered. After any error the caller reads the stored offsets
again; what this process believes about its position never counts.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import asyncpg
import numpy as np
import orjson
import structlog

from contracts.events import Limits
from contracts.reasons import Reason
from contracts.samples import ALL_FIELDS, Rules
from processor import aggregate, assemble, dead_letters, offsets, replays, write
from processor.decode import Placed, by_headers, decode_placed, decode_readings, decode_rows, replayed
from processor.errors import Overtaken
from processor.failpoints import Failpoint
from processor.metrics import Metrics
from processor.plan import (
    PORTION,
    Asked,
    Batch,
    Claim,
    Connection,
    DeadLetter,
    Decoded,
    FlatRow,
    Plan,
    Readings,
    Record,
    Replay,
    Tally,
    join,
)
from processor.recent import Recent
from processor.row_samples import Shapes, sample_rows
from processor.series import SeriesIds
from processor.settings import ProcessorSettings

log = structlog.get_logger("processor")

REFUSED_BY_POSTGRES = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    asyncpg.RaiseError,
)
"""What Postgres says of data it will never take: the batch is bisected. (Not a UniqueViolation of a raw key, nor a
missing partition: both are mended and tried again.)"""

ROWS_PORTION = 20
"""Rows decoded without letting anything else run: about a millisecond."""
ROWS_SAMPLED, BYTES_SAMPLED = 100, 1_000_000
"""Rows whose numbers become columns together: until then they are in memory as objects, ten times their bytes."""


class Pipeline:
    """Turns batches into committed effects."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        readings_topic: str,
        settings: ProcessorSettings,
        metrics: Metrics,
        failpoint: Failpoint,
    ) -> None:
        self._pool = pool
        self._readings_topic = readings_topic
        self._limits = settings.limits.of_events()
        self._series = SeriesIds(settings.limits.series_per_stream)
        self._recent = Recent()
        self._shapes = Shapes()
        self._months: set[int] = set()
        self._metrics = metrics
        self._reach = failpoint.reach

    def forget(self) -> None:
        """Drop what was learnt from Postgres; to be called with every claim."""
        self._series.forget()
        self._months.clear()

    async def prepare(self, batches: Sequence[Batch]) -> Plan:
        """Decide everything that a transaction will write. Reads and makes series ids, writes nothing else."""
        decoded = [(n, part) for n, batch in enumerate(batches) for part in await self._decode(batch)]
        replayed = await self._decode_replays(batches, decoded)
        ids = await self._series.resolve(self._pool, {pair for _, part in decoded for pair in part.pairs})
        letters = [(n, letter) for n, part in decoded for letter in part.letters]
        parts = []
        for n, part in decoded:
            readings, homeless = assemble.with_series(n, part, ids)
            parts.append(readings)
            letters += [(n, letter) for letter in assemble.too_many_series(batches[n], homeless)]
        readings = aggregate.drop_repeats(assemble.joined(parts))
        rows = [(n, row) for n, part in decoded for row in part.rows]
        samples, row_of_sample = assemble.row_samples(decoded, ids)
        windows = aggregate.windows_of(join(readings, samples))
        suspects = self._recent.suspects(readings)
        plan = Plan(batches, readings, suspects, rows, samples, row_of_sample, windows, letters, replayed)
        await self._ensure_partitions(plan)
        return plan

    async def commit(self, plan: Plan) -> None:
        """Write the plan in one transaction, whatever it takes: repeats are looked up, missing partitions made, and
        what Postgres refuses is found by halving and becomes a dead letter.

        Raises Fenced when another owner has taken over, and what asyncpg raises when the server is away or busy:
        nothing is known then, the stored offsets tell.
        """
        try:
            await self._transaction(plan)
        except Overtaken:
            await self._in_parts(plan)
        except asyncpg.UniqueViolationError as error:
            if plan.suspects.all() or not (error.table_name or "").startswith("raw_readings"):
                raise  # not a repeated reading, or another process wrote it just now: start over
            await self.commit(replace(plan, suspects=np.ones(len(plan.readings.series), np.bool_)))
        except asyncpg.CheckViolationError as error:
            if error.constraint_name is not None:
                await self._halve(plan, error)
                return
            self._months.clear()
            await self._ensure_partitions(plan)
            await self.commit(plan)
        except REFUSED_BY_POSTGRES as error:
            await self._halve(plan, error)

    async def _decode(self, batch: Batch) -> list[Decoded]:
        """In portions, so that the transaction in flight can send its next statement in between."""
        if batch.claim.topic != self._readings_topic:
            return await self._decode_rows(batch)
        parts, limits = [], self._limits_of(batch.claim)
        for portion in _portions(batch.records, PORTION):
            parts.append(decode_readings(portion, batch.claim, limits))
            await _others()
        return parts

    async def _decode_rows(self, batch: Batch) -> list[Decoded]:
        parts, rules, limits = [], dict[str, Rules](), self._limits_of(batch.claim)
        for portion in _row_portions(batch.records):
            rows, letters, replays = list[FlatRow](), list[DeadLetter](), list[Asked]()
            for few in _portions(portion, ROWS_PORTION):
                found = by_headers(few, batch.claim)
                flat, refused = decode_rows(found.placed, limits)
                rows += flat
                letters += found.letters + refused
                replays += found.replays
                await _others()
            sampled = await self._sample(rows, rules)
            parts.append(replace(sampled, letters=letters, replays=replays))
            await _others()
        return parts

    async def _sample(self, rows: Sequence[FlatRow], rules: dict[str, Rules]) -> Decoded:
        rules |= await self._rules({row.stream for row, _ in rows} - rules.keys())
        return sample_rows(rows, rules, self._shapes)

    async def _decode_replays(
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
                decoded.append((n, await self._decode_replay(batches[n], replayed(record, replay))))
        return known

    async def _decode_replay(self, batch: Batch, placed: Placed) -> Decoded:
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

    async def _transaction(self, plan: Plan) -> None:
        async with self._pool.acquire() as connection:
            begun = time.monotonic()
            transaction = connection.transaction()
            await transaction.start()
            try:
                self._reach("begun")
                written, tallies = await self._write(connection, plan)
                self._reach("before_commit")
            except BaseException:
                await _rolled_back(connection, transaction)
                raise
            try:
                await self._send_commit(transaction)
            except BaseException:
                _drop(connection)  # whether it was committed is unknown
                raise
            self._reach("committed")
        self._metrics.seconds.observe(time.monotonic() - begun)
        self._recent.remember(written)
        self._metrics.took(plan.batches, tallies, assemble.new_letters(plan))

    async def _write(self, connection: Connection, plan: Plan) -> tuple[Readings, list[Tally]]:
        """All effects of the plan, in the one order that every writer keeps."""
        await offsets.hold(connection, plan.batches)
        self._reach("held")
        known = await write.find_known(connection, plan.readings, plan.suspects)
        fresh = np.ones(len(plan.readings.series), np.bool_)
        fresh[known] = False
        readings = plan.readings.take(fresh) if len(known) else plan.readings
        await write.copy_readings(connection, readings)
        new_rows = await write.insert_rows(connection, [row for _, row in plan.rows])
        self._reach("raw_written")
        if plan.replays:
            await replays.settle(connection, plan)
        new_letters = await dead_letters.keep(connection, plan.batches, assemble.new_letters(plan))
        self._reach("letters_written")
        samples = join(readings, assemble.samples_of_rows(plan, new_rows))
        all_new = not len(known) and new_rows.all()
        windows = plan.windows if all_new else aggregate.windows_of(samples)
        await write.upsert_windows(connection, windows)
        self._reach("windows_written")
        await write.upsert_quarters(connection, aggregate.quarters_of(windows))
        self._reach("quarters_written")
        tallies = assemble.tallies(plan, readings, new_rows, new_letters, samples)
        await offsets.advance(connection, plan.batches, tallies)
        self._reach("ledger_written")
        return readings, tallies

    async def _send_commit(self, transaction: asyncpg.transaction.Transaction) -> None:
        commit = asyncio.ensure_future(transaction.commit())
        await asyncio.sleep(0)  # one step of the task: the bytes are on the socket
        self._reach("commit_sent")
        await commit

    async def _halve(self, plan: Plan, error: asyncpg.PostgresError) -> None:
        """Commit the plan in two parts, so that in the end one record stands alone with the refusal."""
        records = [(n, record) for n, batch in enumerate(plan.batches) for record in batch.records]
        if len(records) == 1:
            source, record = records[0]
            detail = f"Postgres refused the record: {type(error).__name__}, SQLSTATE {error.sqlstate}"
            log.warning("record refused by Postgres", offset=record.offset, sqlstate=error.sqlstate)
            alone = assemble.only_letter(plan, source, DeadLetter(record, Reason.DB_REJECTED, detail))
            await self._transaction(alone)
            return
        await self._in_parts(plan)

    async def _in_parts(self, plan: Plan) -> None:
        for batches in assemble.halves(plan.batches):
            await self.commit(await self.prepare(batches))

    async def _ensure_partitions(self, plan: Plan) -> None:
        times = np.concatenate(
            [plan.readings.timestamp_us, np.array([row.timestamp_us for _, row in plan.rows], np.int64)]
        )
        months = times.astype("datetime64[us]").astype("datetime64[M]")
        missing = sorted(set(np.unique(months).astype(np.int64).tolist()) - self._months)
        if missing:
            starts = np.array(missing, "datetime64[M]").astype("datetime64[us]").astype(np.int64).tolist()
            async with self._pool.acquire() as connection:
                await write.ensure_partitions(connection, starts)
            self._months.update(missing)


async def _rolled_back(connection: Connection, transaction: asyncpg.transaction.Transaction) -> None:
    """Roll back, or drop a connection that cannot even do that."""
    try:
        await asyncio.wait_for(transaction.rollback(), 5)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        _drop(connection)


def _drop(connection: Connection) -> None:
    with contextlib.suppress(asyncpg.InterfaceError):  # the pool has it back already
        connection.terminate()


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


async def _others() -> None:
    """Let the transaction in flight go on: from Postgres' answer to the next statement takes three turns of the loop.

    With one turn, and portions of 9 ms, it waited for two further portions eight times a transaction.
    """
    for _ in range(3):
        await asyncio.sleep(0)
