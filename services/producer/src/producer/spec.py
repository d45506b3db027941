"""What a stream is asked to be: validated once, stored with it, never changed while it runs."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

ProfileName = Literal["sensor", "random-walk", "random-int", "prices", "table"]
Category = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
Ratio = Annotated[float, Field(ge=0, le=1, strict=True)]

DEFAULT_CATEGORIES: dict[ProfileName, tuple[str, ...]] = {
    "sensor": ("temperature", "humidity", "pressure", "vibration", "power"),
    "random-walk": ("value",),
    "random-int": ("value",),
    "prices": ("EURUSD", "GBPUSD", "AUDUSD"),
    "table": ("row",),
}
DEFAULT_RATE: dict[ProfileName, float] = {"sensor": 5, "random-walk": 10, "random-int": 4, "prices": 3, "table": 1}


class Spec(BaseModel):
    """A simulation: which profile, how fast in event time, how long, from when, and how badly it behaves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: ProfileName = Field("random-int", description="What the values look like.")
    seed: int | None = Field(
        None, ge=0, lt=2**63, strict=True, description="Same seed, same values; default: made from the stream's id."
    )
    categories: tuple[Category, ...] = Field(
        (), max_length=1000, description="What is measured; events take them in turn. Default: the profile's own."
    )
    rate: float | None = Field(
        None,
        ge=1e-6,
        le=1_000_000,
        strict=True,
        allow_inf_nan=False,
        description="Events per second of event time. Default: the profile's own.",
    )
    count: int | None = Field(
        None, ge=1, le=10**12, strict=True, description="Complete after so many events. Default: endless."
    )
    duration: float | None = Field(
        None,
        gt=0,
        le=10**9,
        strict=True,
        allow_inf_nan=False,
        description="Complete after so many seconds of event time. Default: endless.",
    )
    start_time: AwareDatetime | None = Field(
        None, description="Event time of the first event; in the past: backfills at full speed. Default: now."
    )
    latency_ms: float = Field(
        0, ge=0, le=3_600_000, strict=True, description="Each event is published so long after its event time."
    )
    jitter_ms: float = Field(
        0, ge=0, le=3_600_000, strict=True, description="Up to so much longer, at random; the order is kept."
    )
    late_ratio: Ratio = Field(0, description="Share of events whose event time is 1 to 60 minutes before their turn.")
    duplicate_ratio: Ratio = Field(0, description="Share of events that are published twice, with the same id.")
    disorder_ratio: Ratio = Field(0, description="Share of events whose event time is 1 to 10 turns before their turn.")
    corrupt_ratio: Ratio = Field(
        0, description="Share of events that are published as bytes that are no valid reading."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.count is not None and self.duration is not None:
            raise ValueError("give count or duration, not both")
        if len(set(self.categories)) != len(self.categories):
            raise ValueError("categories must differ from each other")
        if self.categories and self.profile == "table":
            raise ValueError("profile table has no categories: its columns are")
        if self.start_time is not None and not datetime(1980, 1, 1, tzinfo=UTC) <= self.start_time < datetime(
            2100, 1, 1, tzinfo=UTC
        ):
            raise ValueError("start_time must lie between 1980 and 2100")
        return self

    @property
    def category_names(self) -> tuple[str, ...]:
        """The categories in their turn."""
        return self.categories or DEFAULT_CATEGORIES[self.profile]

    @property
    def events_per_s(self) -> float:
        """Events per second of event time, all categories together."""
        return self.rate if self.rate is not None else DEFAULT_RATE[self.profile]

    @property
    def end(self) -> int | None:
        """How many positions the stream has, None when it is endless."""
        if self.duration is not None:
            return max(1, int(self.duration * self.events_per_s))
        return self.count


Pattern = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
FieldName = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]


class FieldRules(BaseModel):
    """Which fields of a row become samples: patterns of dotted names; no `include` includes all, `exclude` wins."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    include: tuple[Pattern, ...] = Field((), max_length=100, description="Only these, as `molding-machine-state.*`.")
    exclude: tuple[Pattern, ...] = Field((), max_length=100, description="Not these.")


class DatasetSpec(BaseModel):
    """A dataset: where it is, where in a row its time is, and what of a row becomes samples under which categories."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(min_length=1, max_length=2048, description="http or https; pulled once.")
    timestamp_field: FieldName | None = Field(
        None, description="Dotted name of the event time. Default: the first of timestamp, time, ts, date, …"
    )
    fields: FieldRules = Field(FieldRules(), description="Which fields become samples. Default: all.")
    split_by: tuple[FieldName, ...] = Field(
        (), max_length=8, description="Fields whose short texts become part of the category: `CycleTime{machine=M-3}`."
    )
