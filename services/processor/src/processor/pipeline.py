"""One straight way: records → decode → aggregate → write, and the transaction that makes their effects exactly once.

Nothing moves outside the database before COMMIT has answered. After any error the caller reads the stored offsets
again; what this process believes about its position never counts.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace

import asyncpg
import numpy as np
import structlog

from contracts.events import Limits
from contracts.reasons import Reason
from processor import aggregate, assemble, dead_letters, offsets, replays, write
from processor.errors import Overtaken
from processor.failpoints import Failpoint
from processor.metrics import Metrics
from processor.plan import Batch, Connection, DeadLetter, Plan, Readings, Tally, join
from processor.recent import Recent
from processor.series import SeriesIds
from processor.settings import ProcessorSettings
from processor.turns import others
from processor.unpack import Unpacker

log = structlog.get_logger("processor")

REFUSED_BY_POSTGRES = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    asyncpg.RaiseError,
)
"""What Postgres says of data it will never take: the batch is bisected. (Not a UniqueViolation of a raw key, nor a
missing partition: both are mended and tried again.)"""


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
        self._unpacker = Unpacker(pool, readings_topic, Limits(**settings.validity.model_dump()))
        self._series = SeriesIds(settings.series.per_stream)
        self._recent = Recent()
        self._months: set[int] = set()
        self._metrics = metrics
        self._reach = failpoint.reach

    def forget(self) -> None:
        """Drop what was learnt from Postgres; to be called with every claim."""
        self._series.forget()
        self._months.clear()

    async def prepare(self, batches: Sequence[Batch]) -> Plan:
        """Decide everything that a transaction will write. Reads and makes series ids, writes nothing else."""
        decoded = [(n, part) for n, batch in enumerate(batches) for part in await self._unpacker.unpack(batch)]
        replayed = await self._unpacker.add_replays(batches, decoded)
        ids = await self._series.resolve(self._pool, {pair for _, part in decoded for pair in part.pairs})
        letters = [(n, letter) for n, part in decoded for letter in part.letters]
        parts = []
        for n, part in decoded:
            readings, homeless = assemble.with_series(n, part, ids)
            parts.append(readings)
            letters += [(n, letter) for letter in assemble.too_many_series(batches[n], homeless)]
        await others()
        readings = aggregate.drop_repeats(assemble.joined(parts))
        await others()
        rows = [(n, row) for n, part in decoded for row in part.rows]
        samples, row_of_sample = assemble.row_samples(decoded, ids)
        windows = aggregate.windows_of(join(readings, samples))
        await others()
        suspects = self._recent.suspects(readings)
        plan = Plan(batches, readings, suspects, rows, samples, row_of_sample, windows, letters, replayed)
        await self._ensure_partitions(plan)
        return plan

    async def commit(self, plan: Plan, *, mended: bool = False) -> None:
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
            if mended:
                raise  # somebody keeps a month's table beside: nothing goes on until it is attached or renamed
            self._months.clear()
            await self._ensure_partitions(plan)
            await self.commit(plan, mended=True)
        except REFUSED_BY_POSTGRES as error:
            await self._halve(plan, error)

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
        # Nobody waits for it when this is cancelled: what it raised is no news then.
        commit.add_done_callback(lambda task: task.cancelled() or task.exception())
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
