"""The AsyncAPI document describes every topic as infra/kafka/topics.toml and the contract do."""

import json
import tomllib
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from docs.generate import ROOT

DOCUMENT = json.loads((ROOT / "services/query-api/src/query_api/pages/asyncapi.json").read_text("utf-8"))
MESSAGES = {"readings": "reading", "rows": "row", "streams": "stream-state"}
EXAMPLES = {"readings": "readings", "rows": "rows", "streams": "stream-states"}


def resolved(reference: str) -> Any:
    found = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_topic_has_a_channel_and_an_operation() -> None:
    topics = set(tomllib.loads((ROOT / "infra/kafka/topics.toml").read_text("utf-8")))
    assert {channel["address"] for channel in DOCUMENT["channels"].values()} == topics == set(MESSAGES)
    actions = {resolved(one["channel"]["$ref"])["address"]: one["action"] for one in DOCUMENT["operations"].values()}
    assert actions == {"readings": "receive", "rows": "receive", "streams": "send"}


def test_every_reference_leads_somewhere() -> None:
    found = list(references(DOCUMENT))
    assert len(found) > 10
    assert all(resolved(reference) for reference in found)


@pytest.mark.parametrize(("topic", "name"), MESSAGES.items())
def test_a_message_is_the_contracts(topic: str, name: str) -> None:
    (channel,) = [channel for channel in DOCUMENT["channels"].values() if channel["address"] == topic]
    (message,) = [resolved(reference["$ref"]) for reference in channel["messages"].values()]
    payload = resolved(message["payload"]["$ref"])
    written = json.loads((ROOT / f"contracts/schema/{name}.json").read_text("utf-8"))
    assert payload["properties"].keys() == written["properties"].keys()
    assert payload["required"] == written["required"]
    schema = payload | {"components": DOCUMENT["components"]}
    validator = jsonschema_rs.Draft202012Validator(schema)
    assert not validator.is_valid({})
    file = ROOT / "contracts/examples" / f"{EXAMPLES[topic]}.json"
    examples = json.loads(file.read_text("utf-8"))
    for example in examples["accepted"]:
        assert validator.is_valid(example["record"]), example["name"]
