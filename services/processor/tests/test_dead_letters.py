"""Whose a refused record would have been."""

import pytest
from services.processor.tests.makers import FakeRecord

from processor.dead_letters import LOOKED_INTO_BYTES_MAX, stream_of


@pytest.mark.parametrize(
    ("value", "key", "stream"),
    [
        (b'{"stream":"lab-1","value":true}', None, "lab-1"),
        (b'{"stream":"lab-1"}', b"lab-2/c", "lab-1"),
        (b'{"stream":"no such name"}', b"lab-2/c", "lab-2"),
        (b"not json", b"lab-2/c", "lab-2"),
        (None, b"lab-2/c", "lab-2"),
        (b"[1]", b"lab-2", None),
        (b"\xff", b"\xff/c", None),
        (b'{"stream":7}', None, None),
        (b'{"stream":"lab-1"}' + b" " * LOOKED_INTO_BYTES_MAX, b"lab-2/c", "lab-2"),
    ],
)
def test_the_value_tells_before_the_key(value: bytes | None, key: bytes | None, stream: str | None) -> None:
    assert stream_of(FakeRecord(0, value, key=key)) == stream
