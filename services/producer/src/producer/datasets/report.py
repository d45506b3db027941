"""What people see of a dataset while it is pulled and published, as it is stored with the stream."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Literal

from producer.datasets.chunks import Reject

RATE_WINDOW_S = 10.0

Phase = Literal["pulling", "publishing", "done"]


class Report:
    """The shown figures, brought forward; begins with what an earlier run of the same file has stored."""

    def __init__(self, before: dict[str, Any], rejects_kept: int) -> None:
        self._rejects_kept = rejects_kept
        self._figures = dict(before)
        self._rates: dict[str, _Rate] = {}

    def figures(self) -> dict[str, Any]:
        """A copy of all of them."""
        return dict(self._figures)

    @property
    def rejected(self) -> int:
        """How many rows were left out so far."""
        return int(self._figures.get("rejected", 0))

    @property
    def first_reject(self) -> dict[str, Any] | None:
        """The first one, in full."""
        rejects = self._figures.get("rejects")
        return rejects[0] if rejects else None

    def missing(self, split_by: Iterable[str]) -> list[str]:
        """Those of the fields that no row had so far."""
        return [name for name in split_by if name not in self._figures.get("labelled", ())]

    def pulling(self, count: int, total: int | None, now_s: float) -> None:
        """So many bytes have arrived, of so many where the server said so."""
        per_s = self._per_s("bytes", count, now_s)
        left_s = _left_s(count, total, per_s)
        self._set("pulling", bytes=count, bytes_total=total, bytes_per_s=round(per_s), seconds_left=left_s)

    def begin_publishing(self, sha256: str, size: int, rows: int) -> None:
        """The file is there; publishing begins at a row, the first one: then nothing was rejected yet."""
        if rows == 0 or "rejected" not in self._figures:
            self._set("publishing", rejected=0, rejected_by={}, rejects=[])
            self._figures.pop("labelled", None)
        self._set("publishing", sha256=sha256, bytes=size, bytes_total=size, bytes_read=0, rows=rows)
        self._figures.pop("bytes_per_s", None)

    def published(
        self, rows: int, bytes_read: int, rejects: Sequence[Reject], labelled: Iterable[str], now_s: float
    ) -> None:
        """Kafka has all rows below this number but the rejected ones; `labelled`: what they had of `split_by`."""
        if labelled:
            self._figures["labelled"] = sorted({*self._figures.get("labelled", ()), *labelled})
        for reject in rejects:
            by_code = self._figures["rejected_by"]
            by_code[reject.code] = by_code.get(reject.code, 0) + 1
            self._figures["rejected"] += 1
            if len(self._figures["rejects"]) < self._rejects_kept:
                self._figures["rejects"].append(asdict(reject))
        rows_per_s = self._per_s("rows", rows, now_s)
        left_s = _left_s(bytes_read, self._figures["bytes_total"], self._per_s("read", bytes_read, now_s))
        taken = rows - self._figures["rejected"]
        self._set(
            "publishing",
            bytes_read=bytes_read,
            rows=rows,
            published=taken,
            rows_per_s=round(rows_per_s, 1),
            seconds_left=left_s,
        )

    def done(self) -> None:
        """Nothing more is to come."""
        self._set("done", seconds_left=0)

    def _set(self, phase: Phase, **figures: Any) -> None:
        self._figures |= {"phase": phase} | figures

    def _per_s(self, name: str, count: int, now_s: float) -> float:
        return self._rates.setdefault(name, _Rate()).note(count, now_s)


class _Rate:
    """A count's growth a second, over the last few."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, int]] = deque()

    def note(self, count: int, now_s: float) -> float:
        """The count is this now; how fast it grows."""
        self._points.append((now_s, count))
        while len(self._points) > 2 and now_s - self._points[1][0] > RATE_WINDOW_S:
            self._points.popleft()
        since_s, before = self._points[0]
        return max(0, count - before) / (now_s - since_s) if now_s > since_s else 0.0


def _left_s(count: int, total: int | None, per_s: float) -> float | None:
    return round(max(0, total - count) / per_s, 1) if total is not None and per_s > 0 else None
