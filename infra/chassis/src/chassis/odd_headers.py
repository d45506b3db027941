"""Read on where the name of a record's header is not UTF-8.

Kafka takes any bytes for a name; aiokafka raises at such a record, again and again, and its partition stands still for
good. Its other parser, in Python and several times slower, reads a batch from a buffer that can be one of ours. This
reaches into what aiokafka keeps to itself; a test fails when that has changed.
"""

from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy

from chassis.record_batches import bounded


def read_leniently(on: bool) -> None:
    """From now on all consumers of this process take such names, what is no UTF-8 in them as U+FFFD; or as ever.

    A broker that compresses the batch anew replaces it in the same way. What inflates without bound is left out.
    """
    fetcher.MemoryRecords = bounded(_Records if on else MemoryRecords)


class _Records(_MemoryRecordsPy):  # type: ignore[misc]
    def next_batch(self) -> Any:
        piece = self._next_slice
        batch = super().next_batch()
        return _Batch(piece) if isinstance(batch, DefaultRecordBatch) else batch


class _Batch(_DefaultRecordBatchPy):  # type: ignore[misc]
    _buffer: bytearray

    def __iter__(self) -> "_Batch":
        super().__iter__()
        self._buffer = _Buffer(self._buffer)
        return self


class _Buffer(bytearray):
    def __getitem__(self, where: Any) -> Any:
        found = super().__getitem__(where)
        return _Text(found) if isinstance(found, bytearray) else found


class _Text(bytearray):
    def decode(self, *_: str) -> str:
        return super().decode("utf-8", "replace")
