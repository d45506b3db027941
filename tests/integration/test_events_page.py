"""What docs/events.md tells publishers to run works as it stands there."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.publisher import read_all
from tests.support.stack import ROOT, Stack, jars

from contracts.codec import decode_reading
from contracts.events import Limits, Place, Reading
from contracts.topics import Topics
from local_stack.kafka import java

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


@pytest.mark.skipif("TIDELINE_KAFKA_BOOTSTRAP" in os.environ, reason="Kafka's tools come with the embedded Kafka")
def test_the_console_producer_example_publishes_a_valid_reading(
    stack: Stack, topics: Topics, tmp_path: Path, only_reading: Callable[[], tuple[bytes | None, Reading]]
) -> None:
    code = example("sh", "kafka-console-producer.sh")
    words = shlex.split(code.replace("127.0.0.1:9092", stack.kafka_bootstrap))
    pipe, tool = words.index("|"), words.index("kafka-console-producer.sh")
    arguments = [topics.readings if word == "readings" else word for word in words[tool + 1 :]]
    class_path = ":".join(str(jar.resolve()) for jar in jars())
    command = java(class_path, tmp_path, "org.apache.kafka.tools.ConsoleProducer", *arguments)
    done = subprocess.run(command, input=words[pipe - 1] + "\n", capture_output=True, text=True, check=True, timeout=60)
    assert "deprecated" not in done.stdout + done.stderr
    key, reading = only_reading()
    assert (key, reading.stream, reading.category, reading.value) == (
        b"lab-3/temperature",
        "lab-3",
        "temperature",
        21.5,
    )
