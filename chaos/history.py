"""What happened in one run, as JSON: enough to check it again without the servers."""

import base64
import gzip
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.support.publisher import Record


@dataclass
class History:
    """One run: what was asked, what was done, what was acknowledged, what the servers held in the end."""

    seed: int
    seconds: float
    revision: str
    faults: list[dict[str, Any]] = field(default_factory=list)
    acknowledged: list[tuple[tuple[str, int, int], str]] = field(default_factory=list)
    """(topic, partition, offset), sha256 of the value."""
    streams: dict[str, int] = field(default_factory=dict)
    """Simulated streams without spoiled events, and how many events each has."""
    broken: list[str] = field(default_factory=list)
    """Invariants that did not hold in a snapshot."""
    snapshots: int = 0
    samples: list[dict[str, Any]] = field(default_factory=list)
    """Memory, open files and lag over time."""
    problems: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    tables: dict[str, list[list[Any]]] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write all of it, compressed."""
        with gzip.open(path, "wt", encoding="utf-8") as file:
            json.dump(asdict(self), file, default=_as_json)

    @classmethod
    def load(cls, path: Path) -> "History":
        """Read what `save` wrote."""
        with gzip.open(path, "rt", encoding="utf-8") as file:
            history = cls(**json.load(file))
        history.acknowledged = [((t, p, o), digest) for (t, p, o), digest in history.acknowledged]
        history.records = [_record(fields) for fields in history.records]  # type: ignore[arg-type]
        return history


def _as_json(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _record(fields: dict[str, Any]) -> Record:
    for name in ("key", "value"):
        fields[name] = None if fields[name] is None else base64.b64decode(fields[name])
    headers = tuple((name, None if value is None else base64.b64decode(value)) for name, value in fields["headers"])
    return Record(**fields | {"headers": headers})
