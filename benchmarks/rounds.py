"""Contestants in turns: each once a round, so that what else the machine does falls on all of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.report import Cell, Report, Table, spread
from benchmarks.usage import Use

COLUMNS = ("", "min", "median", "max", "÷", "CPU s", "peak MB")


class WrongResult(Exception):  # noqa: N818 - names what happened
    """The result is not what a recount says: it has no speed."""


@dataclass(frozen=True)
class Run:
    """One contestant, once."""

    per_s: float
    used: Mapping[str, Use] = field(default_factory=dict)
    """By process."""


Contestant = Callable[[], Run]


def in_rounds(report: Report, rounds: int, contestants: Mapping[str, Contestant]) -> dict[str, list[Run]]:
    """All runs by contestant; empty for one whose result was wrong, which the report then says."""
    runs: dict[str, list[Run]] = {name: [] for name in contestants}
    wrong: set[str] = set()
    for number in range(1, rounds + 1):
        for name, contestant in contestants.items():
            if name in wrong:
                continue
            with report.doing(f"round {number} of {rounds}: {name}…"):
                try:
                    runs[name].append(contestant())
                except WrongResult as error:
                    wrong.add(name)
                    report.failures.append(f"{name}: {error}")
                    runs[name] = []
    return runs


def speeds(title: str, runs: Mapping[str, Sequence[Run]], base: str, note: str = "") -> Table:
    """A row a contestant; `÷`: the base's median by its own."""
    middle = speed(runs.get(base, ()))
    rows = [_row(name, middle, each) for name, each in runs.items()]
    return Table(title, COLUMNS, rows, f"÷: “{base}” by it. {note}".strip())


def speed(runs: Sequence[Run]) -> float:
    """The median; 0 where there is none."""
    return median(run.per_s for run in runs) if runs else 0.0


def ratio(one: Sequence[Run], other: Sequence[Run]) -> float:
    """Of their medians; 0 where one is missing."""
    return speed(one) / speed(other) if one and other else 0.0


def _row(name: str, base: float, runs: Sequence[Run]) -> list[Cell]:
    if not runs:
        return [name, *["wrong"] * 3, None, None, None]
    low, middle, high = spread([run.per_s for run in runs])
    processes = list(runs[0].used)
    cpu = {one: median(run.used[one].cpu_s for run in runs) for one in processes}
    peak = {
        one: max(run.used[one].peak_bytes for run in runs) / 1e6 for one in processes if runs[0].used[one].peak_bytes
    }
    told = (", ".join(f"{one} {figure:.{places}f}" for one, figure in figures.items())
            for figures, places in ((cpu, 1), (peak, 0)))  # fmt: skip
    return [name, low, middle, high, base / middle if base else None, *told]
