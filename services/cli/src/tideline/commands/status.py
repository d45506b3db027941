"""`tideline status`: is the server ready, what does it keep, what runs."""

from collections.abc import Callable
from typing import TypeVar

import typer

from tideline.api import STREAMS, Line
from tideline.errors import Away, ExitCode
from tideline.session import Session, connected
from tideline.tables import status_table, streams_table

T = TypeVar("T")


@connected
def status(session: Session) -> None:
    """Say what is ready and what runs.

    Whether the server can answer, how much it keeps and what each stream does. Exit code 3: not ready.
    """
    api, reasons = session.api, list[str]()

    def known(ask: Callable[[], T]) -> T | None:
        """The answer, or None and the reason: one part that is away does not hide the others."""
        try:
            return ask()
        except Away as away:
            if away.nobody:
                raise
            reasons.extend(reason for reason in (away.message, *away.fields) if reason not in reasons)
            return None

    known(lambda: api.thing("GET", "/api/v1/ready"))
    counts: Line = known(lambda: api.thing("GET", "/")) or {}
    streams = known(lambda: api.all_lines(STREAMS))
    shown: Line = {
        "url": api.url,
        "ready": not reasons,
        "reasons": reasons,
        "row_count": counts.get("row_count"),
        "task_count": counts.get("task_count"),
        "streams": streams,
    }
    session.screen.show(shown, status_table(shown), "", streams_table(streams or []))
    raise typer.Exit(ExitCode.AWAY if reasons else ExitCode.DONE)
