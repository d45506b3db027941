"""What `/audit` answers: its schema and examples for the OpenAPI document."""

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, Field

Result = Literal["PASS", "DIFFERS", "INCOMPLETE"]


class AuditFinding(BaseModel):
    """One place that differs. Fields of the place that do not apply are null."""

    check: str = Field(examples=["windows"])
    invariant: int = Field(examples=[5])
    broken: str = Field(examples=["a window is not its raw values"], description="In words.")
    table: str | None = Field(examples=[None])
    generation: int | None = Field(examples=[None])
    topic: str | None = Field(examples=[None])
    partition: int | None = Field(examples=[None])
    pass_: int | None = Field(examples=[None], alias="pass")
    first_offset: int | None = Field(examples=[None], description="The offsets from here up to, not including,")
    next_offset: int | None = Field(examples=[None], description="this one.")
    stream: str | None = Field(examples=["lab-3"])
    category: str | None = Field(examples=["temperature"])
    minute: dt.datetime | None = Field(examples=["2026-01-02T03:04:00Z"], description="Start of the minute or quarter.")
    id: str | None = Field(examples=[None], description="Of an event.")
    removed_id: int | None = Field(examples=[None], description="Of a line of table `removed`.")
    stored: dict[str, Any] = Field(examples=[{"count": 6}], description="What is stored, of what differs.")
    should_be: dict[str, Any] = Field(examples=[{"count": 5}], description="What it should be.")


class AuditCheck(BaseModel):
    """One thing that must hold."""

    name: str = Field(examples=["windows"])
    invariant: int = Field(examples=[5])
    holds: str = Field(examples=["each window is what its raw values amount to"])
    result: Result = Field(examples=["PASS"])
    findings: int = Field(examples=[0], description="All of them, however many are told.")
    not_checkable: int = Field(examples=[0], description="What cannot be compared: its raw data is gone by retention.")
    unfinished: str | None = Field(examples=[None], description="Why it was not looked at to the end.")
    seconds: float = Field(examples=[0.12])


CHECK = {name: field.examples[0] for name, field in AuditCheck.model_fields.items() if field.examples}


class AuditCovered(BaseModel):
    """What a deep audit read of one partition."""

    generation: int = Field(examples=[1])
    topic: str = Field(examples=["readings"])
    partition: int = Field(examples=[0])
    first_offset: int = Field(examples=[1200], description="Read from here")
    next_offset: int = Field(examples=[40000], description="to here, not included.")
    records: int = Field(examples=[38800])
    not_covered: str | None = Field(
        examples=["offsets 0 to 1199 are older than what Kafka keeps"], description="What was not read, and why."
    )


class AuditBody(BaseModel):
    """Whether everything is as it must be."""

    result: Result = Field(examples=["PASS"])
    at: dt.datetime = Field(examples=["2026-01-09T12:00:00Z"])
    start: dt.datetime = Field(examples=["2026-01-02T12:00:00Z"], description="Windows and quarters from here")
    end: dt.datetime | None = Field(examples=[None], description="to here, not included; null: to the last.")
    deep: bool = Field(examples=[False], description="Whether Kafka was read again.")
    findings_total: int = Field(examples=[0])
    findings: list[AuditFinding] = Field(examples=[[]], description="The first hundred of each check.")
    checks: list[AuditCheck] = Field(examples=[[CHECK]])
    covered: list[AuditCovered] | None = Field(
        examples=[None], description="What a deep audit read of Kafka, partition by partition; null: it was not deep."
    )
    compared_from: dt.datetime | None = Field(
        examples=[None],
        description="Rows before this time may be of records that Kafka has no longer: a deep audit does not ask for "
        "their records. Null: all are compared both ways.",
    )
