"""The server's JSON as tables for a person. Pure; fields that are missing or new do no harm."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from tideline.text import NOTHING, count, moment, number, plain, share, span

Line = Mapping[str, Any]

COLOURS = {
    "running": "green",
    "completed": "green",
    "pending": "yellow",
    "paused": "yellow",
    "stopping": "yellow",
    "failed": "bold red",
}


def table(*headings: str) -> Table:
    """An empty table; a heading that begins with `>` is that of numbers."""
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for heading in headings:
        right = heading.startswith(">")
        made.add_column(heading.lstrip(">"), justify="right" if right else "left", no_wrap=right, overflow="fold")
    return made


def state_text(state: Any) -> Text:
    """A stream's state in its colour."""
    return Text(plain(state or NOTHING), style=COLOURS.get(str(state), ""))


def name_of(stream: Line) -> str:
    """A stream's id, as lists and as live updates name it."""
    return str(stream.get("id") or stream.get("stream") or NOTHING)


def kind_of(stream: Line) -> str:
    """What feeds the stream: for a simulation also its profile."""
    spec = stream.get("spec")
    profile = spec.get("profile") if isinstance(spec, Mapping) else None
    kind = str(stream.get("kind") or NOTHING) + (f" {profile}" if profile else "")
    return f"{kind}, built in" if stream.get("built_in") else kind


def behind_of(stream: Line) -> str:
    """How far behind the clock it is, while it runs."""
    progress = stream.get("progress")
    if stream.get("state") != "running" or not isinstance(progress, Mapping):
        return ""
    return span(progress.get("behind_s"))


def streams_table(streams: Iterable[Line], how_much: str = "kept") -> Table:
    """A line a stream; `how_much`: what is `kept` of it, or the `position` of its run, which live updates tell."""
    made = table("stream", "kind", "state", ">run", f">{how_much}", ">behind", "reason")
    for stream in streams:
        made.add_row(
            Text(plain(name_of(stream))),
            Text(plain(kind_of(stream))),
            state_text(stream.get("state")),
            count(stream.get("run")),
            count(stream.get("row_count" if how_much == "kept" else how_much)),
            behind_of(stream),
            Text(plain(stream.get("reason") or "")),
        )
    return made


def averages_table(days: Iterable[Line]) -> Table:
    """A line a day and series; a day that is not over is marked."""
    made = table("date", "stream", "category", ">average", ">min", ">max", ">count", ">coverage", "")
    for day in days:
        made.add_row(
            Text(plain(day.get("date", NOTHING))),
            Text(plain(day.get("stream", NOTHING))),
            Text(plain(day.get("category", NOTHING))),
            number(day.get("avg_value")),
            number(day.get("min")),
            number(day.get("max")),
            count(day.get("count")),
            share(day.get("coverage")),
            Text("" if day.get("complete") else "not over", style="yellow"),
        )
    return made


def stream_sentence(stream: Line) -> str:
    """What a stream does now."""
    reason = f": {stream['reason']}" if stream.get("reason") else ""
    still = "still " if (stream.get("desired"), stream.get("state")) == ("paused", "running") else ""
    return f"{name_of(stream)} is {still}{stream.get('state') or NOTHING}{reason}"


def change_line(stream: Line) -> str:
    """A change of a stream's state in one line."""
    parts = [moment(stream.get("updated_at")), name_of(stream), str(stream.get("state") or NOTHING)]
    if "run" in stream:
        parts.append(f"run {count(stream['run'])}, position {count(stream.get('position'))}")
    if stream.get("reason"):
        parts.append(f"({stream['reason']})")
    return "  ".join(parts)


def status_table(status: Line) -> Table:
    """The server as a whole."""
    made = table("", "")
    made.show_header = False
    ready = Text("ready", style="green") if status.get("ready") else Text("not ready", style="bold red")
    made.add_row("server", Text.assemble(plain(status.get("url")), "  ", ready))
    for reason in status.get("reasons") or ():
        made.add_row("", Text(plain(reason), style="yellow"))
    made.add_row("kept", f"{count(status.get('row_count'))} readings and rows")
    built_in = [line for line in status.get("streams") or () if line.get("built_in") and line.get("state") == "running"]
    made.add_row("running", f"{count(status.get('task_count'))} of your own, {count(len(built_in))} built in")
    return made
