"""What a run found: tables on the screen while it goes on, then one markdown file and one JSON file."""

import json
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table as Screen

Cell = str | float | int | None


class Table(NamedTuple):
    """Figures about one subject; the first column names, the others are numbers or short texts."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


@dataclass
class Report:
    """Of one command."""

    facts: dict[str, str]
    """Revision, machine, cores, when."""
    console: Console
    folder: Path
    name: str
    tables: list[Table] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    """What targets.py asks for, by name."""
    failures: list[str] = field(default_factory=list)

    def add(self, table: Table) -> None:
        """Show a table and keep it; what there is so far is in the files."""
        self.tables.append(table)
        self.console.print(_on_screen(table), "")
        self.write()

    def doing(self, what: str) -> AbstractContextManager[Any]:
        """Say what goes on meanwhile."""
        if not self.console.is_terminal:
            self.console.print(f"{time.strftime('%H:%M:%S')} {what}", highlight=False)
        return self.console.status(what)

    def write(self) -> None:
        """Both files as they are by now."""
        self.folder.mkdir(parents=True, exist_ok=True)
        told = {"facts": self.facts, "figures": self.figures, "failures": self.failures}
        tables = [{**table._asdict(), "rows": _named(table)} for table in self.tables]
        self.path(".json").write_text(json.dumps({**told, "tables": tables}, indent=1) + "\n")
        self.path(".md").write_text(self.markdown())

    def path(self, ending: str) -> Path:
        """Where a file of this report is."""
        return self.folder / (self.name + ending)

    def markdown(self) -> str:
        """All tables, ready to be pasted into a page."""
        facts = "\n".join(f"- {name}: {fact}" for name, fact in self.facts.items())
        failed = "".join(f"\n**Failed:** {failure}\n" for failure in self.failures)
        return "\n".join([f"# {self.name}\n", facts, failed, *map(in_markdown, self.tables)])


def shown(cell: Cell) -> str:
    """Three digits or so."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    size = abs(cell)
    places = 0 if size >= 100 or float(cell).is_integer() else 1 if size >= 10 else 2 if size >= 0.1 else 3
    return f"{cell:,.{places}f}"


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Min, median, max."""
    return min(values), median(values), max(values)


def _named(table: Table) -> list[dict[str, Cell]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def _on_screen(table: Table) -> Screen:
    screen = Screen(title=table.title, title_justify="left", caption=table.note, caption_justify="left")
    for number, column in enumerate(table.columns):
        screen.add_column(column, justify="right" if number else "left", overflow="fold")
    for row in table.rows:
        screen.add_row(*map(shown, row))
    return screen


def in_markdown(table: Table) -> str:
    """Under its title, with its note below."""
    lines = [table.columns, ["---", *["--:"] * (len(table.columns) - 1)]]
    lines += [[shown(cell).replace("|", "\\|") for cell in row] for row in table.rows]
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"## {table.title}\n\n{text}\n" + (f"\n{table.note}\n" if table.note else "")
