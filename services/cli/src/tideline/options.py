"""Options and arguments that several commands have, and what is a usable value of each."""

import re
from typing import Annotated

import typer
from httpx import URL, InvalidURL

STREAM_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
KEY = re.compile(r"[!-~]{1,512}")
SERVER = "Server and output"
PLACE = "TOPIC/PARTITION/OFFSET"
USUAL_URL = "http://127.0.0.1:8000"


def checked_url(value: str | None) -> str | None:
    """The server's base URL without a slash at its end; None where none is named."""
    if value is None:
        return None
    try:
        url = URL(value)
    except InvalidURL as error:
        raise typer.BadParameter(f"it is no URL: {error}") from None
    extra = url.query or url.fragment or url.userinfo
    if url.scheme not in ("http", "https") or not url.host or extra or not 0 < (url.port or 80) < 65536:
        raise typer.BadParameter("write http://HOST:PORT or https://HOST, nothing more")
    return value.rstrip("/")


def checked_key(value: str | None) -> str | None:
    """The key, None where it is empty; the message never holds it."""
    if not value:
        return None
    if not KEY.fullmatch(value):
        raise typer.BadParameter("a key is printable ASCII without blanks")
    return value


def checked_stream(value: str | None) -> str | None:
    """A stream's id."""
    if value is not None and not STREAM_ID.fullmatch(value):
        raise typer.BadParameter(
            "a stream's id is 1 to 64 letters, digits, '.', '_' or '-', and begins with one of the first two"
        )
    return value


def checked_place(value: str) -> str:
    """Where a dead letter came from."""
    topic, *numbers = value.split("/")
    if not topic or len(numbers) != 2 or not all(number.isascii() and number.isdigit() for number in numbers):
        raise typer.BadParameter(f"write it as {PLACE}, as the list shows it: readings/3/1204")
    return value


Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="TIDELINE_URL",
        metavar="URL",
        help="The query API to talk to.",
        callback=checked_url,
        show_default=f"of `make run` in the same folder; {USUAL_URL} where there was none",
        rich_help_panel=SERVER,
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        envvar="TIDELINE_KEY",
        metavar="KEY",
        help="Its key, where it wants one; others on this machine cannot see it in the environment.",
        callback=checked_key,
        rich_help_panel=SERVER,
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Write JSON, for programs.", rich_help_panel=SERVER),
]
StreamId = Annotated[
    str, typer.Argument(metavar="ID", help="The stream's id.", callback=checked_stream, show_default=False)
]
AnyStreamId = Annotated[
    str | None,
    typer.Argument(metavar="ID", help="One stream; all without it.", callback=checked_stream, show_default=False),
]
