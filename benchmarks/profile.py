"""`make profile`: where the microseconds of an event go, in the processor by function, in Postgres by statement."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import psycopg
from tests.support.stack import Stack
from tests.support.waiting import until

from benchmarks.load import Load
from benchmarks.processor import Full, claimed, published, taken
from benchmarks.report import Cell, Report, Table
from benchmarks.stand import services_on
from benchmarks.usage import watched

READINGS = 3_000_000
LOOK_S = 0.005
SHOWN = 5
"""Functions of a stage that are told by name."""
SAMPLER = Path(__file__).parent / "sampled"

Frames = Sequence[Sequence[str]]
"""(file, function), innermost first."""

STAGES = {
    "fetch: Kafka's batches into records": ("aiokafka/consumer/", "aiokafka/record/", "aiokafka/codec", "bare.py"),
    "fetch: answers of Kafka, heartbeats": ("aiokafka/",),
    "decode: records into columns": ("processor/decode.py", "processor/columns.py"),
    "prepare: columns into windows": (
        "processor/aggregate.py", "processor/assemble.py", "processor/recent.py", "processor/series.py",
        "processor/plan.py",
    ),
    "write: buffers and statements": (
        "processor/write.py", "processor/offsets.py", "processor/dead_letters.py", "asyncpg/",
    ),
    "the loop: portions, positions, metrics": (
        "processor/consume.py", "processor/pipeline.py", "processor/partitions.py", "processor/metrics.py",
    ),
}  # fmt: skip
LOOP = "the event loop itself"

STATEMENTS = {
    'COPY "raw_readings"': "readings into the keyed raw table", 'COPY "staged': "staging",
    "windows they belong to": "windows", "quarters they belong to": "quarters and counts of series",
    "Writes the ledger": "ledger and offsets", "Moves the held": "ledger and offsets",
    "Locks the offsets": "compare-and-set", "Which of the staged": "looking up repeats", "COMMIT": "COMMIT",
}  # fmt: skip
ACTIVE = """SELECT left(query, 200), coalesce(wait_event_type, '') FROM pg_stat_activity
WHERE datname = current_database() AND usename = 'tideline_processor' AND state = 'active'"""


def run(stack: Stack, template: str, report: Report, rounds: int, readings: int = READINGS) -> None:  # noqa: ARG001
    """One processor drains a topic; one round is enough, as shares of CPU time hardly depend on what else goes on."""
    with report.doing(f"publishing {readings:,} readings…"):
        full = published(stack, Load(readings))
    with services_on(stack, template, full.topics) as services, report.doing("draining it…"):
        samples = services.folder / "samples.json"
        processor = services.start("processor", {"PYTHONPATH": str(SAMPLER), "PROFILE_TO": str(samples)})
        with psycopg.connect(services.database.owner_dsn, autocommit=True) as connection:
            until(lambda: claimed(connection, full), 60, "all partitions are claimed", every_s=0.005)
            with watched(services.pids) as used:
                begun = time.perf_counter()
                statements = _statements_until_taken(connection, full)
                seconds = time.perf_counter() - begun
        full.check(services.database.owner_dsn)
        processor.terminate()
        found = json.loads(samples.read_text())
    each_us = {name: use.cpu_s / full.records * 1e6 for name, use in used.items()}
    report.add(_by_process(each_us, seconds / full.records * 1e6, full.records / seconds))
    report.add(by_stage(found, each_us["processor"]))
    if "Postgres" in each_us:
        report.add(by_statement(statements, each_us["Postgres"]))


def _statements_until_taken(connection: psycopg.Connection, full: Full) -> Counter[tuple[str, str]]:
    """How often which statement of the processor was seen at work, and how often it waited for what."""
    seen: Counter[tuple[str, str]] = Counter()
    while taken(connection, full) < full.records:
        for _ in range(20):
            seen.update((text, waits) for text, waits in connection.execute(ACTIVE))
            time.sleep(LOOK_S)
    return seen


def _by_process(each_us: dict[str, float], wall_us: float, per_s: float) -> Table:
    rows: list[list[Cell]] = [[name, us, us / wall_us] for name, us in each_us.items()]
    return Table(
        f"By process: {per_s:,.0f} events/s under the profiler",
        ("", "µs of CPU an event", "cores"),
        rows,
        "A processor near 1 is bound by its one thread; all near the cores given: by the machine; neither: by waiting.",
    )


def by_stage(samples: Sequence[tuple[int, Frames]], total_us: float) -> Table:
    """The processor's microseconds by stage and by function, its start left out."""
    stages: dict[str, Counter[str]] = {name: Counter() for name in (*STAGES, LOOP)}
    for times, frames in samples:
        if not any("importlib" in file for file, _ in frames):
            stage, function = stage_of(frames)
            stages[stage][function] += times
    count = sum(each.total() for each in stages.values()) or 1
    rows: list[list[Cell]] = []
    for stage, functions in stages.items():
        rows.append([f"**{stage}**", total_us * functions.total() / count, functions.total() / count * 100])
        rows += [[name, total_us * n / count, n / count * 100] for name, n in functions.most_common(SHOWN)]
    note = f"{count:,} samples. Under each stage its {SHOWN} dearest functions, with what they call outside of it."
    return Table("Processor, by stage", ("", "µs of CPU an event", "%"), rows, note)


def stage_of(frames: Frames) -> tuple[str, str]:
    """The stage that the innermost of our or our libraries' functions belongs to, and that function."""
    for file, function in frames:
        for stage, files in STAGES.items():
            if any(part in file for part in files):
                return stage, f"{Path(file).stem}.{function}"
    return LOOP, "asyncio"


def by_statement(seen: Counter[tuple[str, str]], total_us: float) -> Table:
    """Postgres' microseconds by statement, as often as each was seen at work and not waiting."""
    working: Counter[str] = Counter()
    waiting: Counter[str] = Counter()
    for (text, waits), times in seen.items():
        name = next((name for part, name in STATEMENTS.items() if part in text), "others")
        (waiting if waits else working)[name] += times
    count, every = working.total() or 1, seen.total() or 1
    rows: list[list[Cell]] = [
        [name, total_us * working[name] / count, waiting[name] / every * 100]
        for name, _ in (working + waiting).most_common()
    ]
    note = f"{every:,} looks at pg_stat_activity. Waiting: for the client's next bytes, the disk, a lock."
    return Table("Postgres, by statement", ("", "µs of CPU an event", "% seen waiting in it"), rows, note)
