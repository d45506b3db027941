"""`tideline dead-letters replay|discard`: another try for what was refused, or none."""

import time
from base64 import b64encode
from typing import Annotated, Any

import typer
from rich.progress import MofNCompleteColumn

from tideline.api import LETTERS, Line
from tideline.editor import edited
from tideline.errors import Away, ExitCode, Refused
from tideline.options import PLACE, checked_place
from tideline.session import Session, connected
from tideline.wishes import AGAIN, DONE, LETTERS_AT_ONCE, Key, key_of, named, outcome_of, place_of, sentence, trouble

ASK_EVERY_S = 0.5
WAIT_S_MAX = 60.0
TROUBLES_SHOWN = 10
WHICH = "Which, when no place is named: open ones"

Filter = dict[str, Any]


def _checked(values: list[str] | None) -> list[str]:
    return [checked_place(value) for value in values or ()]


Places = Annotated[
    list[str] | None,
    typer.Argument(metavar=PLACE, help="Where they came from.", callback=_checked, show_default=False),
]
Reason = Annotated[
    list[str] | None, typer.Option(metavar="CODE", help="Of this reason; may be repeated.", rich_help_panel=WHICH)
]
Stream = Annotated[str | None, typer.Option(metavar="ID", help="Of one stream.", rich_help_panel=WHICH)]
Topic = Annotated[str | None, typer.Option(metavar="NAME", help="Of one topic.", rich_help_panel=WHICH)]
Text = Annotated[
    str | None, typer.Option(metavar="TEXT", help="With this in value, key or detail.", rich_help_panel=WHICH)
]
Start = Annotated[str | None, typer.Option(metavar="TIME", help="Kept since then.", rich_help_panel=WHICH)]
End = Annotated[str | None, typer.Option(metavar="TIME", help="Kept before then.", rich_help_panel=WHICH)]
All = Annotated[bool, typer.Option("--all", help="All of them.", rich_help_panel=WHICH)]
Limit = Annotated[int, typer.Option(min=1, help="At most so many, the newest.", rich_help_panel=WHICH)]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait until it is done.")]


@connected
def replay(
    session: Session,
    places: Places = None,
    edit: Annotated[bool, typer.Option("--edit", help="Change the value of one in $EDITOR first.")] = False,
    value_file: Annotated[
        typer.FileBinaryRead | None, typer.Option(metavar="FILE", help="Send this as the value of one; - is stdin.")
    ] = None,
    reason: Reason = None,
    stream: Stream = None,
    topic: Topic = None,
    text: Text = None,
    start: Start = None,
    end: End = None,
    everything: All = False,
    limit: Limit = 1_000,
    no_wait: NoWait = False,
) -> None:
    """Send dead letters again, as they are or one with another value.

    Each counts once, however often it is sent. One that is refused again stays open, and the exit code is 1.
    """
    which: Filter = {"reason": reason, "stream": stream, "topic": topic, "text": text, "start": start, "end": end}
    chosen = _chosen(places, which, everything)
    value: Filter = {}
    if edit or value_file is not None:
        if len(places or ()) != 1 or (edit and value_file is not None):
            raise typer.BadParameter(f"another value is for one {PLACE}: name it, and give --edit or --value-file")
        value = _edited(session, (places or [""])[0]) if value_file is None else _as_base64(value_file.read())
    _carry_out(session, "replay", places or [], chosen, value, limit, no_wait)


@connected
def discard(
    session: Session,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Why; it stays with them.", show_default=False)],
    places: Places = None,
    reason: Reason = None,
    stream: Stream = None,
    topic: Topic = None,
    text: Text = None,
    start: Start = None,
    end: End = None,
    everything: All = False,
    limit: Limit = 1_000,
    no_wait: NoWait = False,
) -> None:
    """Set dead letters aside. They stay in the list and can still be sent again."""
    which: Filter = {"reason": reason, "stream": stream, "topic": topic, "text": text, "start": start, "end": end}
    _carry_out(session, "discard", places or [], _chosen(places, which, everything), {"note": note}, limit, no_wait)


def _chosen(places: list[str] | None, which: Filter, everything: bool) -> Filter:
    """The filter as the server takes it; refuses none and two ways to say which."""
    given = {name: value for name, value in which.items() if value}
    if sum((bool(places), bool(given), everything)) != 1:
        raise typer.BadParameter(f"say which in one way: one or more {PLACE}, or options as --reason, or --all")
    return given


def _edited(session: Session, place: str) -> Filter:
    letter = session.api.thing("GET", f"{LETTERS}/{place}")
    if letter.get("value_encoding") == "base64":
        raise typer.BadParameter("its value is no text: change it in a file and give --value-file", param_hint="--edit")
    before = str(letter.get("value") or "")
    changed = edited(before)
    if changed == before:
        raise Refused("nothing was changed, nothing is sent: without --edit it is sent as it is")
    return {"value": changed}


def _as_base64(value: bytes) -> Filter:
    return {"value": b64encode(value).decode(), "value_encoding": "base64"}


def _carry_out(
    session: Session, wish: str, places: list[str], which: Filter, more: Filter, limit: int, no_wait: bool
) -> None:
    """Book it, wait until none is on its way any more, and say what became of each."""
    asked = _book(session, f"{LETTERS}/{wish}", places, which, more, limit)
    found = {} if no_wait else _follow(session, asked)
    outcomes = [outcome_of(letter, None if no_wait else found.get(key_of(letter), {})) for letter in asked]
    shown = [{**letter, "outcome": outcome} for letter, outcome in zip(asked, outcomes, strict=True)]
    session.screen.show(shown, sentence(outcomes))
    again = [letter for letter in shown if letter["outcome"] == AGAIN]
    for letter in again[:TROUBLES_SHOWN]:
        session.screen.note(trouble(place_of(letter), found[key_of(letter)]))
    if not set(outcomes) <= {"requested", *DONE}:
        raise typer.Exit(ExitCode.REFUSED)


def _book(session: Session, path: str, places: list[str], which: Filter, more: Filter, limit: int) -> list[Line]:
    """All that was asked for, with what the server says of each."""
    asked: list[Line] = []
    for body in named(places):
        asked += session.api.thing("POST", path, json=body | more)["letters"]
    cursor: Filter | None = None if places else {}
    while cursor is not None and len(asked) < limit:
        body = {"filter": which, "limit": min(LETTERS_AT_ONCE, limit - len(asked)), **cursor, **more}
        answer = session.api.thing("POST", path, json=body)
        asked += answer["letters"]
        cursor = {"cursor": answer["next"]} if answer.get("next") else None
    return asked


def _follow(session: Session, asked: list[Line]) -> dict[Key, Line]:
    """Those that were asked for, by their keys, once none is on its way; raises Away when that takes long."""
    waiting = [key_of(letter) for letter in asked if letter.get("outcome") == "requested"]
    found: dict[Key, Line] = {}
    give_up_at = time.monotonic() + WAIT_S_MAX
    with session.screen.bar(MofNCompleteColumn()) as bar:
        task = bar.add_task("done", total=len(waiting))
        while True:
            for key in waiting:
                generation, place = key
                found[key] = session.api.thing("GET", f"{LETTERS}/{place}", params={"generation": generation})
            waiting = [key for key in waiting if found[key].get("requested_at")]
            bar.update(task, completed=len(found) - len(waiting))
            if not waiting:
                return found
            if time.monotonic() > give_up_at:
                hint = "they go on by themselves; `tideline status` says whether producer and processor run"
                raise Away(f"{len(waiting)} of {len(found)} are still on their way: {hint}")
            time.sleep(ASK_EVERY_S)
