"""What ends a command before it is done: each kind is named for what to do and has an exit code of its own."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """What the command tells the program that called it."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> "ExitCode":
        """The member whose value is the code."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    DONE = 0, "Done, or so already."
    REFUSED = (
        1,
        "The server refused it, an event of `send` or a row of `ingest`, or `audit` found what differs.",
    )
    USAGE = 2, "The command line is wrong: an option, an argument, or a question and nobody there to answer it."
    AWAY = (
        3,
        "No server answers, or not now (`status`: not ready, `audit`: not done); try again later.",
    )
    KEY = 4, "The server wants a key, or another one."
    INTERRUPTED = 130, "Ended by Ctrl-C. `streams watch` has no other end and answers 0."


class Failure(Exception):  # noqa: N818 - the kinds below are named for what to do
    """Ends the command: one line for a person, then one for each field; `body` is the same for a program."""

    code = ExitCode.REFUSED

    def __init__(self, message: str, fields: tuple[str, ...] = (), body: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields
        self.body = body or {"detail": message}


class Refused(Failure):
    """The server said no: ask for something else. `status` is HTTP's."""

    def __init__(
        self, message: str, fields: tuple[str, ...] = (), body: Mapping[str, Any] | None = None, status: int = 0
    ) -> None:
        super().__init__(message, fields, body)
        self.status = status


class KeyWanted(Failure):
    """Ask again with a key that may do this."""

    code = ExitCode.KEY


class Away(Failure):
    """Ask again later, best after so many seconds; `nobody`: not even a connection was made."""

    code = ExitCode.AWAY

    def __init__(
        self,
        message: str,
        fields: tuple[str, ...] = (),
        body: Mapping[str, Any] | None = None,
        retry_after_s: float = 1.0,
        nobody: bool = False,
    ) -> None:
        super().__init__(message, fields, body)
        self.retry_after_s = retry_after_s
        self.nobody = nobody
