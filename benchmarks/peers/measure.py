"""`make bench-peers`: Tideline and its peers on data of one kind, and what each holds after a kill in the middle."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

import psycopg
from tests.support import databases
from tests.support.stack import ROOT, Stack
from tests.support.waiting import until

from benchmarks import processor
from benchmarks.load import Load, Tally, fill
from benchmarks.report import Cell, Report, Table
from benchmarks.rounds import Contestant, Run, WrongResult, in_rounds, ratio, speeds
from benchmarks.stand import fresh_topics, servers, services_on
from benchmarks.usage import watched

HERE = Path(__file__).parent
ENVIRONMENT = ROOT / ".local/bench/quix"
"""Of Quix Streams, whose packages are none of the product's."""
SERIES = 100
OURS_READINGS = 1_000_000
OURS = "Tideline"
WITHIN_S, QUIET_S, LOOK_S = 300.0, 8.0, 0.05
COUNT = "SELECT count(*) FROM readings"
MINUTES_NOW = "SELECT count(*), sum(count) FROM minutes"
IDS = "SELECT bit_xor(('x' || translate(id::text, '-', ''))::bit(128))::text FROM readings"
MINUTES = """SELECT stream, category, to_char(minute AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI'), count, sum, min, max
FROM minutes"""


@dataclass(frozen=True)
class Sent:
    """What a topic holds."""

    topic: str
    tally: Tally


@dataclass(frozen=True)
class Peer:
    """Another program that does the work."""

    name: str
    readings: int
    """As many as it takes in some seconds."""
    command: tuple[str, ...]
    """Its last arguments are the servers, topic, group and a folder for itself."""
    leaves_open: bool = False
    """The last minute is not written before the next one has begun: less work than the others do."""


QUIX = str(ENVIRONMENT / "bin/python"), str(HERE / "quix.py")
PEERS = (
    Peer("FastStream one at a time", 4_000, (sys.executable, "-m", "benchmarks.peers.one_at_a_time")),
    Peer("FastStream in batches", 100_000, (sys.executable, "-m", "benchmarks.peers.in_batches")),
    Peer("Quix Streams", 60_000, (*QUIX, "current")),
    Peer("Quix Streams, a minute once over", 60_000, (*QUIX, "final"), leaves_open=True),
)


def run(stack: Stack, template: str, report: Report, rounds: int, peers: Sequence[Peer] = PEERS) -> None:
    """Speeds in turns, then a kill each."""
    with report.doing("what Quix Streams needs, into an environment of its own…"):
        install()
    with report.doing("publishing…"):
        ours = processor.published(stack, Load(OURS_READINGS, SERIES))
        sent = {peer: _published(stack, Load(peer.readings, SERIES)) for peer in peers}
    contestants: dict[str, Contestant] = {OURS: processor.drained(stack, template, ours)}
    contestants |= {peer.name: _contestant(stack, template, peer, sent[peer]) for peer in peers}
    runs = in_rounds(report, rounds, contestants)
    sizes = ", ".join(f"{peer.name} {peer.readings:,}" for peer in peers)
    note = f"Readings of {SERIES} series, raw and minutes: {OURS} {OURS_READINGS:,}, {sizes}."
    report.add(speeds("Peers: events/s", runs, OURS, note))
    for peer in peers:
        report.figures[f"processor ÷ {peer.name}"] = ratio(runs[OURS], runs[peer.name])
    kills: list[list[Cell]] = []
    for peer in peers:
        with report.doing(f"{peer.name}: killed in the middle…"):
            kills.append([peer.name, after_kill(stack, template, peer, sent[peer])])
    with report.doing(f"{OURS}: killed in the middle…"):
        kills.append([OURS, ours_after_kill(stack, template, ours)])
    report.add(Table("SIGKILL in the middle, then started again", ("", "what Postgres holds in the end"), kills))


def install() -> None:
    """The packages of quix.lock, by hash; nothing to do where they are there."""
    done, lock = ENVIRONMENT / "installed", HERE / "quix.lock"
    if done.exists() and done.read_text() == lock.read_text():
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
    program = [ROOT / "infra/install-locked", ENVIRONMENT / "bin/python", lock]
    subprocess.run(program, check=True, stdout=subprocess.DEVNULL)
    done.write_text(lock.read_text())


def _published(stack: Stack, load: Load) -> Sent:
    topic = fresh_topics(stack).readings
    return Sent(topic, fill(stack.kafka_bootstrap, topic, load))


def _contestant(stack: Stack, template: str, peer: Peer, sent: Sent) -> Contestant:
    return lambda: _drain(stack, template, peer, sent)


