"""The rules of docs/events.md written down a second time, with nothing of ours imported: what recounts rely on."""

import json
import re
import sys
from datetime import datetime, timedelta
from typing import Any

KINDS: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "stream": str,
    "category": str,
    "timestamp": str,
    "value": (int, float),
}


def read_reading(value: bytes | None, arrived: datetime) -> dict[str, Any] | None:
    """The fields of a valid reading as they were sent, unknown ones included; None where it is not valid."""
    if not value or len(value) > 1_048_576:
        return None
    try:
        fields = json.loads(value.decode(), object_pairs_hook=_named_once)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or not _plain(fields, 1) or not _valid(fields):
        return None
    return fields if "timestamp" not in fields or _valid_time(fields["timestamp"], arrived) else None


def _named_once(found: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in found}) < len(found):
        raise ValueError("twice")
    return dict(found)


def _plain(part: Any, depth: int) -> bool:
    match part:
        case str():
            return "\x00" not in part and not re.search("[\ud800-\udfff]", part)
        case int() | float():
            return abs(part) <= sys.float_info.max
        case dict() | list():
            inner = [*part, *part.values()] if isinstance(part, dict) else part
            return depth <= 20 and all(_plain(each, depth + 1) for each in inner)
    return True


def _valid(fields: dict[str, Any]) -> bool:
    known = {key: fields[key] for key in KINDS if key in fields}
    if any(isinstance(each, bool) or not isinstance(each, KINDS[key]) for key, each in known.items()):
        return False
    if not {"stream", "category", "value"} <= set(known) or ("id" in known and "timestamp" not in known):
        return False
    return (
        bool(re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]{0,63}", known["stream"]))
        and abs(float(known["value"])) <= 1e15
        and 1 <= len(known["category"]) <= 128
        and not re.search("[\x00-\x1f\x7f-\x9f]", known["category"])
        and ("id" not in known or bool(re.fullmatch("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", known["id"])))
    )


def _valid_time(text: str, arrived: datetime) -> bool:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:[0-5]\d)", text, re.ASCII):
        return False
    try:
        time = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.upper()))
        return timedelta(days=-7305) <= time - arrived <= timedelta(days=1)
    except (ValueError, OverflowError):
        return False
