"""What the routes about streams answer: fields in order, their schema, and examples for the OpenAPI document."""

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, Field

State = Literal["pending", "running", "paused", "stopping", "stopped", "completed", "failed"]


class StreamLine(BaseModel):
    """One stream. Of one that only outsiders publish to (`external`) the id is known, and what is kept."""

    id: str = Field(examples=["lab"])
    kind: Literal["host", "simulation", "dataset", "external"] = Field(examples=["simulation"])
    built_in: bool = Field(examples=[False])
    spec: dict[str, Any] = Field(examples=[{"profile": "random-int"}], description="As it was asked for.")
    desired: Literal["running", "paused", "stopped", "deleted"] | None = Field(examples=["running"])
    state: State | None = Field(examples=["running"])
    reason: str | None = Field(examples=["stopped on request"])
    run: int | None = Field(examples=[1], description="Counts its starts.")
    run_start: dt.datetime | None = Field(
        examples=["2026-01-02T03:04:05Z"], description="Event time of the run's first event."
    )
    started_at: dt.datetime | None = Field(examples=["2026-01-02T03:04:05.250000Z"])
    position: int | None = Field(examples=[240], description="Events of this run that Kafka has acknowledged.")
    owner: str | None = Field(examples=["producer/1f3c9a0e"], description="The producer copy that runs it.")
    progress: dict[str, Any] = Field(examples=[{}])
    created_at: dt.datetime | None = Field(examples=["2026-01-02T03:04:05Z"])
    updated_at: dt.datetime | None = Field(examples=["2026-01-02T03:05:05Z"])
    row_count: int | None = Field(
        None, examples=[240], description="Readings or rows of it that are kept, of all runs; not told after a change."
    )


class TaskLine(BaseModel):
    """One stream that counts towards those that may run at once."""

    batch_id: str = Field(examples=["lab"])
    state: State = Field(examples=["running"])
    started_at: dt.datetime | None = Field(examples=["2026-01-02T03:04:05.250000Z"])
    row_count: int = Field(examples=[240], description="Readings or rows of it that are kept.")


class TotalsBody(BaseModel):
    """What is kept and what runs."""

    row_count: int = Field(examples=[302400], description="Readings and rows kept.")
    task_count: int = Field(examples=[1], description="Streams that count towards those that may run at once.")


class MinuteBody(BaseModel):
    """All categories of a stream over the last whole minute."""

    batch_id: str = Field(examples=["lab"])
    start: dt.datetime = Field(examples=["2026-01-02T10:10:00Z"])
    end: dt.datetime = Field(examples=["2026-01-02T10:11:00Z"], description="Not included.")
    average: float | None = Field(examples=[49.5], description="null when there is no value.")
    sum: float = Field(examples=[11880.0])
    count: int = Field(examples=[240])


class MessageBody(BaseModel):
    """What was done, in words."""

    message: str = Field(examples=["Data ingestion started"])


class EventAnswer(BaseModel):
    """What became of one line: accepted with the identity it has, or refused with the reason."""

    line: int = Field(examples=[1])
    status: Literal["accepted", "refused"] = Field(examples=["accepted"])
    id: str | None = Field(None, examples=["019b7c5e-2c1e-7b7c-8f3a-0f6a4c1d2e3f"])
    timestamp: dt.datetime | None = Field(None, examples=["2026-01-02T03:04:05.678Z"])
    reason: str | None = None
    detail: str | None = None


class RandomInt(BaseModel):
    """One random number."""

    value: int = Field(examples=[42])


class Point(BaseModel):
    """One point of a time series."""

    timestamp: dt.datetime = Field(examples=["2026-01-02T03:04:05Z"])
    value: float = Field(examples=[21.5])
