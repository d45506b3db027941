"""What docs/events.md tells publishers to run works as it stands there."""

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from tests.support.publisher import read_all
from tests.support.stack import ROOT, Stack

from contracts.codec import decode_reading
from contracts.events import Limits, Place, Reading
from contracts.topics import Topics

PAGE = (ROOT / "docs" / "events.md").read_text("utf-8")


def example(language: str, begins: str) -> str:
    """The code block of the page that begins so."""
    found = [block for block in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if begins in block]
    assert len(found) == 1, f"{len(found)} examples in {language} with {begins!r}"
    return found[0]


@pytest.fixture
def only_reading(stack: Stack, topics: Topics) -> Callable[[], tuple[bytes | None, Reading]]:
    """The key and the reading of the one record in the topic."""

    def read() -> tuple[bytes | None, Reading]:
        [record] = read_all(stack.kafka_bootstrap, topics.readings)
        place = Place(1, topics.readings, record.partition, record.offset, datetime.now(UTC))
        return record.key, decode_reading(record.value, place, Limits())

    return read


def test_the_python_example_publishes_a_valid_reading(
    stack: Stack, topics: Topics, only_reading: Callable[[], tuple[bytes | None, Reading]]
) -> None:
    code = example("python", "from confluent_kafka import Producer")
    here = code.replace("127.0.0.1:9092", stack.kafka_bootstrap).replace('"readings"', f'"{topics.readings}"')
    subprocess.run([sys.executable, "-c", here], check=True, timeout=60)
    key, reading = only_reading()
    assert (key, reading.stream, reading.category, reading.value) == (
        b"lab-3/temperature",
        "lab-3",
        "temperature",
        21.5,
    )
