"""`tideline streams start`: a simulation's spec, option by option."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from tideline.api import STREAMS, Api, Line, stream_path
from tideline.errors import Refused
from tideline.options import StreamId
from tideline.session import Session, connected
from tideline.spec import instant, names, spec
from tideline.tables import stream_sentence

VALUES, TIME, TROUBLE = "Values", "Time", "Trouble on purpose"


class Profile(StrEnum):
    """What the values look like."""

    SENSOR = "sensor"
    RANDOM_WALK = "random-walk"
    RANDOM_INT = "random-int"
    PRICES = "prices"
    TABLE = "table"


def checked_names(value: str | None) -> str | None:
    """Categories, none of them empty."""
    if value is not None and not all(names(value)):
        raise typer.BadParameter("write names separated by single commas: temperature,humidity")
    return value


def checked_instant(value: str | None) -> str | None:
    """A date or time."""
    try:
        return value if value is None else instant(value)
    except ValueError:
        raise typer.BadParameter("write a date or time: 2026-01-02 or 2026-01-02T03:04:05Z") from None


WhichProfile = Annotated[
    Profile | None, typer.Option(help="What the values look like. Default: random-int.", rich_help_panel=VALUES)
]
Categories = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,…",
        help="What is measured; events take them in turn. Default: the profile's own.",
        callback=checked_names,
        rich_help_panel=VALUES,
    ),
]
Seed = Annotated[
    int | None, typer.Option(help="Same seed, same values. Default: made from the id.", rich_help_panel=VALUES)
]
Rate = Annotated[
    float | None, typer.Option(help="Events a second of event time. Default: the profile's own.", rich_help_panel=TIME)
]
Count = Annotated[int | None, typer.Option(help="End after so many events. Default: endless.", rich_help_panel=TIME)]
Duration = Annotated[float | None, typer.Option(help="End after so many seconds of event time.", rich_help_panel=TIME)]
StartTime = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Event time of the first event, UTC where it names no zone; in the past: caught up at full speed. "
        "Default: now.",
        callback=checked_instant,
        rich_help_panel=TIME,
    ),
]
Latency = Annotated[
    float | None, typer.Option(help="Publish each event so long after its time.", rich_help_panel=TROUBLE)
]
Jitter = Annotated[float | None, typer.Option(help="Up to so much longer, at random.", rich_help_panel=TROUBLE)]
Late = Annotated[
    float | None,
    typer.Option(help="Share of events, 0 to 1, that come 1 to 60 minutes late.", rich_help_panel=TROUBLE),
]
Duplicate = Annotated[
    float | None, typer.Option(help="Share that is published twice, with the same id.", rich_help_panel=TROUBLE)
]
Disorder = Annotated[float | None, typer.Option(help="Share that comes after later ones.", rich_help_panel=TROUBLE)]
Corrupt = Annotated[
    float | None, typer.Option(help="Share that is no valid event: dead letters.", rich_help_panel=TROUBLE)
]


@connected
def start(
    session: Session,
    stream: StreamId,
    profile: WhichProfile = None,
    categories: Categories = None,
    seed: Seed = None,
    rate: Rate = None,
    count: Count = None,
    duration: Duration = None,
    start_time: StartTime = None,
    latency_ms: Latency = None,
    jitter_ms: Jitter = None,
    late_ratio: Late = None,
    duplicate_ratio: Duplicate = None,
    disorder_ratio: Disorder = None,
    corrupt_ratio: Corrupt = None,
) -> None:
    """Start a stream.

    It makes simulated events, with the same values for the same seed and options. Without any option a stream that is
    at rest, or built in, begins anew as it was. At most five run at once; the built-in ones do not count.
    """
    asked = spec(
        profile=profile,
        categories=None if categories is None else names(categories),
        seed=seed,
        rate=rate,
        count=count,
        duration=duration,
        start_time=start_time,
        latency_ms=latency_ms,
        jitter_ms=jitter_ms,
        late_ratio=late_ratio,
        duplicate_ratio=duplicate_ratio,
        disorder_ratio=disorder_ratio,
        corrupt_ratio=corrupt_ratio,
    )
    begun = begin(session.api, stream, asked) if asked else begin_again(session.api, stream)
    session.screen.show(begun, stream_sentence(begun))


def begin(api: Api, stream: str, asked: dict[str, Any]) -> Line:
    """A new stream, or a new run with another spec."""
    return api.thing("POST", STREAMS, json={"id": stream, **asked})


def begin_again(api: Api, stream: str) -> Line:
    """A new run by the spec that the stream has; a new stream when there is none of this id."""
    try:
        return api.thing("POST", f"{stream_path(stream)}/start")
    except Refused as refused:
        if refused.status != 404:
            raise
        return begin(api, stream, {})
