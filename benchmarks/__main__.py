"""`make bench`: processor and producer beside the limits of the same machine, in one run.

ARGS="--readings 300000" for less."""

import argparse
import asyncio
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table
from tests.support import databases
from tests.support.databases import Database
from tests.support.processes import ServiceProcess
from tests.support.stack import ROOT, Stack, open_stack

from benchmarks import limits, load, processor, producer
from contracts.topics import Topics
from local_stack.waiting import in_own_loop
from provision.topics import create_topics, read_specs

console = Console()


def main() -> None:
    """Run all measurements and print one table."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--readings", type=int, default=1_000_000, help="readings in the topic (default 1,000,000)")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds, medians are shown (default 3)")
    asked = parser.parse_args()
    with open_stack() as stack, databases.template(stack) as template:
        topics = Topics(f"bench{secrets.token_hex(3)}.")
        in_own_loop(
            create_topics(stack.kafka_bootstrap, read_specs(ROOT / "infra/kafka/topics.toml", topics.prefix, 1))
        )
        with console.status(f"publishing {asked.readings:,} readings…"):
            load.fill(stack.kafka_bootstrap, topics.readings, asked.readings)
        consumed, copied, runs = [], [], []
        for number in range(1, asked.rounds + 1):
            with console.status(f"round {number} of {asked.rounds}…"):
                seconds = asyncio.run(limits.consume(stack.kafka_bootstrap, topics.readings, asked.readings))
                consumed.append(asked.readings / seconds)
                with databases.copy_of(stack, template) as database:
                    copied.append(asked.readings / asyncio.run(limits.copy(database.owner_dsn, asked.readings)))
                with databases.copy_of(stack, template) as database, running(stack, database, topics) as process:
                    runs.append(asyncio.run(processor.measure(process, database.owner_dsn, asked.readings)))
        show(asked.readings, median(consumed), median(copied), runs)
        producer.run(stack, template, asked.readings, asked.rounds, console)


@contextmanager
def running(stack: Stack, database: Database, topics: Topics) -> Iterator[ServiceProcess]:
    """A processor of its own on a topic that is full already."""
    env = {
        "TIDELINE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
        "TIDELINE_TOPIC_PREFIX": topics.prefix,
        "TIDELINE_POSTGRES_DSN": database.processor_dsn,
    }
    with tempfile.TemporaryDirectory() as folder:
        process = ServiceProcess("processor", env, Path(folder))
        try:
            yield process
        finally:
            process.terminate()


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
