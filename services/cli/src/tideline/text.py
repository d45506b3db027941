"""Values as a person reads them. Pure."""

from datetime import UTC, datetime
from typing import Any

NOTHING = "-"


def plain(text: object) -> str:
    """The text with everything that could steer a terminal written out."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(text))


def number(value: Any) -> str:
    """A measured value with as many digits as help."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return NOTHING
    if value == 0 or 1e-3 <= abs(value) < 1e12:
        return f"{value:,.4f}"
    return f"{value:.6g}"


def count(value: Any) -> str:
    """How many, with separators."""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else NOTHING


def share(value: Any) -> str:
    """A ratio as per cent; never 100 % when it is less."""
    if not isinstance(value, int | float):
        return NOTHING
    return "100 %" if value >= 1 else f"{min(value * 100, 99.9):.1f} %"


def moment(value: Any) -> str:
    """A time of the server's to the second."""
    try:
        return datetime.fromisoformat(str(value)).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except ValueError:
        return NOTHING


def span(value: Any) -> str:
    """Seconds in the largest units that say enough; empty for less than one."""
    if not isinstance(value, int | float) or value < 1:
        return ""
    seconds = int(value)
    for unit, name, smaller, smaller_name in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= unit:
            rest = seconds % unit // smaller
            return f"{seconds // unit} {name} {rest} {smaller_name}" if rest else f"{seconds // unit} {name}"
    return f"{seconds} s"
