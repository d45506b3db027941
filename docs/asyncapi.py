"""The AsyncAPI document of all topics: channels and operations from the services' own brokers by FastStream's
generator, messages from contracts. The services cannot know each other; here, beside them, all can be known."""

import json
from typing import Any

from faststream.kafka import KafkaBroker
from faststream.specification.asyncapi import AsyncAPI

from contracts.schema import message_schema
from contracts.topics import Topics
from processor.main import Processor
from processor.settings import ProcessorSettings
from producer.announce import Announcer, control_broker
from producer.settings import ProducerSettings

DESCRIPTION = (
    "What Tideline takes from Kafka and what it tells there. Anyone may publish readings and rows; states of streams "
    "are for reading. Names of topics are those without the setting `topic_prefix`."
)


def document() -> dict[str, Any]:
    """The document, as JSON has it."""
    topics = Topics()
    spec = AsyncAPI(
        Processor(ProcessorSettings()).broker,
        _announcing(topics),
        title="Tideline",
        version="0.1.0",
        description=DESCRIPTION,
        schema_version="3.0.0",
    )
    made: dict[str, Any] = json.loads(spec.to_specification().to_json())
    on_topic = {topics.readings: "reading", topics.rows: "row", topics.streams: "stream-state"}
    messages: dict[str, Any] = dict(made["components"]["messages"])
    schemas: dict[str, Any] = {}
    for channel in made["channels"].values():
        name = on_topic[channel["address"]]
        schemas |= _schemas(name)
        for reference in channel["messages"].values():
            key = reference["$ref"].rpartition("/")[2]
            messages[key] |= {"payload": {"$ref": f"#/components/schemas/{name}"}}
    return made | {"components": {"messages": messages, "schemas": schemas}}


def _announcing(topics: Topics) -> KafkaBroker:
    """The producer's broker with what it publishes; nothing is published here, so there is no database."""
    broker = control_broker(ProducerSettings())
    Announcer(None, broker, topics)  # type: ignore[arg-type]
    return broker


def _schemas(name: str) -> dict[str, Any]:
    """The schema of a message and those it refers to."""
    text = json.dumps(message_schema(name)).replace('"#/$defs/', '"#/components/schemas/')
    schema: dict[str, Any] = json.loads(text)
    del schema["$schema"]
    definitions: dict[str, Any] = schema.pop("$defs", {})
    return definitions | {name: schema}