def _drain(stack: Stack, template: str, peer: Peer, sent: Sent) -> Run:
    """From what it has committed first to the last."""
    with _trial(stack, template, peer, sent) as trial:
        process = trial.start()
        first = trial.until(1)
        with watched({peer.name: process.pid, **servers(stack)}) as used:
            begun = time.perf_counter()
            trial.until(sent.tally.records)
            seconds = time.perf_counter() - begun
        trial.until_quiet()
        if difference := differences(trial.database, sent.tally, peer.leaves_open):
            raise WrongResult(difference)
    if first == sent.tally.records:
        raise WrongResult(f"{first} readings are too few to measure")
    return Run((sent.tally.records - first) / seconds, used)


def after_kill(stack: Stack, template: str, peer: Peer, sent: Sent) -> str:
    """Killed when it has a third; what is wrong once it has everything."""
    with _trial(stack, template, peer, sent) as trial:
        process = trial.start()
        trial.until(sent.tally.records // 3)
        process.kill()
        process.wait(10)
        trial.start()
        trial.until(sent.tally.records)
        trial.until_quiet()
        return differences(trial.database, sent.tally, peer.leaves_open) or "exact"


def ours_after_kill(stack: Stack, template: str, full: processor.Full) -> str:
    """The same for a processor."""
    with services_on(stack, template, full.topics) as services:
        first = services.start("processor", name="first")
        with psycopg.connect(services.database.owner_dsn, autocommit=True) as database:
            until(lambda: processor.taken(database, full) >= full.records // 3, WITHIN_S)
            first.kill()
            services.start("processor")
            until(lambda: processor.taken(database, full) >= full.records, WITHIN_S)
        try:
            full.check(services.database.owner_dsn)
        except WrongResult as error:
            return str(error)
        return "exact"


@dataclass
class Trial:
    """A peer on empty tables of its own."""

    command: list[str]
    log: Path
    database: psycopg.Connection
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> subprocess.Popen[bytes]:
        """One more process of it."""
        with self.log.open("ab") as log:
            self.started.append(subprocess.Popen(self.command, cwd=ROOT, stdout=log, stderr=log))
        return self.started[-1]

    def until(self, count: int) -> int:
        """Wait until it has so many readings; how many it has then."""

        def enough() -> int:
            if self.started[-1].poll() is not None:
                raise RuntimeError(f"the peer has ended:\n{self.log.read_text()[-2_000:]}")
            found = int((self.database.execute(COUNT.encode()).fetchone() or (0,))[0])
            return found if found >= count else 0

        return until(enough, WITHIN_S, f"{count} readings")

    def until_quiet(self) -> None:
        """Until the minutes have not changed for a while: some are written after their readings."""
        last, since = None, time.monotonic()
        while time.monotonic() - since < QUIET_S:
            if (found := self.database.execute(MINUTES_NOW.encode()).fetchone()) != last:
                last, since = found, time.monotonic()
            time.sleep(LOOK_S)


@contextmanager
def _trial(stack: Stack, template: str, peer: Peer, sent: Sent) -> Iterator[Trial]:
    with (
        databases.copy_of(stack, template) as made,
        tempfile.TemporaryDirectory() as folder,
        psycopg.connect(made.owner_dsn, autocommit=True) as database,
    ):
        database.execute((HERE / "tables.sql").read_bytes())
        arguments = [stack.kafka_bootstrap, sent.topic, f"peer-{token_hex(4)}", made.owner_dsn, folder]
        trial = Trial([*peer.command, *arguments], Path(folder) / "log", database)
        try:
            yield trial
        finally:
            for process in trial.started:
                process.kill()
                process.wait(10)


def differences(database: psycopg.Connection, tally: Tally, leaves_open: bool) -> str:
    """What is not as it was sent; nothing where all is right."""
    minutes = {(s, c, m): (n, *rest) for s, c, m, n, *rest in database.execute(MINUTES.encode())}
    expected, last = tally.lines(), max(minute for *_, minute in tally.windows)
    if leaves_open:
        expected = {key: line for key, line in expected.items() if key[2] < last}
    wrong = sum(not _alike(minutes.get(key), line) for key, line in expected.items())
    more = len(minutes.keys() - expected.keys())
    ids = int((database.execute(IDS.encode()).fetchone() or ("0",))[0] or "0", 2)
    told = {f"{wrong} of {len(expected)} windows are wrong": wrong, f"{more} windows too many": more}
    told["other readings are kept than were sent"] = ids != tally.ids
    return "; ".join(text for text, true in told.items() if true)


def _alike(found: tuple[float, ...] | None, line: tuple[float, ...]) -> bool:
    """Sums of floats depend on their order in the last digits."""
    return found is not None and all(
        abs(one - other) <= 1e-9 * abs(other) for one, other in zip(found, line, strict=True)
    )
