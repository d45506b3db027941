"""Creating topics, on a real Kafka."""

import secrets
import tomllib
from pathlib import Path

import pytest
from tests.support.stack import ROOT, Stack

from chassis.errors import StartError
from contracts.topics import Topics
from provision.topics import TopicSpec, TopicState, admin_client, complaints, create_topics, describe, read_specs

FILE = ROOT / "infra" / "kafka" / "topics.toml"
READINGS = TopicSpec("readings", 6, {"message.timestamp.type": "LogAppendTime"})


def test_the_file_lists_the_topics_of_the_contracts() -> None:
    topics = Topics()
    assert sorted(tomllib.loads(FILE.read_text())) == sorted([topics.readings, topics.rows, topics.streams])


def test_names_get_the_prefix_and_three_copies_a_minimum_in_sync() -> None:
    specs = {spec.name: spec for spec in read_specs(FILE, "blue.", 3)}
    assert set(specs) == {"blue.readings", "blue.rows", "blue.streams"}
    assert {spec.config["min.insync.replicas"] for spec in specs.values()} == {"2"}


def test_one_copy_needs_no_minimum_in_sync() -> None:
    assert all("min.insync.replicas" not in spec.config for spec in read_specs(FILE, "", 1))


def test_a_topic_that_fits_or_is_larger_is_no_complaint() -> None:
    assert complaints([READINGS], {"readings": TopicState(6, "LogAppendTime", "delete")}) == []
    assert complaints([READINGS], {"readings": TopicState(12, "LogAppendTime", "delete")}) == []
    assert complaints([READINGS], {}) == []


def test_each_thing_that_is_wrong_is_one_complaint() -> None:
    found = complaints([READINGS], {"readings": TopicState(3, "CreateTime", "compact,delete")})
    assert found == [
        "topic readings has 3 partitions, 6 are needed: delete it or add partitions with Kafka's own tools",
        "topic readings has message.timestamp.type=CreateTime: set it to LogAppendTime",
        "topic readings has cleanup.policy=compact,delete, which loses events: set it to delete",
    ]


@pytest.mark.parametrize("text", ["[readings]\n", "[readings]\npartitions = 'six'\n", "[[", ""])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "topics.toml"
    if text:
        path.write_text(text)
    with pytest.raises(StartError, match=r"topics\.toml.*TIDELINE_TOPICS_FILE"):
        read_specs(path, "", 1)


async def test_topics_are_created_once_with_their_settings(stack: Stack) -> None:
    specs = read_specs(FILE, f"t{secrets.token_hex(4)}.", 1)
    made = await create_topics(stack.kafka_bootstrap, specs)
    assert made == [spec.name for spec in specs]
    assert await create_topics(stack.kafka_bootstrap, specs) == []
    async with admin_client(stack.kafka_bootstrap, wait_s=10) as admin:
        found = await describe(admin, made)
        await admin.delete_topics(made)
    assert {name.partition(".")[2]: state for name, state in found.items()} == {
        "readings": TopicState(6, "LogAppendTime", "delete"),
        "rows": TopicState(6, "LogAppendTime", "delete"),
        "streams": TopicState(1, "CreateTime", "compact"),
    }


async def test_an_existing_topic_with_too_few_partitions_ends_it_and_creates_nothing(stack: Stack) -> None:
    prefix = f"t{secrets.token_hex(4)}."
    small = TopicSpec(f"{prefix}readings", 1, {"message.timestamp.type": "LogAppendTime"})
    await create_topics(stack.kafka_bootstrap, [small])
    with pytest.raises(StartError, match=f"{prefix}readings has 1 partitions, 6 are needed"):
        await create_topics(stack.kafka_bootstrap, read_specs(FILE, prefix, 1))
    async with admin_client(stack.kafka_bootstrap, wait_s=10) as admin:
        assert set(await describe(admin, [f"{prefix}rows", small.name])) == {small.name}
        await admin.delete_topics([small.name])


async def test_more_copies_than_brokers_is_one_line(stack: Stack) -> None:
    with pytest.raises(StartError, match=r"cannot create topic t\S+\.readings: "):
        await create_topics(stack.kafka_bootstrap, read_specs(FILE, f"t{secrets.token_hex(4)}.", 9), 9)


async def test_a_kafka_that_is_away_is_one_line_within_the_limit() -> None:
    with pytest.raises(StartError, match=r"^no Kafka at 127\.0\.0\.1:1 within 0\.5 s .*TIDELINE_KAFKA_BOOTSTRAP$"):
        await create_topics("127.0.0.1:1", [READINGS], wait_s=0.5)
