"""`tideline send`: events from stdin, each confirmed or refused by the number of its line."""

import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, BinaryIO

import typer
from rich.progress import Progress, TaskID, TimeRemainingColumn

from tideline.answers import Verdict
from tideline.errors import Away, ExitCode, Failure
from tideline.portions import Line, portions
from tideline.screen import Screen
from tideline.sender import Sender
from tideline.session import Session, connected
from tideline.text import count

READ_BYTES = 262_144
REFUSALS_SHOWN = 100


class Account:
    """What became of the events so far, told as it goes."""

    def __init__(self, screen: Screen, progress: Progress, task: TaskID) -> None:
        self._screen, self._progress, self._task = screen, progress, task
        self.accepted = self.refused = self.last_line = 0

    def add(self, lines: list[Line], told: Verdict) -> None:
        """Count a portion, show what was refused of it, and move the bar."""
        for refusal in told.refused:
            self.refused += 1
            sentence = f"line {refusal.line}: {refusal.reason}: {refusal.detail}"
            if self._screen.as_json:
                self._screen.show_next({**asdict(refusal), "status": "refused"}, sentence)
            elif self.refused <= REFUSALS_SHOWN:
                self._screen.note(sentence)
            elif self.refused == REFUSALS_SHOWN + 1:
                self._screen.note("… more are refused; --json lists all of them")
        self.accepted += told.accepted
        self.last_line = lines[-1].number
        size = sum(len(line.data or b"") + 1 for line in lines)
        self._progress.update(self._task, advance=size, description=self.sentence())

    def again(self, away: Away) -> None:
        """Say that the server is asked again."""
        self._screen.note(f"{away.message} (trying again)", "yellow")

    def sentence(self) -> str:
        """The sums."""
        return f"{count(self.accepted)} accepted, {count(self.refused)} refused"

    def close(self) -> None:
        """The sums as the result."""
        self._screen.show_next({"accepted": self.accepted, "refused": self.refused}, self.sentence())

    def rest(self) -> str:
        """What to do about what was not confirmed."""
        return (
            f"confirmed up to line {self.last_line}: send the rest again from line {self.last_line + 1} on; what of it "
            "arrived all the same counts once if it has an id and a timestamp"
        )


@connected
def send(
    session: Session,
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long to try again while the server is away.")
    ] = 30.0,
) -> None:
    """Send events from stdin, one a line.

    Each line is a JSON object with `stream`, `category` and `value`: `tideline send < events.ndjson`. An event without
    an id gets one here, and without a time the present one, so that trying again counts nothing twice. Refused events
    are shown with their line numbers; with any of them the exit code is 1.
    """
    source = stdin()
    if source.isatty():
        session.screen.note("Type events, one a line; Ctrl-D ends.")
    with session.screen.bar(TimeRemainingColumn(elapsed_when_finished=True)) as progress:
        account = Account(session.screen, progress, progress.add_task("", total=size_of(source)))
        sender = Sender(session.api, wait, account.again)
        try:
            for lines in portions(pieces(source)):
                account.add(lines, sender.send(lines))
        except Failure as failure:
            failure.fields = (*failure.fields, account.rest())
            raise
        except KeyboardInterrupt:
            session.screen.note(account.rest())
            raise
        finally:
            progress.stop()
            account.close()
    if account.refused:
        raise typer.Exit(ExitCode.REFUSED)


def stdin() -> BinaryIO:
    """The bytes that are piped in."""
    if sys.stdin is None:
        raise typer.BadParameter("stdin is closed: pipe events into it")
    return sys.stdin.buffer


def pieces(source: BinaryIO) -> Iterator[bytes]:
    """What there is, as soon as it is there."""
    while piece := source.read1(READ_BYTES):  # type: ignore[attr-defined]
        yield piece


def size_of(source: BinaryIO) -> int | None:
    """How many bytes will come, when that is known."""
    try:
        found = os.fstat(source.fileno())
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None
