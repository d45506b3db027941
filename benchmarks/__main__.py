"""`make bench`: processor, producer, read routes and a dataset beside the limits of the same machine, in one run.

ARGS="--readings 300000" for less, ARGS="--only routes" for a part, ARGS="--only dataset --rows 300000" for 1 GB."""

import argparse
import asyncio
import os
from statistics import median

from rich.console import Console
from rich.table import Table
from tests.support import databases
from tests.support.stack import Stack, open_stack

from benchmarks import abuse, dataset, invalid, limits, load, processor, producer, routes
from benchmarks.stand import fresh_topics, running

console = Console()


PARTS = ("processor", "invalid", "producer", "routes", "dataset", "abuse")


def main() -> None:
    """Run the measurements and print their tables."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--readings", type=int, default=1_000_000, help="readings in the topic (default 1,000,000)")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds, medians are shown (default 3)")
    parser.add_argument("--rows", type=int, default=30_000, help="rows of the dataset (default 30,000; 1 GB: 300000)")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part alone; may be repeated")
    asked = parser.parse_args()
    parts = asked.only or PARTS
    with open_stack() as stack, databases.template(stack) as template:
        if "processor" in parts:
            measure_processor(stack, template, asked.readings, asked.rounds)
        if "invalid" in parts:
            invalid.run(stack, template, min(asked.readings, 300_000), asked.rounds, console)
        if "producer" in parts:
            producer.run(stack, template, asked.readings, asked.rounds, console)
        if "routes" in parts:
            routes.run(stack, template, console)
        if "dataset" in parts:
            dataset.run(stack, template, asked.rows, console)
        if "abuse" in parts:
            abuse.run(stack, template, console)


def measure_processor(stack: Stack, template: str, readings: int, rounds: int) -> None:
    """A full topic through a processor, and beside it what consuming and COPY take alone."""
    topics = fresh_topics(stack)
    with console.status(f"publishing {readings:,} readings…"):
        load.fill(stack.kafka_bootstrap, topics.readings, readings)
    consumed, copied, runs = [], [], []
    for number in range(1, rounds + 1):
        with console.status(f"round {number} of {rounds}…"):
            consumed.append(readings / asyncio.run(limits.consume(stack.kafka_bootstrap, topics.readings, readings)))
            with databases.copy_of(stack, template) as database:
                copied.append(readings / asyncio.run(limits.copy(database.owner_dsn, readings)))
            with databases.copy_of(stack, template) as database, running(stack, database, topics) as process:
                runs.append(asyncio.run(processor.measure(process, database.owner_dsn, readings)))
    show(readings, median(consumed), median(copied), runs)


def show(readings: int, consume: float, copy: float, runs: list[processor.Run]) -> None:
    """The table."""
    rate = median(run.events_per_s for run in runs)
    table = Table(
        title=f"{readings:,} readings, {os.cpu_count()} cores, median of {len(runs)} rounds", title_justify="left"
    )
    for heading in ("", "events/s", "processor ÷ it"):
        table.add_column(heading, justify="left" if not heading else "right")
    table.add_row("bare aiokafka consume", f"{consume:,.0f}", f"{rate / consume:.2f}")
    table.add_row("bare COPY into the keyed raw table, sorted", f"{copy:,.0f}", f"{rate / copy:.2f}")
    table.add_row("processor, up to committed windows", f"{rate:,.0f}", "1")
    console.print(table)
    cpu, peak = median(run.cpu_s for run in runs), max(run.peak_bytes for run in runs)
    console.print(f"processor: {cpu:.1f} CPU seconds, peak memory {peak / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
