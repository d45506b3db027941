"""What may be wished of dead letters: bodies, and the letters that they mean."""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from query_api.database import Database
from query_api.letters import letters_page
from query_api.paging import LetterCursor, decode, encode, question_of
from query_api.parameters import LetterFilter, Query, TopicName

LETTERS_MAX = 1_000
VALUE_BYTES_MAX = 1_048_000
"""What Kafka takes, and some room for key and header."""


class LetterPlace(Query):
    """Where a dead letter came from."""

    topic: TopicName
    partition: Annotated[int, Field(strict=True, ge=0, le=2**31 - 1, examples=[3])]
    offset: Annotated[int, Field(strict=True, ge=0, le=2**63 - 1, examples=[1204])]
    generation: Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)] | None = Field(
        None, description="Which life of the topic; the present one without."
    )


class Wish(Query):
    """Which letters: those of `letters`, or page by page the open ones of `filter`."""

    letters: list[LetterPlace] | None = Field(None, min_length=1, max_length=LETTERS_MAX)
    filter: LetterFilter | None = Field(
        None, description="As in the list; of the open letters only. `{}`: all of them."
    )
    limit: Annotated[int, Field(strict=True, ge=1, le=LETTERS_MAX)] = Field(
        500, description="With `filter`: at most so many at once, the newest."
    )
    cursor: str | None = Field(None, max_length=2_000, description="With `filter`: `next` of the answer before.")

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.letters is None) == (self.filter is None):
            raise PydanticCustomError("which", "give either `letters` or `filter`")
        return self


class ReplayWish(Wish):
    """Letters to be sent again: as they are, or one with another value."""

    value: str | None = Field(None, min_length=1, max_length=VALUE_BYTES_MAX * 4 // 3 + 4)
    value_encoding: Literal["text", "base64"] = "text"

    @model_validator(mode="after")
    def _one_edited(self) -> Self:
        if self.value is not None and (self.letters is None or len(self.letters) != 1):
            raise PydanticCustomError("edited", "with a `value` give exactly one of `letters`")
        if len(self.edited() or b"") > VALUE_BYTES_MAX:
            raise PydanticCustomError("long", f"`value` may have {VALUE_BYTES_MAX} bytes")
        return self

    def edited(self) -> bytes | None:
        """The value to be sent instead."""
        if self.value is None or self.value_encoding == "text":
            return None if self.value is None else self.value.encode()
        try:
            return b64decode(self.value, validate=True)
        except ValueError:
            raise PydanticCustomError("base64", "`value` is no base64") from None

    def passed_on(self) -> dict[str, Any]:
        """What else the producer is told."""
        edited = self.edited()
        return {} if edited is None else {"value": b64encode(edited).decode()}


class DiscardWish(Wish):
    """Letters to be set aside."""

    note: str = Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$", description="Why.", examples=["a test"])

    def passed_on(self) -> dict[str, Any]:
        """What else the producer is told."""
        return {"note": self.note}


@dataclass(frozen=True, slots=True)
class Meant:
    """The letters of one wish, as (generation, topic, partition, offset), and where those behind them begin."""

    places: list[tuple[int | None, str, int, int]]
    next: str | None = None


async def meant(database: Database, wish: Wish, now: datetime) -> Meant:
    """The letters that are meant. Raises BadParameter."""
    if wish.filter is None:
        return Meant([(one.generation, one.topic, one.partition, one.offset) for one in wish.letters or ()])
    question = question_of("dead letters", [("filter", wish.filter.model_dump_json())])
    place = decode(wish.cursor, LetterCursor, question)
    used = wish.filter.range(now, place)
    found, then = await letters_page(database, wish.filter.wanted(used, "open"), place, wish.limit)
    places = [(one["generation"], one["topic"], one["partition"], one["offset"]) for one in found]
    return Meant(places, encode(then, question, used) if then else None)
