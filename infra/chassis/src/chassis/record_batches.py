"""Take no more record batches at once than a process can hold, and none that is larger than that by itself.

Kafka bounds a batch as it is compressed: 30 kB of zstd may be a gigabyte, and aiokafka inflates it whole. This reaches
into what aiokafka keeps to itself; a test fails when that has changed.
"""

import asyncio
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from mmap import mmap
from typing import Any

import cramjam
import structlog
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy

log = structlog.get_logger("chassis")

INFLATED_BYTES_MAX = 16 * 1_048_576
"""Eight times what the topics take compressed; clients make batches of a megabyte at most, unless told otherwise."""
_CODECS = {"gzip_decode": cramjam.gzip, "lz4_decode": cramjam.lz4, "zstd_decode": cramjam.zstd}
"""Not snappy: of that a byte becomes 21 at most."""


def bounded(records: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """The same with two bounds. A batch that cannot be inflated within the bound is passed over like one of a
    transaction that was taken back, and this is logged. Once as much was inflated, the rest of what was fetched is
    left to be fetched again."""
    return partial(_Records, records, _room())


def inflated_bytes() -> int:
    """How much this process has inflated by now."""
    return _room().inflated


@cache
def _room() -> "_Room":
    room = _Room()
    for batch in (DefaultRecordBatch, _DefaultRecordBatchPy):
        for name, codec in _CODECS.items():
            setattr(sys.modules[batch.__module__], name, partial(room.inflate, codec))
    return room


class _Room:
    """Where batches are inflated, one after the other; memory is only taken as far as it is ever written to."""

    def __init__(self) -> None:
        self._bytes = mmap(-1, INFLATED_BYTES_MAX)
        self._begun = -1
        self.inflated = 0

    def inflate(self, codec: Any, payload: bytes) -> bytes:
        if self._begun < 0:  # the records of one call of `getmany` are made without letting anything else run
            self._begun = self.inflated
            asyncio.get_running_loop().call_soon(self._begin_anew)
        size = INFLATED_BYTES_MAX
        try:
            size = codec.decompress_into(payload, self._bytes)
        finally:
            self.inflated += size  # all of it where the batch is too large: that took its time
        return self._bytes[:size]

    def is_full(self) -> bool:
        return self._begun >= 0 and self.inflated >= self._begun + INFLATED_BYTES_MAX

    def _begin_anew(self) -> None:
        self._begun = -1


class _Records:
    """What was fetched of one partition."""

    def __init__(self, records: Callable[[bytes], Any], room: _Room, content: bytes) -> None:
        self._records = records(content)
        self._room = room
        self._has_come = False
        self.size_in_bytes = self._records.size_in_bytes

    def has_next(self) -> bool:
        if self._has_come and self._room.is_full():
            return False
        self._has_come = True  # asked first when it came: with nothing in it aiokafka would skip a record
        return bool(self._records.has_next())

    def next_batch(self) -> Any:
        batch = self._records.next_batch()
        return batch if batch is None else _Batch(batch)


class _Batch:
    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(self._batch)
        except cramjam.DecompressionError as error:
            offsets = (self._batch.base_offset, self._batch.next_offset - 1)
            log.error("a batch of records is left out: it cannot be inflated", offsets=offsets, error=str(error))
            return iter(())
