"""Keys for a query API of a test."""

from hashlib import sha256
from typing import Any

READ, CONTROL = "tideline_reads", "tideline_controls"


def api_keys() -> list[dict[str, Any]]:
    """One key of each scope, as the settings have them."""
    return [
        {"name": scope, "scope": scope, "sha256": sha256(key.encode()).hexdigest()}
        for scope, key in (("read", READ), ("control", CONTROL))
    ]


def bearing(key: str) -> dict[str, str]:
    """The header of a request with this key."""
    return {"Authorization": f"Bearer {key}"}
