"""`tideline key new`: made here, without a server."""

import re
import secrets
from enum import StrEnum
from typing import Annotated

import typer

from tideline.keys import PREFIX, NewKey
from tideline.options import Json
from tideline.screen import Screen

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


KEEP = "The key, shown this once; keep it where passwords are kept:"
TELL = "The server knows it by these lines in infra/config/query-api.toml, once it was started again:"


class Scope(StrEnum):
    """What a key may do."""

    READ = "read"
    CONTROL = "control"


def checked_name(value: str) -> str:
    """A name that needs no escaping anywhere."""
    if not NAME.fullmatch(value):
        raise typer.BadParameter("a key's name is 1 to 64 letters, digits, '.', '_' or '-'")
    return value


def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Whose key it is.", callback=checked_name, show_default=False)
    ],
    scope: Annotated[Scope, typer.Option(help="`read` for questions, `control` also for changes.")] = Scope.READ,
    as_json: Json = False,
) -> None:
    """Make a key.

    It is shown once, with the lines by which the server knows it: its sha256, never the key itself.
    """
    made = NewKey(PREFIX + secrets.token_urlsafe(32), name, scope)
    screen = Screen(as_json)
    value = {"key": made.key, "name": made.name, "scope": made.scope, "sha256": made.digest}
    screen.show(value, KEEP, "", f"  {made.key}", "", TELL, "", *made.toml().splitlines())
