"""The transfer of a file into the spool: tried again where it makes sense, resumed where it is safe, bounded in all."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import structlog

from producer.datasets.answers import Complete, Rest, Restart, Unchanged, Version, Whole, understand
from producer.datasets.compressed import Bounds, plain
from producer.datasets.errors import Again
from producer.datasets.fetch import Fetcher, broken
from producer.datasets.read import head_of
from producer.datasets.read_parquet import check_installed
from producer.datasets.recognise import HEAD_BYTES, recognise
from producer.datasets.spool import NO_SPACE, Part, spool_failure
from producer.errors import Failed
from producer.settings import DatasetSettings

log = structlog.get_logger("pull")

PROGRESS_BYTES = 1_048_576
"""A try that kept so much is not one of the few that may fail in a row."""

OnBytes = Callable[[int, int | None], None]
"""Told how many bytes there are now, and of how many, where the server said so."""


@dataclass(frozen=True)
class Pull:
    """One file on its way into its part; `known` is the version that is not to be sent again."""

    fetcher: Fetcher
    settings: DatasetSettings
    part: Part
    url: str
    known: Version | None
    on_bytes: OnBytes

    async def run(self) -> bool:
        """Until the part is whole (True) or the server says that `known` is still the newest (False).

        Raises Failed; what can be of use to a later try stays in the part.
        """
        try:
            async with asyncio.timeout(self.settings.transfer_s):
                return await self._with_retries()
        except TimeoutError:
            raise Failed("timeout", f"the file did not arrive within {self.settings.transfer_s:g} s") from None

    async def _with_retries(self) -> bool:
        failed = 0
        while True:
            had = self.part.size
            try:
                return await self._attempt()
            except Again as error:
                failed = 1 if self.part.size - had >= PROGRESS_BYTES else failed + 1
                log.warning("transfer broke off", code=error.code, bytes=self.part.size, failed=failed)
                if failed >= self.settings.attempts:
                    raise Failed(error.code, f"{error.detail} ({failed} tries)") from None
                pause_s = max(error.after_s, self.settings.retry_s * 2 ** (failed - 1))
                await asyncio.sleep(min(pause_s, self.settings.retry_s_max))

    async def _attempt(self) -> bool:
        have = self.part.size if self.part.version.if_range else 0
        async with self.fetcher.get(self.url, self._conditions(have)) as answer:
            meaning = understand(
                answer.status_code, answer.headers, have, self.part.version, self.known is not None, datetime.now(UTC)
            )
            match meaning:
                case Unchanged():
                    return False
                case Complete():
                    return True
                case Restart():
                    self._restart(Version())
                    raise Again("changed", "the file changed while it was pulled, or the server cannot go on with it")
                case Whole(version, size):
                    self._restart(version)
                case Rest(size):
                    pass
            await self._receive(answer, size)
        return True

    def _conditions(self, have: int) -> dict[str, str]:
        """Request headers: for the rest of the part, or for a newer version than the known one."""
        if have:
            return {"Range": f"bytes={have}-", "If-Range": self.part.version.if_range or ""}
        found = {}
        if self.known and self.known.etag:
            found["If-None-Match"] = self.known.etag
        if self.known and self.known.last_modified:
            found["If-Modified-Since"] = self.known.last_modified
        return found

    async def _receive(self, answer: httpx.Response, size: int | None) -> None:
        """Append the body to the part; `size` is that of the whole file, None where the server did not say."""
        if size is not None and size > self.settings.bytes_max:
            raise self._useless("too_large", f"the file has {size} bytes, at most {self.settings.bytes_max} are taken")
        pace = _Pace(self.settings, time.monotonic())
        head: bytes | None = None if self.part.size else b""
        try:
            async for piece in answer.aiter_raw():
                pace.check(len(piece), time.monotonic())
                self._append(piece)
                self.on_bytes(self.part.size, size)
                if head is not None:
                    head = self._look(head + piece)
        except httpx.TransportError as error:
            raise broken(error) from None
        if size is not None and self.part.size != size:
            raise Again("short_body", f"{self.part.size} of {size} bytes arrived")

    def _append(self, piece: bytes) -> None:
        if self.part.size + len(piece) > self.settings.bytes_max:
            raise self._useless("too_large", f"the file has more than {self.settings.bytes_max} bytes")
        with self._spooling():
            self.part.append(piece)

    def _restart(self, version: Version) -> None:
        with self._spooling():
            self.part.restart(version)

    @contextmanager
    def _spooling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            failed = spool_failure(error)
            raise self._useless(failed.code, failed.detail) if failed.code == NO_SPACE else failed from None

    def _look(self, head: bytes) -> bytes | None:
        """Break the transfer off as soon as its beginning tells that it is no dataset; None: it was told."""
        if len(head) < HEAD_BYTES:
            return head
        try:
            found = recognise(head_of(plain([head], Bounds(self.settings.decoded_bytes_max, self.settings.ratio_max))))
            if found == "parquet":
                check_installed()
        except Failed as error:
            if error.code != "truncated":  # a compressed block that goes on after the head
                raise self._useless(error.code, error.detail) from None
        return None

    def _useless(self, code: str, detail: str) -> Failed:
        """The end of a transfer of which nothing is to be kept."""
        with suppress(OSError):
            self.part.restart(Version())
        return Failed(code, detail)


class _Pace:
    """Whether bytes come fast enough, measured over one window after another."""

    def __init__(self, settings: DatasetSettings, now_s: float) -> None:
        self._window_s = settings.slow_window_s
        self._bytes_min = settings.slow_bytes_per_s * settings.slow_window_s
        self._since_s = now_s
        self._bytes = 0

    def check(self, count: int, now_s: float) -> None:
        """Note so many bytes; raises Again at the end of a window that brought too few."""
        self._bytes += count
        if now_s - self._since_s < self._window_s:
            return
        if self._bytes < self._bytes_min:
            raise Again("timeout", f"the server sent {self._bytes} bytes in {self._window_s:g} s, which is too slow")
        self._since_s, self._bytes = now_s, 0
