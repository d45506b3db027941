"""Topic names in code and in infra/kafka/topics.toml are the same ones."""

import tomllib
from pathlib import Path

from contracts.topics import Topics

TOPICS_FILE = Path(__file__).parents[2] / "infra" / "kafka" / "topics.toml"


def test_the_topics_that_are_created_are_the_topics_that_code_names() -> None:
    names = Topics()
    assert set(tomllib.loads(TOPICS_FILE.read_text("utf-8"))) == {names.readings, names.rows, names.streams}


def test_a_prefix_goes_before_every_name() -> None:
    names = Topics("test-")
    assert (names.readings, names.rows, names.streams) == ("test-readings", "test-rows", "test-streams")
    assert names.processor_group == "test-tideline.processor"
