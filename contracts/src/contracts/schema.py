"""The JSON Schema of every message, from the same structs that decode it."""

import json
from typing import Any

import msgspec

from contracts.wire import WireReading, WireRow, WireStreamState

MESSAGES: dict[str, type[msgspec.Struct]] = {
    "reading": WireReading,
    "row": WireRow,
    "stream-state": WireStreamState,
}


def message_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one message; unknown fields are allowed, an id needs a timestamp."""
    struct = MESSAGES[name]
    _, definitions = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
    body = definitions.pop(struct.__name__)
    schema: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | body | {"title": name}
    if "id" in body["properties"]:
        schema["dependentRequired"] = {"id": ["timestamp"]}
    if definitions:
        schema["$defs"] = definitions
    return schema


def schema_text(name: str) -> str:
    """The JSON Schema of one message as a file."""
    return json.dumps(message_schema(name), indent=2, ensure_ascii=False) + "\n"
