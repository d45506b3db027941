"""What is shown: tables and sentences for a person, JSON for a program; results on stdout, all else on stderr."""

import json
import sys
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn
from rich.text import Text

from tideline.errors import Failure
from tideline.text import plain

UNLIMITED = 10_000
"""Columns of an output that is no terminal: nothing is cut off or folded there."""


class Screen:
    """One command's output. Colours appear on terminals only."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.out = _console(stderr=False)
        self.err = _console(stderr=True)

    def show(self, value: Any, *parts: RenderableType) -> None:
        """The whole result of a command: the value for a program, the parts for a person."""
        if self.as_json:
            print(json.dumps(value, indent=2))
            return
        for part in parts:
            self.out.print(Text(plain(part)) if isinstance(part, str) else part)

    def show_next(self, value: Any, sentence: str) -> None:
        """One line of a result that has many, at once."""
        print(json.dumps(value) if self.as_json else plain(sentence), flush=True)

    def note(self, sentence: str, style: str = "") -> None:
        """Something beside the result."""
        self.err.print(Text(plain(sentence), style=style))

    def bar(self, *columns: ProgressColumn) -> Progress:
        """Progress with a sentence, a bar and these columns, on a terminal; nothing elsewhere."""
        shown = (TextColumn("{task.description}", markup=False), BarColumn(), *columns)
        return Progress(*shown, console=self.err, disable=not self.err.is_terminal, transient=True)

    def failure(self, failure: Failure) -> None:
        """Why the command ends here: one line and its fields, or for a program the problem as one line of JSON."""
        if self.as_json:
            print(json.dumps(dict(failure.body)), file=sys.stderr)
            return
        self.err.print(Text.assemble(("error: ", "bold red"), plain(failure.message)))
        for field in failure.fields:
            self.err.print(Text(f"  {plain(field)}"))


def _console(stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = UNLIMITED
    return console
