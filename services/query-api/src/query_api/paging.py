"""Opaque cursors: the question they belong to, the range it used, and the last line sent. Pure."""

import base64
import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from query_api.errors import BadParameter
from query_api.ranges import EARLIEST, LATEST, Range

NOT_THE_QUESTION = ("cursor", "limit", "format")

Name = Annotated[str, Field(max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
SeriesId = Annotated[int, Field(ge=-1, le=2**31 - 1)]
DAY = timedelta(days=1)
Instant = Annotated[AwareDatetime, Field(ge=EARLIEST - DAY, le=LATEST + DAY)]
"""A bucket may begin before the range and its zone's day before UTC's."""


class Cursor(BaseModel):
    """Where a page ended. `encode` adds the range that the first page used, and a hash of path and parameters: a cursor
    fits no other question."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str = ""
    start: Instant | None = None
    end: Instant | None = None


class SeriesCursor(Cursor):
    """The last series sent, and where the last bucket of it begins."""

    stream: Name
    category: Name
    bucket: Instant | None = None


class ReadingCursor(Cursor):
    """The last reading sent."""

    time: Instant
    series: SeriesId
    id: UUID


class RowCursor(Cursor):
    """The last dataset row sent."""

    time: Instant
    stream: Name
    id: UUID


class PartitionCursor(Cursor):
    """The last partition sent."""

    topic: Annotated[str, Field(max_length=249)]
    partition: Annotated[int, Field(ge=0, le=2**31 - 1)]


class LetterCursor(PartitionCursor):
    """The last dead letter sent."""

    time: Instant
    generation: Annotated[int, Field(ge=0, le=2**31 - 1)]
    offset: Annotated[int, Field(ge=0, le=2**63 - 1)]


C = TypeVar("C", bound=Cursor)


def question_of(path: str, parameters: Iterable[tuple[str, str]]) -> str:
    """What is asked, whatever the page, its size and its format, as a short hash."""
    asked = sorted((name, value) for name, value in parameters if name not in NOT_THE_QUESTION)
    return hashlib.sha256(f"{path}?{urlencode(asked, errors='replace')}".encode()).hexdigest()[:16]


def encode(cursor: Cursor, question: str, used: Range) -> str:
    """The cursor to the rest of a question's answer as one URL-safe word."""
    cursor = cursor.model_copy(update={"question": question, "start": used.start, "end": used.end})
    return base64.urlsafe_b64encode(cursor.model_dump_json(exclude_defaults=True).encode()).decode().rstrip("=")


def decode(text: str | None, kind: type[C], question: str) -> C | None:
    """The cursor in a word that `encode` made for this question; None without a word. Raises BadParameter."""
    if text is None:
        return None
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        cursor = kind.model_validate_json(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, ValidationError):
        raise BadParameter("cursor", "is not one of ours: take it whole, as the page before gave it") from None
    if cursor.question != question:
        raise BadParameter(
            "cursor", "belongs to a request with other parameters: take the whole URL from the Link header"
        )
    return cursor
