"""What is to be reached, and whether it is: `python -m benchmarks.targets` reads what the last runs wrote.

Each figure is a ratio, a time or a size of one run on two cores.
"""

import json
import sys
from collections.abc import Mapping
from typing import NamedTuple

from rich.console import Console
from tests.support.stack import ROOT

from benchmarks.report import Cell, Table, in_markdown

FOLDER = ROOT / ".local/bench"
PAGE = ROOT / "docs/performance.md"
BEGIN, END = "<!-- targets: written by make bench-targets ARGS=--docs -->", "<!-- end of targets -->"
COLUMNS = ("", "must", "aim", "found", "", "run")


class Target(NamedTuple):
    """A figure of a report, and what it is to be."""

    figure: str
    must: float
    aim: float
    unit: str = ""

    def reached(self, found: float) -> str:
        """In a word; where the aim is below the must, less is better."""
        sign = 1 if self.aim >= self.must else -1
        if sign * found >= sign * self.aim:
            return "aim reached"
        return "reached" if sign * found >= sign * self.must else "**missed**"


TARGETS = (
    Target("processor ÷ sorted COPY", 0.33, 0.6),
    Target("processor ÷ Quix Streams", 20, 40),
    Target("processor ÷ FastStream in batches", 5, 10),
    Target("processor ÷ FastStream one at a time", 150, 400),
    Target("two copies ÷ one", 1.3, 1.7),
    Target("largest ÷ smallest backlog", 0.9, 1),
    Target("processor MB", 300, 150, " MB"),
    Target("p99 ms at 1000/s, /processed-data", 250, 100, " ms"),
    Target("p99 ms at 1000/s, server-sent events", 250, 100, " ms"),
    Target("daily averages ÷", 1.3, 1.1),
    Target("last minute + ms", 3, 1.5, " ms"),
    Target("daily averages, largest ÷ smallest", 1.2, 1.1),
    Target("producer ÷ librdkafka", 0.4, 0.8),
    Target("idle %, three services, host and demo", 5, 2, " %"),
    Target("MB for a million lines of CSV", 100, 90, " MB"),
)


def table(reports: Mapping[str, Mapping[str, float]]) -> Table:
    """Every target beside the figure of the last run that has it."""
    rows: list[list[Cell]] = []
    for target in TARGETS:
        runs = [name for name, figures in reports.items() if target.figure in figures]
        wanted = [f"{value:g}{target.unit}" for value in (target.must, target.aim)]
        if not runs:
            rows.append([target.figure, *wanted, None, "not measured", None])
            continue
        found = reports[runs[-1]][target.figure]
        rows.append([target.figure, *wanted, found, target.reached(found), runs[-1]])
    return Table("Targets", COLUMNS, rows)


def main() -> int:
    """Print the table as markdown, with --docs into docs/performance.md; 1 when a must is missed or not measured."""
    files = sorted(FOLDER.glob("bench*.json"), key=lambda file: file.stat().st_mtime)
    reports = {file.stem: json.loads(file.read_text()) for file in files}
    made = table({name: report["figures"] for name, report in reports.items()})
    facts = [f"- {name}: " + "; ".join(report["facts"].values()) for name, report in reports.items()]
    text = "\n".join([*in_markdown(made).splitlines()[2:], "", *facts])
    Console(soft_wrap=True).print(text, markup=False, highlight=False)
    if "--docs" in sys.argv:
        before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", "utf-8")
    return int(any(row[4] in ("**missed**", "not measured") for row in made.rows))


if __name__ == "__main__":
    sys.exit(main())
