"""Tiny makers for the processor's tests: records, claims, batches."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from processor.plan import Claim

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLAIM = Claim("readings", 0, 1, 1, 1, 0, None)
NOON_MS = int(NOON.timestamp()) * 1_000


@dataclass(frozen=True)
class FakeRecord:
    """A record as aiokafka delivers it, as far as the processor looks."""

    offset: int
    value: bytes | None
    key: bytes | None = None
    timestamp: int = NOON_MS
    headers: Sequence[tuple[str, bytes | None]] = ()


def wire(
    n: int, stream: str = "lab", category: str = "c", at: datetime = NOON, value: float = 1.5, **more: object
) -> bytes:
    """A plain reading whose id follows from n."""
    fields = {
        "id": str(UUID(int=n)),
        "stream": stream,
        "category": category,
        "timestamp": at.isoformat().replace("+00:00", "Z"),
        "value": value,
    }
    return json.dumps(fields | more, ensure_ascii=False).encode()


def records(values: Sequence[bytes | None], first: int = 0) -> list[FakeRecord]:
    """Records at consecutive offsets."""
    return [FakeRecord(first + n, value) for n, value in enumerate(values)]


def later(**passed: float) -> datetime:
    """Noon plus so much."""
    return NOON + timedelta(**passed)
