"""Outcomes as a table: on the screen, as markdown and as JSON."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from tests.support.stack import ROOT

COLUMNS = (
    "faults",
    "records",
    "accepted",
    "duplicate",
    "rejected",
    "snapshots",
    "claims",
    "fenced",
    "commits_lost",
    "recovered_s",
)


def revision() -> str:
    """Which code is running."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


@dataclass(frozen=True)
class Outcome:
    """One seed's result."""

    seed: int
    seconds: float
    figures: dict[str, Any]
    wrong: list[str]

    def cells(self) -> list[str]:
        """One line of the table."""
        shown = [str(self.figures.get(name, "")) for name in COLUMNS]
        return [str(self.seed), f"{self.seconds:g}", *shown, "exact" if not self.wrong else "WRONG"]


HEADINGS = ("seed", "seconds", *(name.replace("_", " ") for name in COLUMNS), "verdict")


def on_screen(outcomes: Sequence[Outcome], revision: str) -> Table:
    """For a terminal: what fits into 80 columns."""
    table = Table(title=f"{len(outcomes)} schedules on {revision}", title_justify="left")
    for heading in ("seed", "faults", "records", "duplicate", "rejected", "recovered s", "verdict"):
        table.add_column(heading, justify="right", no_wrap=True)
    for outcome in outcomes:
        shown = dict(zip(HEADINGS, outcome.cells(), strict=True))
        table.add_row(*(shown[str(column.header)] for column in table.columns))
    return table


def write(outcomes: Sequence[Outcome], revision: str, folder: Path) -> Path:
    """results.md and results.json; returns the first."""
    lines = [f"Revision {revision}.", "", f"| {' | '.join(HEADINGS)} |", "|" + "---|" * len(HEADINGS)]
    lines += [f"| {' | '.join(outcome.cells())} |" for outcome in outcomes]
    lines += [f"\nSeed {outcome.seed}: {problem}" for outcome in outcomes for problem in outcome.wrong]
    page = folder / "results.md"
    page.write_text("\n".join(lines) + "\n")
    found = {"revision": revision, "outcomes": [asdict(outcome) for outcome in outcomes]}
    (folder / "results.json").write_text(json.dumps(found, indent=2) + "\n")
    return page
