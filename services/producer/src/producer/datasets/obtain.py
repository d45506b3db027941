"""The file of a dataset: the one that is in the spool, else pulled from its source; which one it is, is noted first."""

import asyncio
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event
from typing import Any

import asyncpg
import structlog

from producer import streams
from producer.datasets.answers import Version
from producer.datasets.fetch import Fetcher
from producer.datasets.pull import Pull
from producer.datasets.report import Report
from producer.datasets.spool import Part, Spool, spool_failure
from producer.errors import Failed
from producer.run import Progress
from producer.settings import DatasetSettings
from producer.streams import Claim

log = structlog.get_logger("datasets")


@dataclass(frozen=True)
class Obtain:
    """Gets the file for one run."""

    pool: asyncpg.Pool
    owner: str
    settings: DatasetSettings
    fetcher: Fetcher
    spool: Spool
    claim: Claim
    noted: dict[str, Any]
    """What was pulled before, as it is stored."""
    progress: Progress
    report: Report

    async def file(self, url: str) -> Path | None:
        """The path of the file, whole; None when it was only asked for again and is the one that was published.

        A file that was noted before must be the same again, as some of its rows may be published. Raises Failed.
        """
        noted = self.noted
        wanted = None if noted.get("stale") else noted.get("sha256")
        if wanted and (path := self.spool.find(self.claim.id, wanted)):
            return path
        part = await self._begin(url)
        try:
            if wanted and part.digest == wanted:  # noted, and then the process was killed
                return await self._complete(part)
            pull = Pull(self.fetcher, self.settings, part, url, self._known(), self._on_bytes)
            if await pull.run():
                return await self._accept(part, wanted)
            part.discard()
            await self._note_same({})
            return None
        finally:
            part.close()

    async def _begin(self, url: str) -> Part:
        """A part; what an ended process left in it is read, which may take a while."""
        given_up = Event()
        beginning = asyncio.ensure_future(asyncio.to_thread(self.spool.begin, self.claim.id, url, given_up))
        try:
            return await asyncio.shield(beginning)
        except asyncio.CancelledError:
            given_up.set()
            beginning.add_done_callback(_let_go)
            raise
        except OSError as error:
            raise spool_failure(error) from None

    def _known(self) -> Version | None:
        """The version that was published, where a newer one is asked for."""
        noted = self.noted
        if not noted.get("stale") or not (noted.get("etag") or noted.get("last_modified")):
            return None
        return Version(noted.get("etag"), noted.get("last_modified"))

    def _on_bytes(self, count: int, total: int | None) -> None:
        self.progress.check_lease()
        self.report.pulling(count, total, time.monotonic())
        self.progress.shown = self.report.figures()

    async def _accept(self, part: Part, wanted: str | None) -> Path | None:
        noted, digest = self.noted, part.digest
        log.info("pulled", stream=self.claim.id, bytes=part.size, sha256=digest)
        if wanted and digest != wanted:
            part.discard()
            raise Failed(
                "changed",
                f"{self.progress.position} rows or more were published of a file that this copy does not have, "
                "and the source has another one now: start again to publish that one",
            )
        about = {"sha256": digest, "bytes": part.size, **asdict(part.version)}
        if noted.get("stale") and digest == noted.get("sha256"):
            part.discard()
            await self._note_same(about)
            return None
        await self._note(about)
        return await self._complete(part)

    async def _complete(self, part: Part) -> Path:
        """The whole file under its own name; waited for also when cancelled, as the part is closed after that."""
        completing = asyncio.ensure_future(asyncio.to_thread(part.complete))
        try:
            return await asyncio.shield(completing)
        except asyncio.CancelledError:
            await asyncio.wait({completing})
            raise
        except OSError as error:
            raise spool_failure(error) from None

    async def _note_same(self, about: dict[str, object]) -> None:
        """It is the file that was published, whatever else is new about it."""
        rows = {"rows": self.noted["rows"]} if "rows" in self.noted else {}
        await self._note(about | rows)

    async def _note(self, dataset: dict[str, object]) -> None:
        self.progress.check_lease()
        await streams.note_dataset(self.pool, self.owner, self.claim, dataset)


def _let_go(beginning: "asyncio.Future[Part]") -> None:
    """Close a part that nobody waits for any more."""
    if not beginning.cancelled() and beginning.exception() is None:
        beginning.result().close()
