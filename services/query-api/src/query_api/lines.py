"""The lines of each list: their fields in order, for CSV, and their schema, for the OpenAPI document."""

import datetime as dt
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field


class SeriesLine(BaseModel):
    """One (stream, category) pair that has data."""

    stream: str = Field(examples=["demo"])
    category: str = Field(examples=["temperature"])
    first: dt.datetime = Field(examples=["2026-01-02T00:00:00Z"])
    last: dt.datetime = Field(examples=["2026-01-09T11:59:50Z"])
    count: int = Field(examples=[64794])


class ReadingLine(BaseModel):
    """One reading as it was accepted."""

    timestamp: dt.datetime = Field(examples=["2026-01-02T03:04:05.678000Z"])
    value: float = Field(examples=[21.5])
    category: str = Field(examples=["temperature"])
    stream: str = Field(examples=["demo"])
    id: UUID = Field(examples=["019b7c5e-2c1e-7b7c-8f3a-0f6a4c1d2e3f"])


class RowLine(BaseModel):
    """One dataset row as it was accepted."""

    timestamp: dt.datetime = Field(examples=["2025-01-01T00:00:00.250000Z"])
    stream: str = Field(examples=["molding"])
    row: int = Field(examples=[0], description="Its number in the file, from 0.")
    id: UUID = Field(examples=["0f4a1c5e-2c1e-5b7c-8f3a-0f6a4c1d2e3f"])
    data: dict[str, Any] = Field(examples=[{"CycleTime": 31.2, "ShotCount": 1204}])


class TotalLine(BaseModel):
    """One series over the whole range."""

    stream: str = Field(examples=["demo"])
    category: str = Field(examples=["temperature"])
    avg_value: float = Field(examples=[21.25])
    count: int = Field(examples=[60])
    sum: float = Field(examples=[1275.0])
    min: float = Field(examples=[20.5])
    max: float = Field(examples=[22.0])
    last_timestamp: dt.datetime = Field(examples=["2026-01-02T03:04:50Z"])


class BucketLine(TotalLine):
    """One series in one bucket of a step."""

    window_start: dt.datetime = Field(examples=["2026-01-02T03:04:00Z"])


class DayLine(BaseModel):
    """One series on one local day that has data."""

    date: dt.date = Field(examples=["2025-01-06"])
    stream: str = Field(examples=["prices"])
    category: str = Field(examples=["EURUSD"])
    avg_value: float = Field(examples=[1.0352])
    min: float = Field(examples=[1.0301])
    max: float = Field(examples=[1.0398])
    count: int = Field(examples=[4320])
    minutes_expected: int = Field(examples=[1440], description="The day's real length.")
    minutes_present: int = Field(examples=[1440], description="Minutes of it that have data.")
    coverage: float = Field(examples=[1.0], description="minutes_present / minutes_expected.")
    complete: bool = Field(examples=[True], description="Whether the day is over in its time zone.")


class PriceLine(BaseModel):
    """The average of one day."""

    date: dt.date = Field(examples=["2025-01-06"])
    average_price: float = Field(examples=[1.0352])
    count: int = Field(examples=[4320])


class LagLine(BaseModel):
    """How far one partition was processed."""

    topic: str = Field(examples=["readings"])
    partition: int = Field(examples=[0])
    log_start: int = Field(examples=[0], description="First offset that Kafka still has.")
    log_end: int = Field(examples=[120000], description="Offset behind the last record.")
    next_offset: int | None = Field(examples=[118500], description="Up to where it is visible; null: never claimed.")
    records_behind: int = Field(examples=[1500])
    seconds_behind: float | None = Field(
        examples=[0.84],
        description="Since the first unread record was appended; 0 when there is none, null when it could not be read.",
    )
    in_per_s: float = Field(examples=[2000.0], description="Records appended a second, in the last half minute.")
    out_per_s: float = Field(examples=[2500.0], description="Records processed a second, in the last half minute.")
    trend: Literal["growing", "falling", "steady"] = Field(examples=["falling"])
    drain_s: float | None = Field(examples=[3.0], description="Until nothing is behind, at these rates; null: never.")
    member: str | None = Field(
        examples=["processor-1-5d0e6c1f"], description="Who owns it in the processors' group, where Kafka knows."
    )
    member_host: str | None = Field(examples=["127.0.0.1"])
    trouble: str | None = Field(examples=[None], description="Why it does not go on, and what to do.")


class ProblemBody(BaseModel):
    """RFC 9457: every error looks like this."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Unprocessable Entity"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["start: is not a time; write RFC 3339 (2026-01-02T03:04:05Z) or a date"])
    errors: list[dict[str, str]] = Field(examples=[[{"parameter": "start", "message": "is not a time"}]])
    request_id: str = Field(examples=["9f86d081884c7d65"])


def columns(line: type[BaseModel]) -> list[str]:
    """The names of a line's fields, in order."""
    return list(line.model_fields)
