"""What the routes about dead letters answer: fields in order, their schema, and examples for the OpenAPI document."""

import datetime as dt
from typing import Literal

from pydantic import BaseModel, Field

from contracts.reasons import Reason

EXAMPLE = Reason.WRONG_TYPE
State = Literal["open", "replayed", "discarded"]
Encoding = Literal["text", "base64"]


class LetterLine(BaseModel):
    """One dead letter: its place in Kafka, why it was refused and what became of it."""

    topic: str = Field(examples=["readings"])
    partition: int = Field(examples=[3])
    offset: int = Field(examples=[1204])
    generation: int = Field(examples=[1], description="Which life of the topic.")
    received_at: dt.datetime = Field(examples=["2026-01-02T03:04:05.750000Z"], description="When it was kept.")
    append_time: dt.datetime = Field(examples=["2026-01-02T03:04:05.678000Z"], description="When Kafka took it.")
    stream: str | None = Field(examples=["lab-3"], description="As far as its value or key tells.")
    reason: str = Field(examples=[EXAMPLE.value])
    cause: str | None = Field(examples=[EXAMPLE.cause], description="The reason in words.")
    fix: str | None = Field(examples=[EXAMPLE.fix], description="What its publisher can do.")
    detail: str = Field(examples=["`value` must be a number, not a text"], description="What is wrong with this one.")
    state: State = Field(examples=["open"])
    key: str | None = Field(examples=["lab-3/temperature"])
    key_encoding: Encoding | None = Field(examples=["text"])
    value: str | None = Field(
        examples=['{"stream":"lab-3","category":"temperature","value":"21.5"}'],
        description="As text where it is printable UTF-8, else base64.",
    )
    value_encoding: Encoding | None = Field(examples=["text"])
    bytes: int | None = Field(examples=[58], description="Of the whole value.")
    truncated: bool = Field(examples=[False], description="Whether `value` is only its beginning.")
    requested_at: dt.datetime | None = Field(examples=[None], description="Of a replay or discard on its way.")
    replayed_at: dt.datetime | None = Field(examples=[None])
    tried_at: dt.datetime | None = Field(examples=[None], description="Of the newest replay that was refused again.")
    tried_reason: str | None = Field(examples=[None])
    tried_detail: str | None = Field(examples=[None])
    discarded_at: dt.datetime | None = Field(examples=[None])
    note: str | None = Field(examples=[None], description="Why it was discarded.")


class Header(BaseModel):
    """One header of a record."""

    name: str = Field(examples=["traceparent"])
    value: str = Field(examples=["00-4bf9"])
    encoding: Encoding = Field(examples=["text"])


class LetterBody(LetterLine):
    """One dead letter, whole."""

    headers: list[Header] = Field(examples=[[{"name": "traceparent", "value": "00-4bf9", "encoding": "text"}]])


class ReasonLine(BaseModel):
    """How many dead letters have this reason."""

    reason: str = Field(examples=[EXAMPLE.value])
    cause: str | None = Field(examples=[EXAMPLE.cause])
    fix: str | None = Field(examples=[EXAMPLE.fix])
    count: int = Field(examples=[12])
    open: int = Field(examples=[9], description="Neither replayed nor discarded.")
    requested: int = Field(examples=[1], description="With a replay or discard on its way.")
    replayed: int = Field(examples=[2])
    discarded: int = Field(examples=[1])
    newest: dt.datetime = Field(examples=["2026-01-02T03:04:05.750000Z"])


class WishedLetter(BaseModel):
    """What became of one wish."""

    generation: int = Field(examples=[1])
    topic: str = Field(examples=["readings"])
    partition: int = Field(examples=[3])
    offset: int = Field(examples=[1204])
    outcome: Literal["requested", "replayed", "discarded", "unknown", "too_large"] = Field(
        examples=["requested"],
        description="`requested`: booked; `replayed`, `discarded`: so already; `unknown`: no such letter; `too_large`: "
        "more bytes than may be published, send it edited.",
    )


class WishBody(BaseModel):
    """What was booked; it is carried out within a second or two."""

    requested: int = Field(examples=[1], description="How many of `letters` are.")
    next: str | None = Field(examples=[None], description="There are more: send the same with this as `cursor`.")
    letters: list[WishedLetter] = Field(
        examples=[[{"generation": 1, "topic": "readings", "partition": 3, "offset": 1204, "outcome": "requested"}]]
    )
