"""What a wish about a stream does to it: pure, from the stream as it is to the stream as it is to be, or a Conflict."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from producer.errors import Conflict
from producer.simulate.timeline import SECOND, Timeline
from producer.spec import Spec

Wish = Literal["start", "stop", "pause", "resume", "delete"]

ACTIVE = ("pending", "running", "paused", "stopping")
LIVE_BEHIND_S_MAX = 5.0
"""A stream that was no further behind the clock when it was paused goes on from now, not from where it was."""


@dataclass(frozen=True)
class Stream:
    """What is decided about; `behind_s` is how far behind the clock it was when last seen, None: not known."""

    id: str
    kind: str
    built_in: bool
    spec: dict[str, Any]
    desired: str
    state: str
    reason: str | None
    run: int
    run_start: datetime
    position: int
    delete_data: bool
    behind_s: float | None = None
    dataset: dict[str, Any] = field(default_factory=dict)


def decide(stream: Stream, wish: Wish, now: datetime, delete_data: bool = False) -> Stream:
    """The stream after the wish; itself when nothing is to be done; raises Conflict when it makes no sense now."""
    if wish == "start":
        return start_again(stream, now)
    if wish == "stop":
        return _to_rest(stream, "stopped", "stopped on request")
    if wish == "delete":
        return replace(_to_rest(stream, "deleted", "deleted on request"), delete_data=stream.delete_data or delete_data)
    if wish == "pause":
        return pause(stream)
    return resume(stream, now)


def _to_rest(stream: Stream, desired: str, reason: str) -> Stream:
    if stream.desired in ("deleted", desired):
        return stream
    if stream.state in ("pending", "paused"):  # nobody runs it
        return replace(stream, desired=desired, state="stopped", reason=reason)
    if stream.state == "running":
        return replace(stream, desired=desired, state="stopping", reason=reason)
    return replace(stream, desired=desired)


def pause(stream: Stream) -> Stream:
    """A running stream drains and then is `paused`; one that waits to be run is at once."""
    if stream.desired == "paused":
        return stream
    if stream.desired != "running":
        raise Conflict(f"stream {stream.id} is {stream.state}: only one that runs can be paused")
    state = "paused" if stream.state == "pending" else stream.state
    return replace(stream, desired="paused", state=state, reason="paused on request")


def resume(stream: Stream, now: datetime) -> Stream:
    """A new run from the position reached. A live stream goes on from now, one behind the clock from where it was."""
    if stream.desired == "running":
        return stream
    if stream.desired != "paused":
        raise Conflict(f"stream {stream.id} is {stream.state}: start it instead of resuming it")
    if stream.state == "running":  # it has not drained yet
        return replace(stream, desired="running", reason=None)
    return replace(
        stream,
        desired="running",
        state="pending",
        reason=None,
        run=stream.run + 1,
        run_start=_resumed_run_start(stream, now),
    )


def start_again(stream: Stream, now: datetime) -> Stream:
    """A new run of a stream at rest, with the spec it has. Built-in ones never repeat what they once published."""
    refuse_if_active(stream)
    if stream.kind == "dataset":
        return ingest_on(stream)
    begun = replace(stream, desired="running", state="pending", reason=None)
    if stream.built_in and "count" in stream.spec and stream.desired != "deleted":
        if stream.state == "completed":
            raise Conflict(f"stream {stream.id} is complete: it is published once")
        return begun
    again = replace(begun, run=stream.run + 1, position=0, run_start=now.replace(microsecond=0))
    if stream.kind == "host":
        return again
    spec = Spec.model_validate(stream.spec)
    if stream.built_in and spec.end is None:
        return again
    return replace(again, run_start=spec.start_time or now)


def ingest_on(stream: Stream) -> Stream:
    """A new run of a dataset at rest: a stopped one goes on with the file it has, a failed one is pulled again.

    A refresh that failed asks again for what is newer than the version that was published whole.
    """
    if stream.state == "completed" and stream.desired != "deleted":
        raise Conflict(
            f"stream {stream.id} is complete: a dataset is ingested once; `refresh` asks for a newer version"
        )
    begun = replace(stream, desired="running", state="pending", reason=None, run=stream.run + 1)
    if stream.state == "stopped" and stream.desired != "deleted":
        return begun
    refreshing = stream.dataset.get("stale") and stream.desired != "deleted"
    return replace(begun, position=0, dataset=stream.dataset if refreshing else {})


def refuse_if_active(stream: Stream) -> None:
    """Raise Conflict unless the stream is at rest and not being deleted."""
    if stream.state == "stopping":
        raise Conflict(f"stream {stream.id} is still stopping: start it again in a moment")
    if stream.state in ACTIVE:
        raise Conflict(f"stream {stream.id} is {stream.state} already: stop it before you start it again")
    if stream.desired == "deleted" and stream.delete_data:
        raise Conflict(f"the data of stream {stream.id} is being deleted: try again later or use another id")


def refuse_if_full(active: list[str], running_max: int) -> None:
    """Raise Conflict, naming them, when as many streams as may run at once do."""
    if len(active) >= running_max:
        raise Conflict(f"{len(active)} streams run already, and {running_max} may: stop one of {', '.join(active)}")


def _resumed_run_start(stream: Stream, now: datetime) -> datetime:
    behind_s = stream.behind_s if stream.behind_s is not None else 0.0
    if stream.kind in ("host", "dataset") or behind_s > LIVE_BEHIND_S_MAX:
        return stream.run_start
    spec = Spec.model_validate(stream.spec)
    timeline = Timeline(0, spec.events_per_s, business_days=spec.profile == "prices")
    now_us = round(now.timestamp() * SECOND)
    moved = timeline.start_for(stream.position, now_us)
    return max(stream.run_start, now - timedelta(microseconds=now_us - moved))
