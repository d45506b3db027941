"""What Tideline does beside what else the same machine can do, in one run on two cores.

`make bench` in at most 10 minutes, `make bench-full` the rest, `make bench-peers` what others would have written,
`make profile` where the time goes.
Tables on the screen while it goes on; .local/bench/<command>.md and .json hold them in the end."""

import argparse
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from rich.console import Console
from tests.support import databases
from tests.support.stack import ROOT, Stack, open_stack

from benchmarks import abuse, dataset, history, idle, latency, machine, processor, producer, profile, routes, rows
from benchmarks.peers import measure
from benchmarks.report import Report

Part = Callable[[Stack, str, Report, int], None]
"""Measures on a stack, with a database to copy, so many rounds; adds to the report."""

COMMANDS: dict[str, dict[str, Part]] = {
    "bench": {
        "limits": processor.against_limits,
        "latency": latency.run,
        "producer": producer.run,
        "routes": routes.run,
        "csv": history.csv,
        "idle": idle.run,
    },
    "bench-full": {
        "kinds": processor.kinds,
        "sizes": processor.sizes,
        "rows": rows.run,
        "rates": producer.rates,
        "many-clients": partial(routes.run, clients=(64,), seconds=1.0),
        "daily-averages": history.daily_averages,
        "dataset": dataset.run,
        "abuse": abuse.run,
    },
    "bench-peers": {"peers": measure.run},
    "profile": {"profile": profile.run},
}


def main() -> int:
    """Run the parts of a command, or those asked for; 1 when one of them failed or found a wrong result."""
    every = [part for parts in COMMANDS.values() for part in parts]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("command", choices=COMMANDS, nargs="?", default="bench", help="which set of parts")
    parser.add_argument("--only", choices=every, action="append", help="this part alone; may be repeated")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds (default 3)")
    parser.add_argument("--cores", help="for everything, as `0,1` (default: the last two that may be used)")
    parser.add_argument("--rows", type=int, default=30_000, help="of the dataset (default 30,000; 1 GB: 300000)")
    asked = parser.parse_args()
    cores = machine.pin(asked.cores)
    report = Report(
        _facts(cores), Console(width=None if sys.stdout.isatty() else 160), ROOT / ".local/bench", asked.command
    )
    parts = {name: part for name, part in COMMANDS[asked.command].items() if name in (asked.only or every)}
    if "dataset" in parts:
        parts["dataset"] = partial(dataset.run, rows=asked.rows)
    begun = time.monotonic()
    with open_stack() as stack, databases.template(stack) as template:
        for name, part in parts.items():
            _measure(name, part, stack, template, report, asked.rounds)
    report.facts["took"] = f"{(time.monotonic() - begun) / 60:.1f} minutes"
    report.write()
    report.console.print(*report.failures, f"written: {report.path('.md')}, {report.path('.json')}", sep="\n")
    return int(bool(report.failures))


def _measure(name: str, part: Part, stack: Stack, template: str, report: Report, rounds: int) -> None:
    """One part; what goes wrong in it is told and does not end the others."""
    begun = time.monotonic()
    try:
        part(stack, template, report, rounds)
    except Exception as error:
        traceback.print_exc()
        report.failures.append(f"{name}: {type(error).__name__}: {error}")
    report.console.print(f"{name}: {time.monotonic() - begun:.0f} s", "")


def _facts(cores: str) -> dict[str, str]:
    return {
        "revision": machine.revision(),
        "machine": machine.machine(),
        "cores": cores,
        "begun": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load {machine.load():.1f}",
    }


if __name__ == "__main__":
    sys.exit(main())
