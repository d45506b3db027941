"""A simulation's spec as the server takes it, from what stood on the command line. Pure."""

from datetime import UTC, datetime
from typing import Any


def spec(**given: Any) -> dict[str, Any]:
    """What was given; the server has defaults for the rest, and says what cannot be."""
    return {name: value for name, value in given.items() if value is not None}


def names(text: str) -> list[str]:
    """Categories, separated by commas."""
    return [name.strip() for name in text.split(",")]


def instant(text: str) -> str:
    """A date or time as RFC 3339; UTC where it names no zone. Raises ValueError."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()
