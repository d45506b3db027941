"""What the operator's command takes for another log."""

from contextlib import AbstractAsyncContextManager, nullcontext
from random import Random

import pytest
from aiokafka import TopicPartition
from services.processor.tests.test_loop import Offsets
from tests.support.fake_kafka import FakeConsumer, FakeLog

from processor.accept import _accept_topic

P = TopicPartition("readings", 0)


class Session(Offsets):
    """A connection to them."""

    def transaction(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    async def fetchval(self, statement: str, *_: object) -> int:
        raise AssertionError(f"nothing was to be accepted, but: {statement}")


async def test_what_processors_take_meanwhile_is_no_sign_of_another_log(capsys: pytest.CaptureFixture[str]) -> None:
    consumer = FakeConsumer(FakeLog({P: [b"1", b"2"]}), Random(1))

    async def go_on() -> None:
        consumer.log.records[P] *= 2

    await _accept_topic(Session(3, go_on), consumer, "readings", [P])  # type: ignore[arg-type]
    assert capsys.readouterr().out == "readings: nothing more to accept\n"
