"""The states of streams as they change. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Line = dict[str, Any]
SHOWN = ("state", "reason", "run")
"""A person is told when one of these changes; the position moves every second."""


@dataclass(frozen=True, slots=True)
class Change:
    """A stream as it is now; `shown`: something else than its position changed."""

    stream: Line
    shown: bool


def is_gone(stream: Mapping[str, Any]) -> bool:
    """Whether it was deleted and has come to rest."""
    return stream.get("state") == "deleted" or (
        stream.get("desired") == "deleted" and stream.get("state") != "stopping"
    )


def named(stream: Line) -> Line:
    """A stream of a list, named as live updates name it."""
    return {"stream": stream.get("id"), **{name: value for name, value in stream.items() if name != "id"}}


def update(known: dict[str, Line], told: Iterable[Line], whole: bool) -> list[Change]:
    """Change `known` by what was told, and say what changed; `whole`: what is not told exists no longer."""
    told = list(told)
    changes: list[Change] = []
    if whole:
        names = {str(line.get("stream")) for line in told}
        told += [{"stream": name, "state": "deleted"} for name in known if name not in names]
    for line in told:
        name = str(line.get("stream"))
        before = known.get(name)
        if is_gone(line):
            if known.pop(name, None) is not None:
                changes.append(Change({**line, "state": "deleted"}, True))
        elif line != before:
            known[name] = line
            shown = before is None or any(line.get(field) != before.get(field) for field in SHOWN)
            changes.append(Change(line, shown))
    return changes
