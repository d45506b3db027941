"""`make chaos SEEDS=10 MINUTES=1`: as many schedules, one after the other; ARGS="--first 7" begins with seed 7,
ARGS="--check FILE" checks a kept history again, without any server."""

import argparse
import asyncio
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from tests.support import databases
from tests.support.stack import ROOT, Stack, open_stack

from chaos import report
from chaos.check import judge
from chaos.history import History
from chaos.report import revision
from chaos.run import Run, carry_out
from chaos.schedule import schedule
from chassis.errors import StartError

console = Console()


def main() -> int:
    """Run the schedules; 1 when one of them ends wrong."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="how many schedules (default 3)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (default 1)")
    parser.add_argument("--minutes", type=float, default=1, help="length of the faults of each (default 1)")
    parser.add_argument("--rate", type=float, default=600, help="events a second (default 600)")
    parser.add_argument("--out", type=Path, help="folder of the results (default .local/chaos/<time>)")
    parser.add_argument("--keep", action="store_true", help="keep every history, not only those that end wrong")
    parser.add_argument("--check", type=Path, metavar="FILE", help="check a kept history again")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as an error does it: ending all that was started
    if asked.check:
        return say_verdict(judge(History.load(asked.check)))
    out = asked.out or ROOT / ".local" / "chaos" / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}"
    out.mkdir(parents=True, exist_ok=True)
    with console.status("starting Kafka and Postgres"), open_stack() as stack, databases.template(stack) as template:
        outcomes: list[report.Outcome] = []
        for seed in range(asked.first, asked.first + asked.seeds):
            outcomes.append(one_seed(seed, asked, stack, template, out))
            page = report.write(outcomes, revision(), out)
    console.print(report.on_screen(outcomes, revision()))
    console.print(f"written to {page}")
    return int(any(outcome.wrong for outcome in outcomes))


def one_seed(seed: int, asked: argparse.Namespace, stack: Stack, template: str, out: Path) -> report.Outcome:
    """One schedule; its history is kept when it ends wrong. A server that does not come back is told as such."""
    try:
        return _carried_out(seed, asked, stack, template, out)
    except (StartError, TimeoutError) as error:
        console.print(f"[red]seed {seed} could not be carried out:", str(error).partition("\n")[0])
        return report.Outcome(seed, asked.minutes * 60, {}, [f"could not be carried out: {error}"])


def _carried_out(seed: int, asked: argparse.Namespace, stack: Stack, template: str, out: Path) -> report.Outcome:
    seconds = asked.minutes * 60
    run = Run(seed, seconds, schedule(seed, seconds), asked.rate)
    with console.status(f"seed {seed}") as status, tempfile.TemporaryDirectory() as folder:
        history, wrong = asyncio.run(
            carry_out(run, stack, template, Path(folder), lambda text: status.update(f"seed {seed}: {text}"))
        )
        if wrong or asked.keep:
            history.problems, history.broken = [], []  # found again by a check, but for what only a run shows
            history.problems = [problem for problem in wrong if "ended with" in problem or "not done" in problem]
            history.save(out / f"seed-{seed}.json.gz")
            for log in Path(folder).glob("*.log"):
                (out / f"seed-{seed}-{log.name}").write_bytes(log.read_bytes())
    outcome = report.Outcome(seed, seconds, history.figures, wrong)
    if wrong:
        again = f"python -m chaos --first {seed} --seeds 1 --minutes {asked.minutes:g}"
        console.print(f"[red]seed {seed} of revision {history.revision} ended wrong; again: {again}")
        say_verdict(wrong)
    else:
        console.print(f"seed {seed}: exact after {len(run.faults)} faults, {history.figures['records']:,} records")
    return outcome


def say_verdict(wrong: list[str]) -> int:
    """Print what is wrong; the exit code."""
    for problem in wrong:
        console.print(f"  {problem}", markup=False)
    if not wrong:
        console.print("exact")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
