"""`tideline ingest`: a dataset by its URL, followed until it is done."""

import time
from typing import Annotated

import typer
from rich.progress import TextColumn

from tideline.api import STREAMS, Line, stream_path
from tideline.errors import Away, ExitCode
from tideline.ingestion import ENDED, Shown, outcome, part_done, progress_of, sentence, time_left, wanted
from tideline.options import checked_stream
from tideline.session import Session, connected

ASK_EVERY_S = 0.5
AWAY_S_MAX = 60.0
"""A server that is away for longer ends the command, not the ingest."""
RULES = "Rules, fixed with the first ingest"

Id = Annotated[
    str | None,
    typer.Option("--id", metavar="ID", help="Its stream. Default: made from the file's name.", callback=checked_stream),
]
SplitBy = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FIELD",
        help="A field whose value becomes part of each category, as in `CycleTime{machine=M-3}`; may be repeated.",
        rich_help_panel=RULES,
    ),
]
Include = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATTERN", help="Only fields like this, as `state.*`; may be repeated.", rich_help_panel=RULES
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(metavar="PATTERN", help="No fields like this; may be repeated.", rich_help_panel=RULES),
]
TimestampField = Annotated[
    str | None,
    typer.Option(metavar="FIELD", help="Where the time is. Default: timestamp, time, ts, …", rich_help_panel=RULES),
]


@connected
def ingest(
    session: Session,
    source: Annotated[str, typer.Argument(metavar="URL", help="Where the file is.", show_default=False)],
    stream: Id = None,
    split_by: SplitBy = None,
    include: Include = None,
    exclude: Exclude = None,
    timestamp_field: TimestampField = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask for a newer version; adds rows that are new or changed.")
    ] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait until it is done.")] = False,
) -> None:
    """Ingest a dataset by its URL, once.

    A JSON array of objects, one object a line, or CSV, also compressed. The server pulls it, keeps every row, and makes
    each number a category. Rejected rows are shown with their lines; with any of them the exit code is 1. Ctrl-C ends
    the command, not the ingest.
    """
    rules = {"split_by": split_by, "include": include, "exclude": exclude, "timestamp_field": timestamp_field}
    begun = session.api.thing("POST", STREAMS, json=wanted(source, stream, refresh, **rules))
    if begun.get("message"):
        session.screen.note(str(begun["message"]))
    if no_wait:
        session.screen.show(begun, outcome(begun))
        return
    try:
        ended = follow(session, begun)
    except (KeyboardInterrupt, Away):
        name = begun.get("id")
        session.screen.note(f"the ingest goes on: see `tideline streams watch {name}`; `streams stop {name}` stops it")
        raise
    session.screen.show(ended, outcome(ended))
    if ended.get("state") != "completed" or progress_of(ended).get("rejected"):
        raise typer.Exit(ExitCode.REFUSED)


def follow(session: Session, stream: Line) -> Line:
    """Show how it goes on until it has ended; the stream then. A server that is away for a while is asked again."""
    path, shown, away_since = stream_path(str(stream.get("id"))), Shown(), None
    with session.screen.bar(TextColumn("{task.fields[left]}")) as bar:
        task = bar.add_task("", total=None, left="")
        while True:
            for reject in shown.new_rejects(stream):
                session.screen.note(reject)
            done, total = part_done(stream)
            bar.update(task, description=sentence(stream), completed=done, total=total, left=time_left(stream))
            if stream.get("state") in ENDED:
                return stream
            time.sleep(ASK_EVERY_S)
            try:
                stream, away_since = session.api.thing("GET", path), None
            except Away as away:
                if away_since is None:
                    away_since = time.monotonic()
                    session.screen.note(f"{away.message} (trying again)", "yellow")
                if time.monotonic() - away_since > AWAY_S_MAX:
                    raise
