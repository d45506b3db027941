"""`tideline streams watch`: the states of streams as they change, until Ctrl-C."""

import time
from collections.abc import Iterator

from rich.live import Live

from tideline.api import STREAMS, Api, Line, stream_path
from tideline.errors import Away, Refused
from tideline.options import AnyStreamId
from tideline.screen import Screen
from tideline.session import Session, connected
from tideline.states import named, update
from tideline.tables import change_line, streams_table

LIVE = "/api/v1/live"
PAUSE_S = 1.0

Told = tuple[list[Line], bool]
"""States, and whether they are those of all streams."""


@connected
def watch(session: Session, stream: AnyStreamId = None) -> None:
    """Follow what streams do.

    Until Ctrl-C: a table on a terminal, elsewhere a line for each change; with --json also for each new position.
    """
    if stream is not None:
        session.api.thing("GET", stream_path(stream))  # one that does not exist would never change
    try:
        if session.screen.out.is_terminal and not session.screen.as_json:
            show_table(session, stream)
        else:
            show_lines(session, stream)
    except KeyboardInterrupt:
        return


def show_lines(session: Session, stream: str | None) -> None:
    """Every change on a line of its own."""
    known: dict[str, Line] = {}
    for told, whole in follow(session.api, session.screen, stream):
        for change in update(known, told, whole):
            if change.shown or session.screen.as_json:
                session.screen.show_next(change.stream, change_line(change.stream))


def show_table(session: Session, stream: str | None) -> None:
    """One table that changes."""
    known: dict[str, Line] = {}
    with Live(streams_table([], "position"), console=session.screen.out, auto_refresh=False) as live:
        for told, whole in follow(session.api, session.screen, stream):
            if update(known, told, whole):
                live.update(streams_table((known[name] for name in sorted(known)), "position"), refresh=True)


def follow(api: Api, screen: Screen, stream: str | None) -> Iterator[Told]:
    """What the server tells, for ever: a connection that ends is made again. Raises the Failure of the first one."""
    tell, begun, noted = live, False, False
    while True:
        try:
            for told in tell(api, stream):
                begun, noted = True, False
                yield told
        except Refused as refused:
            if refused.status != 404 or tell is poll:
                raise
            tell = poll
            continue
        except Away as away:
            if not begun:
                raise
            if not noted:
                screen.note(f"{away.message} (still watching; Ctrl-C ends it)", "yellow")
            noted = True
        time.sleep(PAUSE_S)


def live(api: Api, stream: str | None) -> Iterator[Told]:
    """As server-sent events: first all states, then what changes; ends when the server has lost count."""
    whole = True
    for name, told in api.events(LIVE, {} if stream is None else {"stream": stream}):
        if name == "streams":
            yield told, whole
            whole = False
        elif name == "resync":
            return


def poll(api: Api, stream: str | None) -> Iterator[Told]:
    """By asking every second, of a server that has no live updates."""
    while True:
        streams = [named(line) for line in api.all_lines(STREAMS)]
        yield [line for line in streams if stream in (None, line["stream"])], True
        time.sleep(PAUSE_S)
