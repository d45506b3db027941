"""What every command that talks to the server has: where it is, the key, and how to show what it answers."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import typer

from tideline.api import Api
from tideline.errors import Failure
from tideline.options import Json, Key, Url
from tideline.screen import Screen

P = ParamSpec("P")


@dataclass(frozen=True)
class Session:
    """The server and the screen of one command."""

    api: Api
    screen: Screen


def connected(handler: Callable[Concatenate[Session, P], None]) -> Callable[..., None]:
    """Give a command the options --url, --key and --json, and hand it the session that they make.

    A Failure that it raises is shown and becomes the exit code.
    """

    @wraps(handler)
    def command(*, url: str, key: str | None, as_json: bool, **arguments: Any) -> None:
        screen = Screen(as_json)
        api = Api(url, key)
        try:
            handler(Session(api, screen), **arguments)  # type: ignore[call-arg]
        except Failure as failure:
            screen.failure(failure)
            raise typer.Exit(failure.code) from None
        finally:
            api.close()

    own = list(inspect.signature(handler, eval_str=True).parameters.values())[1:]
    command.__signature__ = inspect.Signature([*own, *SHARED])  # type: ignore[attr-defined]
    return command


def _shared(*, url: Url, key: Key = None, as_json: Json = False) -> None:
    """The signature of what all commands have."""


SHARED = tuple(inspect.signature(_shared, eval_str=True).parameters.values())
