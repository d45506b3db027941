"""Runs a dataset: its file into the spool, unless it is there; its rows from there to Kafka."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import asyncpg

from contracts.events import Limits
from producer import streams
from producer.datasets.fetch import Fetcher
from producer.datasets.obtain import Obtain
from producer.datasets.publishing import Publishing
from producer.datasets.records import Dataset
from producer.datasets.report import Report
from producer.datasets.spool import Spool
from producer.errors import Failed
from producer.run import Progress, Work
from producer.settings import DatasetSettings
from producer.spec import DatasetSpec
from producer.streams import Claim, Outcome

T = TypeVar("T")


class Datasets:
    """The datasets of this copy: where their files are, and how they are run."""

    def __init__(
        self, pool: asyncpg.Pool, owner: str, settings: DatasetSettings, validity: Limits, fetcher: Fetcher
    ) -> None:
        self._pool = pool
        self._owner = owner
        self._settings = settings
        self._limits = replace(validity, max_bytes=settings.row_bytes_max, max_depth=settings.nesting_max)
        self._fetcher = fetcher
        self._spool = Spool(settings.spool_dir)

    async def run(self, claim: Claim, progress: Progress, work: Work) -> Outcome:
        """Run it from `progress.position` on until all rows are acknowledged or it is told to stop.

        Raises Failed where it cannot go on, Retry when it is to be called again with the position reached.
        """
        report = Report(progress.shown, self._settings.rejects_kept)
        spec = DatasetSpec.model_validate(claim.spec)
        noted = await streams.noted_dataset(self._pool, self._owner, claim)
        obtain = Obtain(
            self._pool, self._owner, self._settings, self._fetcher, self._spool, claim, noted, progress, report
        )
        try:
            path = await _unless(progress.stop, obtain.file(spec.url))
        except _Stopped:
            return "drained"
        if path is not None:
            dataset = Dataset(claim.id, spec.timestamp_field, self._limits, spec.split_by)
            if not await Publishing(path, dataset, self._settings, progress, work, report).run():
                return "drained"
            progress.reason = _outcome(progress.position, report, spec.split_by)
            await streams.note_dataset(self._pool, self._owner, claim, {"rows": progress.position})
        else:
            progress.position = noted.get("rows", 0)
            progress.reason = "unchanged: the source has nothing newer"
        report.done()
        progress.shown = report.figures()
        return "completed"

    async def ended(self, stream: str, outcome: Outcome) -> None:
        """The end of a run is stored: delete what nobody needs any more. Of a failed one half a file may be of use."""
        if outcome == "failed":
            await asyncio.to_thread(self._spool.remove, stream, parts=False)
        else:
            await self._remove_of_no_use([stream])

    async def sweep(self) -> None:
        """Delete the files of streams that are completed or deleted, whichever copy had them at the end."""
        await self._remove_of_no_use(await asyncio.to_thread(self._spool.streams))

    async def _remove_of_no_use(self, spooled: list[str]) -> None:
        if spooled:
            for stream in await streams.not_to_keep(self._pool, spooled):
                await asyncio.to_thread(self._spool.remove, stream)


class _Stopped(Exception):  # noqa: N818 - says what happened
    """Told to stop before there was a file."""


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T:
    """What the work answers, unless it is told to stop first: then the work is cancelled and _Stopped raised."""
    task, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise _Stopped
    finally:
        stopped.cancel()
        task.cancel()
        await asyncio.wait({task})


def _outcome(rows: int, report: Report, split_by: Sequence[str]) -> str | None:
    """What is to be said about a file of which every row was looked at; raises Failed when none could be taken."""
    if rows == 0:
        return "the file holds no rows"
    said = []
    if report.rejected:
        first = report.first_reject or {}
        example = f"row {first.get('row')} in line {first.get('line')}: {first.get('detail')}"
        if report.rejected == rows:
            raise Failed("no_rows", f"none of the {rows} rows can be taken; {example}")
        said.append(f"{report.rejected} of {rows} rows were rejected; {example}")
    if missing := report.missing(split_by):
        said.append(f"nothing is split by {', '.join(missing)}: no row has such a field with a text or number")
    return "; ".join(said) or None
