"""What every command that talks to the server has: where it is, the key, and how to show what it answers."""

import inspect
import json
import os
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import typer

from tideline.api import Api
from tideline.errors import Away, Failure
from tideline.options import USUAL_URL, Json, Key, Url
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
    def command(*, url: str | None, key: str | None, as_json: bool, **arguments: Any) -> None:
        screen = Screen(as_json)
        try:
            with closing(Api(url or url_here(), key)) as api:
                handler(Session(api, screen), **arguments)  # type: ignore[call-arg]
        except Failure as failure:
            screen.failure(failure)
            raise typer.Exit(failure.code) from None

    own = list(inspect.signature(handler, eval_str=True).parameters.values())[1:]
    command.__signature__ = inspect.Signature([*own, *SHARED])  # type: ignore[attr-defined]
    return command


def url_here() -> str:
    """Where the run answers of the folder that this command line is installed in, as `make run` notes it there.

    Raises Away where `make run` was once and is no more: what answers at the usual address is of another folder then.
    """
    run = Path(sys.prefix).parent / os.environ.get("TIDELINE_DATA_DIR", ".local") / "run"
    try:
        return str(json.loads((run / "state.json").read_bytes())["api_url"])
    except (OSError, ValueError, KeyError, TypeError):
        if not (run / "lock").exists():
            return USUAL_URL
    raise Away("Tideline does not run in this folder: `make run` starts it; --url or TIDELINE_URL names another")


def _shared(*, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """The signature of what all commands have."""


SHARED = tuple(inspect.signature(_shared, eval_str=True).parameters.values())
