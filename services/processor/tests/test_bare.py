"""Records taken bare from aiokafka say what those say that it hands out itself; fails when aiokafka has changed."""

from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import ConsumerRecord
from hypothesis import given, settings

from processor.bare import deliver_bare

PLACE = TopicPartition("readings", 0)
NONE, GZIP, ZSTD = 0, 1, 4

headers = st.lists(st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=5)), max_size=2)
content = st.tuples(st.none() | st.binary(max_size=9), st.none() | st.binary(max_size=40), headers)
batches = st.lists(
    st.tuples(st.lists(content, min_size=1, max_size=6), st.sampled_from([NONE, GZIP, ZSTD])), min_size=1, max_size=3
)


def log_of(contents: list[tuple[list[Any], int]]) -> bytes:
    """Record batches one behind the other, as a broker stores them."""
    log, base = b"", 0
    for records, compression in contents:
        builder = DefaultRecordBatchBuilder(2, compression, 0, -1, -1, -1, 1_000_000)
        for n, (key, value, extra) in enumerate(records):
            builder.append(n, 1_700_000_000_000 + n, key, value, extra)
        log += base.to_bytes(8, "big") + bytes(builder.build())[8:]
        base += len(records)
    return log


def fetched(log: bytes, start: int) -> tuple[Any, FetchResult]:
    """A consumer that has fetched this much from that offset on, as far as bare.py knows one; and what it hands out."""
    waiting = PartitionRecords(PLACE, MemoryRecords(log), [], start, None, None, True, READ_COMMITTED)
    state = SimpleNamespace(paused=False, position=start)
    state.consumed_to = lambda offset: setattr(state, "position", offset)
    assignment = SimpleNamespace(active=True, state_value=lambda _: state)
    result = FetchResult(PLACE, assignment=assignment, partition_records=waiting, backoff=0)
    return SimpleNamespace(_fetcher=SimpleNamespace(_records={PLACE: result})), result


def said(records: list[Any]) -> list[tuple[object, ...]]:
    return [(r.offset, r.timestamp, r.key, r.value, tuple(r.headers)) for r in records]


@settings(max_examples=40)
@given(batches, st.integers(0, 5), st.integers(1, 10))
async def test_bare_records_say_the_same(contents: list[tuple[list[Any], int]], start: int, portion: int) -> None:
    log = log_of(contents)
    _, public = fetched(log, start)
    consumer, result = fetched(log, start)
    first = result.getall(portion)  # some were handed out before
    deliver_bare(consumer)
    rest: list[Any] = []
    while result.has_more():
        rest += result.getall(portion)
    assert said(first + rest) == said(public.getall())
    assert not any(isinstance(record, ConsumerRecord) for record in rest)


def test_a_client_of_another_make_is_left_as_it_is() -> None:
    deliver_bare(SimpleNamespace())
    deliver_bare(SimpleNamespace(_fetcher=SimpleNamespace(_records={PLACE: RuntimeError("a failed fetch")})))
