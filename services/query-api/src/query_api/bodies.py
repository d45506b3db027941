"""Bodies in the OpenAPI document that no model of ours describes: what the producer takes, and examples."""

import json
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from contracts.schema import message_schema
from query_api.wishes import DiscardWish, ReplayWish

TABLE_ROW = {
    "machine": "M-5",
    "product": "bottle",
    "cycle_time_s": 19.52,
    "temperature_c": 211.5,
    "pressure_bar": 79.1,
    "weight_g": 24.01,
    "energy_wh": 55.8,
    "scrap": False,
}
PARTS_EXAMPLE = (
    '{"part":"random-int","data":{"value":42}}\n'
    '{"part":"table","error":{"status":503,"detail":"Kafka has not acknowledged the rows: ask again in a moment"}}\n'
    '{"part":"time-series","data":[{"timestamp":"2026-01-02T03:04:05Z","value":21.5}]}\n'
)
_LETTER = {"topic": "readings", "partition": 3, "offset": 1204}
WISHES = {
    "ReplayWish": {
        "as it is": {"value": {"letters": [_LETTER]}},
        "edited": {
            "value": {"letters": [_LETTER], "value": '{"stream":"lab-3","category":"temperature","value":21.5}'}
        },
        "by reason": {"value": {"filter": {"reason": ["wrong_type"], "stream": "lab-3"}, "limit": 100}},
    },
    "DiscardWish": {
        "one": {"value": {"letters": [_LETTER], "note": "a test of ours"}},
        "by reason": {"value": {"filter": {"reason": ["not_json"], "end": "now-7d"}, "note": "the old firmware"}},
    },
}
FOLLOW_EXAMPLE = (
    "id: 2026-01-02T03:04:05.250000Z\n"
    'data: {"timestamp":"2026-01-02T03:04:05.250000Z","category":"value","value":42.0}\n\n'
)


def new_stream() -> dict[str, Any]:
    """The body that starts a stream."""
    examples = {
        "numbers": {"value": {"id": "lab", "profile": "random-int"}},
        "backfill": {
            "value": {
                "id": "plant",
                "profile": "sensor",
                "rate": 100,
                "duration": 86400,
                "start_time": "2026-01-02T00:00:00Z",
            }
        },
        "dataset": {"value": {"id": "molding", "kind": "dataset", "url": "https://data.example/molding.json"}},
    }
    schema = {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("NewStream", "NewDataset")]}
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": examples}}}


def new_events() -> dict[str, Any]:
    """The body that publishes events."""
    event = {"stream": "lab-3", "category": "temperature", "timestamp": "2026-01-02T03:04:05.678Z", "value": 21.5}
    lines = "".join(json.dumps(event | {"value": value}) + "\n" for value in (21.5, 21.75))
    content = {
        "application/json": {"schema": {"$ref": "#/components/schemas/NewEvent"}, "example": event},
        "application/x-ndjson": {"schema": {"type": "string"}, "example": lines},
    }
    return {"required": True, "content": content}


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """A body that is such a wish."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": WISHES[model.__name__]}}}


def schemas() -> dict[str, Any]:
    """The schemas that these bodies refer to, by name: the producer's (by `make docs`), the contract's, ours."""
    streams: dict[str, Any] = json.loads((files("query_api") / "pages" / "new-stream.json").read_text())
    models: list[tuple[type[BaseModel], Literal["validation"]]] = [
        (ReplayWish, "validation"),
        (DiscardWish, "validation"),
    ]
    wishes: dict[str, Any] = models_json_schema(models, ref_template="#/components/schemas/{model}")[1]["$defs"]
    return streams | wishes | {"NewEvent": message_schema("reading")}
