"""`make soak HOURS=8`: one long run with a fault a minute; memory, open files and lag over time as a picture.

`processor-1` and `producer-1` are frozen and cut off but never killed, so that what they gather over time shows.
"""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tests.support import databases
from tests.support.stack import ROOT, open_stack

from chaos.plot import svg
from chaos.run import Run, carry_out
from chaos.samples import Trend, trends
from chaos.schedule import Fault, schedule

LASTING = ("processor-1", "producer-1")
WARM_S = 60.0

console = Console()


def main() -> int:
    """Run it; 1 when it ends wrong."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=1, help="how long (default 1)")
    parser.add_argument("--seed", type=int, default=1, help="which faults (default 1)")
    parser.add_argument("--rate", type=float, default=200, help="events a second (default 200)")
    parser.add_argument("--out", type=Path, help="folder of the results (default .local/soak/<time>)")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as an error does it: ending all that was started
    out = asked.out or ROOT / ".local" / "soak" / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}"
    out.mkdir(parents=True, exist_ok=True)
    run = Run(asked.seed, asked.hours * 3600, a_fault_a_minute(asked.seed, asked.hours * 3600), asked.rate)
    with (
        console.status("starting Kafka and Postgres") as status,
        open_stack() as stack,
        databases.template(stack) as template,
        tempfile.TemporaryDirectory() as folder,
    ):
        history, wrong = asyncio.run(carry_out(run, stack, template, Path(folder), status.update))
    found = trends(history.samples, WARM_S)
    title = f"{asked.hours:g} h, seed {asked.seed}, revision {history.revision}, {len(history.faults)} faults"
    (out / "soak.svg").write_text(svg(history.samples, history.faults, title))
    figures = history.figures | {"trends": [asdict(trend) for trend in found], "wrong": wrong}
    (out / "soak.json").write_text(json.dumps({"title": title, **figures, "samples": history.samples}, indent=1))
    if wrong:
        history.save(out / "history.json.gz")
    console.print(table(found, title))
    console.print(f"records: {history.figures['records']:,}; {'exact' if not wrong else 'WRONG'}; written to {out}")
    for problem in wrong:
        console.print(f"  {problem}", markup=False)
    return int(bool(wrong))


def a_fault_a_minute(seed: int, seconds: float) -> list[Fault]:
    """The seed's faults, but for those that would end a process that is to last."""
    faults = schedule(seed, seconds, every_s=(50, 70), most=1)
    return [f for f in faults if f.target != "group" and not (f.target in LASTING and f.kind in ("kill", "end"))]


def table(found: list[Trend], title: str) -> Table:
    """Of each process its longest life."""
    shown = Table(title=title, title_justify="left")
    for heading in ("process", "hours", "MB first", "last", "most", "MB an hour", "files first", "last"):
        shown.add_column(heading, justify="right")
    for t in found:
        megabytes = (f"{value:.0f}" for value in (t.first_mb, t.last_mb, t.peak_mb, t.mb_per_hour))
        shown.add_row(t.name, f"{t.hours:.2f}", *megabytes, str(t.files_first), str(t.files_last))
    return shown


if __name__ == "__main__":
    sys.exit(main())
