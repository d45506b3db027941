"""Records whose headers have names that are not UTF-8, read as no parser of aiokafka's reads them by itself."""

from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from hypothesis import HealthCheck, given, settings
from services.processor.tests.test_bare import PLACE, batches, log_of, said
from tests.support.odd_batch import odd_batch

from chassis.odd_headers import read_leniently


@pytest.fixture(autouse=True)
def _as_ever() -> Iterator[None]:
    read_leniently(False)  # a test before may have left it on, as it is one switch of the process
    yield
    read_leniently(False)


def records(log: bytes) -> list[Any]:
    return list(PartitionRecords(PLACE, fetcher.MemoryRecords(log), [], 0, None, None, True, READ_COMMITTED))


@pytest.mark.parametrize("codec", [0, 4])
async def test_what_is_no_text_in_a_name_is_replaced(codec: int) -> None:
    log = odd_batch([(b"\xff\xfe", b"1"), (b"trace", b"2")], b"value", codec)
    with pytest.raises(UnicodeDecodeError):
        records(log)
    read_leniently(True)
    assert said(records(log))[0][3:] == (b"value", (("\ufffd\ufffd", b"1"), ("trace", b"2")))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches)
async def test_other_records_are_the_same(contents: list[tuple[list[Any], int]]) -> None:
    log = log_of(contents)
    read_leniently(False)
    strict = said(records(log))
    read_leniently(True)
    assert said(records(log)) == strict
