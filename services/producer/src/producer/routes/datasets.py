"""A dataset by its URL."""

from datetime import UTC, datetime
from typing import Any, Literal

from asyncpg import Record
from pydantic import Field

from chassis.bodies import as_model
from chassis.problems import Problem
from contracts.checks import STREAM_PATTERN
from producer import control
from producer.copy import Copy
from producer.datasets.target import id_from_url, parse_target
from producer.errors import Failed
from producer.spec import DatasetSpec


class NewDataset(DatasetSpec):
    """A dataset to ingest: its URL and rules; `refresh` asks for a newer version of one that is complete."""

    id: str | None = Field(None, pattern=STREAM_PATTERN, description="Default: made from the URL's file name.")
    kind: Literal["dataset"] = Field("dataset", description="What feeds the stream.")
    refresh: bool = Field(
        False, strict=True, description="Ask the source again, and add the rows whose number or content is new."
    )


async def ingest(copy: Copy, values: dict[str, Any]) -> tuple[Record, str | None]:
    """Begin what is asked for; the stream then, and why nothing was begun where nothing is to be done."""
    new = as_model(values, NewDataset)
    try:
        parse_target(new.url)
    except Failed as error:
        raise Problem(422, error.detail, errors=[{"parameter": "url", "message": error.detail}]) from None
    spec = DatasetSpec(
        url=new.url,
        timestamp_field=new.timestamp_field or copy.settings.datasets.timestamp_field or None,
        fields=new.fields,
        split_by=new.split_by,
    )
    stream, running_max = new.id or id_from_url(new.url), copy.settings.streams.running_max
    return await control.ingest(
        copy.pool, stream, spec, "refresh" if new.refresh else "once", datetime.now(UTC), running_max
    )
