"""What asking for a dataset does to the stream of its id: pure, as in decide."""

from dataclasses import replace
from typing import Literal

from producer.decide import ACTIVE, Stream, ingest_on, refuse_if_active
from producer.errors import Conflict
from producer.spec import DatasetSpec

Ask = Literal["once", "refresh", "at_start"]
"""By a person or program; for a newer version; by the setting `dataset_url`, which starts nothing that is stopped."""


def ingest(stream: Stream, spec: DatasetSpec, ask: Ask) -> Stream:
    """The stream after that; itself where it is under way or done already. Raises Conflict for another spec."""
    if stream.kind != "dataset":
        raise Conflict(f"stream {stream.id} is no dataset: use another id")
    before = DatasetSpec.model_validate(stream.spec)
    if ask == "at_start" and before.url == spec.url and stream.state != "failed":
        return stream
    _refuse_another(stream, before, spec)
    if ask == "refresh":
        refuse_if_active(stream)
        return _refreshed(stream)
    if stream.state in (*ACTIVE, "completed"):
        return stream
    return replace(ingest_on(stream), spec=spec.model_dump(mode="json"))


def already(stream: Stream) -> str:
    """Why nothing was begun, in words."""
    if stream.state == "completed":
        rows = stream.dataset.get("rows", stream.position)
        return f"already ingested from this URL: {rows} rows; refresh=true asks the source for a newer version"
    return f"already {stream.state}: this URL is ingested once"


def _refuse_another(stream: Stream, before: DatasetSpec, spec: DatasetSpec) -> None:
    if before.model_copy(update={"url": spec.url}) != spec:
        raise Conflict(
            f"fields, split_by and timestamp_field of stream {stream.id} are fixed: use another id, or delete it"
        )
    if before.url != spec.url and (stream.state in ACTIVE or stream.dataset):
        raise Conflict(f"stream {stream.id} comes from another URL: use another id, or delete it")


def _refreshed(stream: Stream) -> Stream:
    """A complete one asks for what is newer, also when that was begun before; any other one begins anew."""
    if stream.state != "completed":
        return replace(ingest_on(stream), position=0, dataset=stream.dataset if stream.dataset.get("stale") else {})
    stale = stream.dataset | {"stale": True}
    return replace(
        stream, desired="running", state="pending", reason=None, run=stream.run + 1, position=0, dataset=stale
    )
