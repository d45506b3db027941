"""`tideline streams list|stop|pause|resume|rm`."""

import sys
from typing import Annotated

import typer

from tideline.api import STREAMS, stream_path
from tideline.errors import ExitCode
from tideline.options import StreamId
from tideline.session import Session, connected
from tideline.tables import stream_sentence, streams_table

NO_STREAMS = "There are no streams: `tideline streams start ID` begins one."


@connected
def list_streams(session: Session) -> None:
    """List all streams."""
    streams = session.api.all_lines(STREAMS)
    session.screen.show(streams, streams_table(streams) if streams else NO_STREAMS)


@connected
def stop(session: Session, stream: StreamId) -> None:
    """Stop a stream.

    What it made is delivered first; then it is `stopped`, also after a restart.
    """
    change(session, stream, "stop")


@connected
def pause(session: Session, stream: StreamId) -> None:
    """Let a stream rest.

    Until `resume`; it still counts towards the streams that may run at once.
    """
    change(session, stream, "pause")


@connected
def resume(session: Session, stream: StreamId) -> None:
    """Let a paused stream go on."""
    change(session, stream, "resume")


@connected
def remove(
    session: Session,
    stream: StreamId,
    data: Annotated[bool, typer.Option("--data", help="Also delete all data that is kept of it. Asks first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a stream.

    Its data stays, unless --data says otherwise.
    """
    if data and not yes:
        if sys.stdin is None or not sys.stdin.isatty():
            raise typer.BadParameter("nobody to ask whether to delete all data: add --yes", param_hint="--data")
        if not typer.confirm(f"Delete {stream} and all readings, rows and windows of it?", err=True):
            session.screen.note("Nothing was deleted.")
            raise typer.Exit(ExitCode.REFUSED)
    deleted = session.api.thing("DELETE", stream_path(stream), params={"data": "true"} if data else {})
    session.screen.show(deleted, f"{stream} is deleted; its data {'goes in the background' if data else 'stays'}")


def change(session: Session, stream: str, wish: str) -> None:
    """Ask for it and say what the stream does then."""
    changed = session.api.thing("POST", f"{stream_path(stream)}/{wish}")
    session.screen.show(changed, stream_sentence(changed))
