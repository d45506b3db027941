"""Query parameters: a model per kind of route. Unknown names are refused; what a value means is decided elsewhere."""

import re
from datetime import datetime
from typing import Annotated, Literal, get_args, get_origin

import fastapi
from fastapi import Path, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from contracts.checks import STREAM_PATTERN, valid_stream
from contracts.reasons import Reason
from query_api.errors import BadParameter, query_fields
from query_api.formats import Format
from query_api.letters import Wanted
from query_api.paging import C, Cursor, decode, question_of
from query_api.ranges import FORMS, Range, parse_range
from query_api.read import Chosen


def _is_stream(text: str) -> str:
    if not valid_stream(text):
        rule = "must be 1 to 64 letters, digits, dots, underscores and hyphens, the first a letter or digit"
        raise PydanticCustomError("stream", rule)
    return text


Stream = Annotated[
    str,
    AfterValidator(_is_stream),
    Field(description="A stream's id.", examples=["demo"], json_schema_extra={"pattern": STREAM_PATTERN}),
]
StreamInPath = Annotated[
    str,
    AfterValidator(_is_stream),
    Path(description="The stream's id.", examples=["lab"], json_schema_extra={"pattern": STREAM_PATTERN}),
]
Category = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
TopicName = Annotated[str, Field(max_length=249, pattern=r"^[A-Za-z0-9._-]+$", examples=["readings"])]
FIELD = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,128}")
FIELDS_MAX = 64
Instant = Annotated[str, Field(max_length=64, description=f"{FORMS[0].upper()}{FORMS[1:]}. The range is half-open.")]
Zone = Annotated[str, Field(max_length=64, description="Time zone, any IANA name.", examples=["Asia/Kathmandu"])]
Step = Literal["1m", "5m", "15m", "1h", "1d", "auto"]


class Query(BaseModel):
    """Every route refuses parameters that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


NoParameters = Annotated[Query, fastapi.Query()]
"""Of a route that takes none."""


async def given_once(request: Request) -> None:
    """Raises BadParameter for a parameter that is given twice and takes one value; only lists may be repeated."""
    given = [name for name, _ in request.query_params.multi_items()]
    if len(given) == len(set(given)):
        return
    for name, field in query_fields(request):
        kinds = [get_origin(kind) for kind in (field.annotation, *get_args(field.annotation))]
        if given.count(name) > 1 and list not in kinds:
            raise BadParameter(name, "must be given once")


def asked(request: Request) -> str:
    """The question that a request asks, whatever its page."""
    return question_of(request.url.path, request.query_params.multi_items())


class Listed(Query):
    """A list: its format and its page."""

    format: Format | None = Field(None, description="`json`, `ndjson` or `csv`; without it `Accept` decides.")
    limit: int | None = Field(None, ge=1, description="Lines on a page; without it CSV and NDJSON stream all of them.")
    cursor: str | None = Field(None, max_length=2_000, description="From the `Link` header of the page before.")

    def place(self, request: Request, kind: type[C]) -> C | None:
        """Where the page before ended; None: this is the first. Raises BadParameter."""
        return decode(self.cursor, kind, asked(request))


class SeriesQuery(Listed):
    """A list about series."""

    stream: Stream | None = None
    category: list[Category] | None = Field(
        None, max_length=100, description="One category, or several by repeating the parameter."
    )

    def chosen(self) -> Chosen:
        """The series asked for."""
        return Chosen(self.stream, tuple(self.category) if self.category else None)


class Ranged(Query):
    """A range; without one everything kept."""

    start: Instant | None = None
    end: Instant | None = None
    from_: Instant | None = Field(None, alias="from", description="The same as `start`.")
    to: Instant | None = Field(None, description="The same as `end`.")

    def range(self, now: datetime, place: Cursor | None = None) -> Range:
        """The range as it was asked for, of a further page that of the first. Raises BadParameter."""
        if place is not None:
            return Range(place.start, place.end)
        return parse_range(self.start, self.end, self.from_, self.to, now)


class RangeQuery(SeriesQuery, Ranged):
    """A list about series over a range."""


class RowsQuery(Listed, Ranged):
    """Dataset rows over a range."""

    stream: Stream | None = None
    fields: str | None = Field(
        None, min_length=1, max_length=4_000, description="Names of fields, separated by commas.", examples=["a,b.c"]
    )

    def field_names(self) -> list[str] | None:
        """The fields asked for, each once; None: whole rows. Raises BadParameter."""
        if self.fields is None:
            return None
        names = list(dict.fromkeys(self.fields.split(",")))
        if len(names) > FIELDS_MAX or not all(map(FIELD.fullmatch, names)):
            raise BadParameter("fields", f"must be 1 to {FIELDS_MAX} names of fields, separated by commas")
        return names


class ProcessedQuery(RangeQuery):
    """Aggregates over the range or per step."""

    step: Step | None = Field(None, description="Length of a bucket; `auto` aims at 1,000 a series.")
    tz: Zone | None = None


class DaysQuery(SeriesQuery):
    """Averages per local day; both dates are included."""

    start_date: str = Field(max_length=32, description="First day, YYYY-MM-DD.", examples=["2025-01-06"])
    end_date: str = Field(max_length=32, description="Last day, YYYY-MM-DD.", examples=["2025-01-07"])
    tz: Zone | None = None


class PricesQuery(Query):
    """Average prices per day; both dates are included."""

    start_date: str = Field(max_length=32, description="First day, YYYY-MM-DD.", examples=["2025-01-06"])
    end_date: str = Field(max_length=32, description="Last day, YYYY-MM-DD.", examples=["2025-01-07"])
    category: Category | None = Field(None, description="One category; all without it.")
    format: Format | None = Field(None, description="`json`, `ndjson` or `csv`; without it `Accept` decides.")


class AuditQuery(Ranged):
    """Which windows and quarters to check, the last seven days without a range, and whether Kafka is read again."""

    deep: bool = Field(False, description="Read Kafka again and ask for each record: takes minutes.")


class LetterFilter(Ranged):
    """Dead letters by what they are, over the range in which they were kept."""

    reason: list[Reason] | None = Field(
        None, max_length=len(Reason), description="One reason, or several by repeating the parameter."
    )
    topic: TopicName | None = None
    stream: Stream | None = None
    text: str | None = Field(
        None, min_length=1, max_length=200, pattern=r"^[^\x00]+$", description="In the value, the key or the detail."
    )

    def wanted(self, used: Range, state: str | None) -> Wanted:
        """Which are asked for."""
        reasons = tuple(reason.value for reason in self.reason) if self.reason else None
        return Wanted(reasons, self.topic, self.stream, state, self.text, used)


class LettersQuery(Listed, LetterFilter):
    """Dead letters over a range."""

    state: Literal["open", "replayed", "discarded"] | None = None


class LetterQuery(Query):
    """One dead letter."""

    generation: int | None = Field(None, ge=0, le=2**31 - 1, description="Which life of the topic; the newest without.")
    raw: bool = Field(False, description="The bytes of the value and nothing else.")


class LiveQuery(Query):
    """Which updates to follow."""

    stream: Stream | None = None


class DeleteQuery(Query):
    """What goes with a stream that is deleted."""

    data: bool = Field(False, description="Delete its readings, rows and windows too.")


class LatencyQuery(Query):
    """How long an answer is to take."""

    latency_ms: float | None = Field(
        None, ge=0, le=10_000, allow_inf_nan=False, description="Answer after so many milliseconds."
    )
