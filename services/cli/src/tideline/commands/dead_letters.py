"""`tideline dead-letters list|show`: what was refused, and why."""

from typing import Annotated, Any

import typer

from tideline.api import LETTERS
from tideline.options import PLACE, checked_place
from tideline.proof_tables import letter_table, letters_table
from tideline.session import Session, connected


@connected
def list_letters(
    session: Session,
    reason: Annotated[list[str] | None, typer.Option(metavar="CODE", help="Of this reason; may be repeated.")] = None,
    stream: Annotated[str | None, typer.Option(metavar="ID", help="Of one stream.")] = None,
    topic: Annotated[str | None, typer.Option(metavar="NAME", help="Of one topic.")] = None,
    state: Annotated[str | None, typer.Option(metavar="STATE", help="`open`, `replayed` or `discarded`.")] = None,
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="With this in value, key or detail.")] = None,
    start: Annotated[str | None, typer.Option(metavar="TIME", help="Kept since then.")] = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="Kept before then.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest.")] = 50,
) -> None:
    """List records that were refused, newest first."""
    asked: dict[str, Any] = {"reason": reason, "stream": stream, "topic": topic, "state": state, "text": text}
    asked |= {"start": start, "end": end, "limit": limit}
    asked = {name: value for name, value in asked.items() if value}
    letters = session.api.lines("GET", LETTERS, params=asked)
    none = "There are no such dead letters." if asked.keys() - {"limit"} else "There are no dead letters."
    session.screen.show(letters, letters_table(letters) if letters else none)


@connected
def show_letter(
    session: Session,
    place: Annotated[
        str, typer.Argument(metavar=PLACE, help="Where it came from.", callback=checked_place, show_default=False)
    ],
) -> None:
    """Show one, whole, with the reason in words and how to fix it."""
    letter = session.api.thing("GET", f"{LETTERS}/{place}")
    session.screen.show(letter, letter_table(letter))
