"""What the server tells of a dataset that it ingests, as a person reads it. Pure; parts that are missing do no harm."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tideline.text import count, span

Line = Mapping[str, Any]
ENDED = ("completed", "failed", "stopped")


def wanted(source: str, stream: str | None, refresh: bool, **rules: list[str] | str | None) -> dict[str, Any]:
    """The request for a dataset; what was not given is left to the server."""
    fields = {name: rules[name] for name in ("include", "exclude") if rules.get(name)}
    given = {"id": stream, "fields": fields, "split_by": rules.get("split_by"), "refresh": refresh}
    given["timestamp_field"] = rules.get("timestamp_field")
    return {"kind": "dataset", "url": source} | {name: value for name, value in given.items() if value}


@dataclass
class Shown:
    """What has been shown of an ingest already."""

    rejects: int = 0

    def new_rejects(self, stream: Line) -> list[str]:
        """The rejected rows that were not shown yet; the server keeps the first ones only."""
        progress = progress_of(stream)
        if stream.get("state") == "pending" or progress.get("phase") == "pulling":  # those of an earlier file
            return []
        rejects = progress.get("rejects")
        found = [one for one in rejects if isinstance(one, Mapping)] if isinstance(rejects, list) else []
        new, self.rejects = found[self.rejects :], max(self.rejects, len(found))
        return [f"line {one.get('line')}: {one.get('code')}: {one.get('detail')}" for one in new]


def progress_of(stream: Line) -> Line:
    """The figures of a stream."""
    progress = stream.get("progress")
    return progress if isinstance(progress, Mapping) else {}


def part_done(stream: Line) -> tuple[int, int | None]:
    """Bytes that are done in the present phase, and all of them where that is known."""
    progress = progress_of(stream)
    done = progress.get("bytes_read" if progress.get("phase") == "publishing" else "bytes")
    total = progress.get("bytes_total")
    return done if isinstance(done, int) else 0, total if isinstance(total, int) else None


def sentence(stream: Line) -> str:
    """What happens now."""
    progress, state = progress_of(stream), stream.get("state")
    if state != "running":
        return str(state)
    if progress.get("phase") == "pulling":
        return f"pulling, {size(progress.get('bytes'))}, {size(progress.get('bytes_per_s'))}/s"
    if progress.get("phase") == "publishing":
        return f"publishing, {rows(progress)}, {count(round(progress.get('rows_per_s') or 0))} rows/s"
    return "running"


def time_left(stream: Line) -> str:
    """As far as the server knows."""
    left = span(progress_of(stream).get("seconds_left"))
    return f"{left} left" if left and stream.get("state") == "running" else ""


def outcome(stream: Line) -> str:
    """What became of it."""
    progress = progress_of(stream)
    figures = f": {rows(progress)}, {size(progress.get('bytes'))}" if "rows" in progress else ""
    reason = f" ({stream['reason']})" if stream.get("reason") else ""
    return f"{stream.get('id')} is {stream.get('state')}{figures}{reason}"


def rows(progress: Line) -> str:
    """How many rows were looked at, and how many of them were left out."""
    rejected = progress.get("rejected") or 0
    return f"{count(progress.get('rows') or 0)} rows" + (f", {count(rejected)} rejected" if rejected else "")


def size(value: Any) -> str:
    """Bytes, in megabytes once there are some."""
    amount = value if isinstance(value, int | float) else 0
    return f"{amount / 1e6:,.1f} MB" if amount >= 100_000 else f"{amount:,.0f} bytes"
