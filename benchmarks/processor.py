"""The processor on a full topic: records per second up to committed windows, recounted, beside the machine's limits."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from tests.support.stack import Stack
from tests.support.waiting import until

from benchmarks import limits
from benchmarks.load import Load, Tally, fill
from benchmarks.report import Report
from benchmarks.rounds import Contestant, Run, WrongResult, in_rounds, ratio, speeds
from benchmarks.stand import Services, fresh_topics, services_on
from benchmarks.usage import watched
from contracts.topics import Topics

WITHIN_S = 600
PARTITIONS = 6
LOOK_S = 0.02
ONE = "processor, up to committed windows"
TWO = "two copies"
TAKEN = "SELECT coalesce(sum(next_offset - start_offset), 0)::int8 FROM offsets WHERE topic = %s"
WAITING = "SELECT count(*) FROM pg_locks WHERE relation = 'offsets'::regclass AND NOT granted"
PATIENCE = """DO $$ BEGIN
    EXECUTE format('ALTER ROLE tideline_processor IN DATABASE %I SET lock_timeout = 0', current_database());
END $$"""
CLAIMED = "SELECT count(*) FROM offsets WHERE topic = %s"
COUNTS = """SELECT (SELECT count(*) FROM raw_readings), (SELECT count(*) FROM dead_letters),
    (SELECT sum(accepted + duplicate + rejected) FROM batches)::int8, (SELECT sum(count) FROM quarters)::int8"""
IDS = "SELECT bit_xor(('x' || translate(id::text, '-', ''))::bit(128))::text FROM raw_readings"
WINDOWS = """SELECT stream, category, to_char(minute AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI'), count, sum, min, max
FROM window_values JOIN series ON id = series_id"""
QUICK = (
    Load(300_000, 20), Load(300_000, 3_000), Load(300_000, duplicates=0.005), Load(300_000, duplicates=0.2),
    Load(300_000, invalid=0.05), Load(300_000, late=0.05),
)  # fmt: skip

SIZES = 300_000, 1_200_000, 3_000_000


def against_limits(stack: Stack, template: str, report: Report, rounds: int, readings: int = 1_000_000) -> None:
    """One and two copies beside consuming and COPY alone."""
    wanted = Load(readings)
    with report.doing(f"publishing {readings:,} readings…"):
        full = published(stack, wanted)
        ready = {order: limits.images(wanted, ordered=order) for order in (False, True)}

    def consume(decode: bool) -> Contestant:
        return lambda: limits.consume(stack, full.topic, readings, decode=decode)

    def copy(keyed: bool, ordered: bool) -> Contestant:
        return lambda: limits.copy(stack, template, ready[ordered], readings, keyed=keyed)

    copied = "COPY into the keyed raw table, sorted"
    runs = in_rounds(
        report,
        rounds,
        {
            "aiokafka getmany, nothing else": consume(False),
            "the same, decoded": consume(True),
            "COPY into a table without a key": copy(False, False),
            "COPY into the keyed raw table": copy(True, False),
            copied: copy(True, True),
            ONE: drained(stack, template, full),
            TWO: drained(stack, template, full, copies=2),
        },
    )
    report.add(speeds(f"Processor: {readings:,} readings of 300 series, events/s", runs, ONE))
    report.figures["processor ÷ sorted COPY"] = ratio(runs[ONE], runs[copied])
    note_memory(report, runs[ONE] + runs[TWO])


def kinds(stack: Stack, template: str, report: Report, rounds: int, loads: tuple[Load, ...] = QUICK) -> None:
    """What the shape of the data costs: number of series, duplicates, bad records, late ones."""
    plain = Load(loads[0].readings)
    contestants: dict[str, Contestant] = {}
    with report.doing("publishing…"):
        for each in (plain, *loads):
            contestants[_kind(each)] = drained(stack, template, published(stack, each))
    runs = in_rounds(report, rounds, contestants)
    report.add(speeds(f"Processor: {plain.readings:,} records of other kinds, events/s", runs, _kind(plain)))
    note_memory(report, [run for each in runs.values() for run in each])


def sizes(stack: Stack, template: str, report: Report, rounds: int, counts: tuple[int, ...] = SIZES) -> None:
    """Whether the cost of an event stays the same with the backlog; the largest with two copies as well."""
    contestants: dict[str, Contestant] = {}
    for count in counts:
        with report.doing(f"publishing {count:,} readings…"):
            full = published(stack, Load(count))
        contestants[f"{count:,} readings"] = drained(stack, template, full)
    two = f"{counts[-1]:,} readings, two copies"
    contestants[two] = drained(stack, template, full, copies=2)
    runs = in_rounds(report, rounds, contestants)
    first, last = (runs[f"{count:,} readings"] for count in (counts[0], counts[-1]))
    report.add(speeds("Processor: size of the backlog, events/s", runs, f"{counts[-1]:,} readings"))
    report.figures["largest ÷ smallest backlog"] = ratio(last, first)
    report.figures["two copies ÷ one"] = ratio(runs[two], last)
    note_memory(report, [run for each in runs.values() for run in each])


@dataclass(frozen=True)
class Full:
    """A topic that is full, and what Postgres must hold of it in the end."""

    topics: Topics
    topic: str
    records: int
    check: Callable[[str], None]
    """Given a database's address; raises WrongResult."""


def published(stack: Stack, wanted: Load) -> Full:
    """Fresh topics with these readings."""
    topics = fresh_topics(stack)
    tally = fill(stack.kafka_bootstrap, topics.readings, wanted)
    return Full(topics, topics.readings, tally.records, lambda dsn: check(dsn, tally))


def drained(stack: Stack, template: str, full: Full, copies: int = 1) -> Contestant:
    """So many processor copies take all that is there. The clock runs from the moment at which all is claimed."""
    return lambda: _drain(stack, template, full, copies)


def _drain(stack: Stack, template: str, full: Full, copies: int) -> Run:
    with services_on(stack, template, full.topics) as services:
        dsn = services.database.owner_dsn
        with _held_back(services, copies) if copies > 1 else ExitStack():
            for number in range(1, copies + 1):
                services.start("processor", name=f"processor {number}" if copies > 1 else "processor")
            if copies > 1:
                until(lambda: members(stack, full.topics) == copies, 60, "the copies share the topic")
        with psycopg.connect(dsn, autocommit=True) as connection:
            until(lambda: claimed(connection, full), 60, "all partitions are claimed", every_s=0.005)
            with watched(services.pids) as used:
                per_s = _speed(connection, full)
        full.check(dsn)
    return Run(per_s, used)


def check(dsn: str, tally: Tally) -> None:
    """Raises WrongResult where Postgres does not hold exactly what the topic amounts to."""
    with psycopg.connect(dsn) as connection:
        found = connection.execute(COUNTS).fetchone()
        ids = int((connection.execute(IDS).fetchone() or ("0",))[0] or "0", 2)
        windows = {(s, c, m): tuple(line) for s, c, m, *line in connection.execute(WINDOWS)}
    wanted = (tally.accepted, tally.refused, tally.records, tally.accepted)
    if found != wanted:
        raise WrongResult(f"raw readings, dead letters, ledger, quarters are {found} instead of {wanted}")
    if ids != tally.ids:
        raise WrongResult("other ids are kept than were sent")
    if windows != (expected := tally.lines()):
        different = sum(windows.get(key) != line for key, line in expected.items())
        raise WrongResult(f"{different} of {len(expected)} windows differ, {len(windows)} are there")


def note_memory(report: Report, runs: list[Run]) -> None:
    """The most that a processor has had in any run so far."""
    used = [use.peak_bytes / 1e6 for run in runs for name, use in run.used.items() if name.startswith("processor")]
    report.figures["processor MB"] = max([report.figures.get("processor MB", 0.0), *used])


def members(stack: Stack, topics: Topics) -> int:
    """How many copies have partitions, as far as Kafka tells: it may be looking for the group's coordinator."""
    client = AdminClient({"bootstrap.servers": stack.kafka_bootstrap, "log_level": 3})
    try:
        group = client.describe_consumer_groups([topics.processor_group])[topics.processor_group].result(10)
    except KafkaException:
        return 0
    return sum(bool(member.assignment and member.assignment.topic_partitions) for member in group.members)


def _kind(wanted: Load) -> str:
    shares = {"sent twice": wanted.duplicates, "refused": wanted.invalid, "late": wanted.late}
    found = [f"{100 * share:g} % {name}" for name, share in shares.items() if share]
    return ", ".join([f"{wanted.series:,} series", *found])


@contextmanager
def _held_back(services: Services, copies: int) -> Iterator[None]:
    """Copies that start one by one in the block begin at one moment, its end: when all of them wait to claim.

    Before, whoever tried again first was alone for up to 5 s, and so was the other in the end.
    """
    dsn = services.database.owner_dsn
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(PATIENCE)
        owner.execute("REVOKE INSERT ON offsets FROM tideline_processor")
        yield
        with psycopg.connect(dsn) as holder:
            holder.execute("LOCK TABLE offsets IN SHARE MODE")
            owner.execute("GRANT INSERT ON offsets TO tideline_processor")
            until(lambda: owner.execute(WAITING).fetchone() == (copies,), 60, "all copies wait to claim", every_s=0.005)


def _speed(connection: psycopg.Connection, full: Full) -> float:
    """Records per second until all are taken."""
    first, begun = taken(connection, full), time.perf_counter()
    while (now := taken(connection, full)) < full.records:
        if time.perf_counter() - begun > WITHIN_S:
            raise RuntimeError(f"{now} of {full.records} records are taken after {WITHIN_S} s")
        time.sleep(LOOK_S)
    return (now - first) / (time.perf_counter() - begun)


def taken(connection: psycopg.Connection, full: Full) -> int:
    """How many of its records have gone through."""
    return int((connection.execute(TAKEN, [full.topic]).fetchone() or (0,))[0])


def claimed(connection: psycopg.Connection, full: Full) -> bool:
    """Whether a processor has all its partitions."""
    return connection.execute(CLAIMED, [full.topic]).fetchone() == (PARTITIONS,)
