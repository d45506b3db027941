"""Whole pipelines under random faults, and that their checker would see what it is there to see.

`make chaos` runs longer ones.
"""

import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from chaos import __main__ as program
from chaos import report
from chaos.check import judge
from chaos.crew import Crew
from chaos.history import History
from chaos.run import Run, carry_out
from chaos.schedule import KINDS, PROCESSORS, hits, schedule
from tests.support.publisher import Record
from tests.support.stack import ROOT, Stack

from chassis.errors import StartError

SHORT_S = 6.0
EAGER = (0.5, 2.0)


@pytest.mark.parametrize("seed", [101, 102, 103])
async def test_a_schedule_ends_exact(seed: int, stack: Stack, migrated_template: str, tmp_path: Path) -> None:
    if stack.kafka_behind is None:
        pytest.skip("faults need embedded servers of their own")
    run = Run(seed, SHORT_S, schedule(seed, SHORT_S, EAGER), rate=400)
    history, wrong = await carry_out(run, stack, migrated_template, tmp_path, lambda _: None)
    assert wrong == [], f"seed {seed}, revision {history.revision}, {run.faults}"
    assert len(history.faults) == len(run.faults)
    assert history.snapshots > 5
    assert history.figures["accepted"] > 400
    history.save(tmp_path / "history.json.gz")
    assert judge(History.load(tmp_path / "history.json.gz")) == []


def test_nobody_starts_the_crew_of_a_run_that_broke_off(tmp_path: Path) -> None:
    """Who watches over it would take those that were ended for killed ones."""
    crew = Crew({"processor-1": "processor"}, {"processor": {}}, tmp_path)
    crew.start_all()
    crew.kill_all()
    crew.look_after(set())
    assert crew.pids == {}


def test_a_seed_is_one_schedule_and_a_longer_one_begins_like_it() -> None:
    assert schedule(7, 60) == schedule(7, 60)
    assert schedule(7, 60) == schedule(7, 120)[: len(schedule(7, 60))]
    assert schedule(7, 60) != schedule(8, 60)


def test_no_target_has_two_faults_at_once_and_every_kind_is_drawn() -> None:
    drawn = set()
    for seed in range(200):
        free_at = dict.fromkeys(PROCESSORS, 0.0)
        for fault in schedule(seed, 60):
            drawn.add((fault.kind, fault.target))
            for target in hits(fault.target):
                assert free_at.get(target, 0.0) <= fault.at_s
                free_at[target] = fault.at_s + fault.for_s
    assert drawn == {(kind.name, target) for kind in KINDS for target in kind.targets}


def test_the_checker_shares_no_code_with_the_services() -> None:
    loaded = "import sys, chaos.check; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True)
    ours = {"contracts", "processor", "producer", "query_api", "chassis", "provision", "local_stack"}
    assert ours.isdisjoint(name.split(".")[0] for name in done.stdout.split())


def test_a_seed_whose_servers_do_not_start_is_told_and_the_others_go_on(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def no_kafka(run: Run, *_: object) -> None:
        raise StartError(f"Kafka did not start for {run.seed}:\nits log")

    monkeypatch.setattr(program, "carry_out", no_kafka)
    asked = Namespace(minutes=1, rate=1, keep=False)
    outcomes = [program.one_seed(seed, asked, stack, "template", tmp_path) for seed in (4, 5)]
    assert [outcome.wrong for outcome in outcomes] == [
        [f"could not be carried out: Kafka did not start for {seed}:\nits log"] for seed in (4, 5)
    ]
    assert "could not be carried out" in report.write(outcomes, "r", tmp_path).read_text()


def made_up() -> History:
    """Two readings, one of them twice, and a record that is none: as an exact run would have left them."""
    values = [
        b'{"id":"00000000-0000-0000-0000-000000000001","stream":"s","category":"c","timestamp":"2026-01-02T03:04:05Z","value":1.5}',
        b'{"id":"00000000-0000-0000-0000-000000000002","stream":"s","category":"c","timestamp":"2026-01-02T03:05:05Z","value":2.25}',
    ]
    records = [
        Record(0, n, None, value, "x.readings") for n, value in enumerate([values[0], values[1], values[0], b"{"])
    ]
    at_us = 1_767_323_045_000_000
    first, second = at_us - 5_000_000, at_us + 55_000_000
    lines = [
        [1, 1.5, 1.5, 1.5, 1.5, 1.5, str(int(1.5 * 2**62)), 0],
        [1, 2.25, 2.25, 2.25, 2.25, 2.25, str(int(2.25 * 2**62)), 0],
    ]
    tables = {
        "raw_readings": [
            ["s", "c", at_us, "00000000-0000-0000-0000-000000000001", 1.5],
            ["s", "c", at_us + 60_000_000, "00000000-0000-0000-0000-000000000002", 2.25],
        ],
        "raw_rows": [],
        "windows": [["s", "c", first, *lines[0]], ["s", "c", second, *lines[1]]],
        "quarters": [["s", "c", first - 240_000_000, 2, 3.75, 1.5, 2.25, 1.5, 2.25, str(int(3.75 * 2**62)), 0b110000]],
        "dead_letters": [["x.readings", 0, 3, "not_json"]],
        "offsets": [[1, "x.readings", 0, 1, 0, 4, 1, 2, 1, 1]],
        "batches": [[1, "x.readings", 0, 1, 0, 3, 2, 1, 0, 2], [1, "x.readings", 0, 1, 3, 4, 0, 0, 1, 0]],
        "gaps": [],
    }
    return History(1, 1, "test", records=records, tables=tables)


def test_the_checker_finds_nothing_where_nothing_is_wrong() -> None:
    assert judge(made_up()) == []


WRONGS: dict[str, Callable[[History], object]] = {
    "a reading lost": lambda h: h.tables["raw_readings"].pop(),
    "a reading twice under another id": lambda h: h.tables["raw_readings"].append(
        ["s", "c", 1_767_323_045_000_000, "00000000-0000-0000-0000-000000000003", 1.5]
    ),
    "another value": lambda h: h.tables["raw_readings"][0].__setitem__(4, 1.25),
    "a window counted twice": lambda h: h.tables["windows"][0].__setitem__(3, 2),
    "a sum off by the smallest unit": lambda h: h.tables["windows"][0].__setitem__(9, str(int(1.5 * 2**62) + 1)),
    "a quarter's minute missing": lambda h: h.tables["quarters"][0].__setitem__(10, 0b010000),
    "a dead letter lost": lambda h: h.tables["dead_letters"].pop(),
    "a gap in the ledger": lambda h: h.tables["batches"].pop(0),
    "counts that do not add up": lambda h: h.tables["offsets"][0].__setitem__(7, 3),
    "records left over": lambda h: h.records.append(replace(h.records[0], offset=4)),
    "an acknowledged record lost": lambda h: h.acknowledged.append((("x.readings", 0, 9), "00")),
    "a simulated event missing": lambda h: h.streams.update(s=3),
    "a broken snapshot": lambda h: h.broken.append("at 1.0 s: invariant 2 is broken"),
}


@pytest.mark.parametrize("wrong", WRONGS)
def test_the_checker_sees(wrong: str) -> None:
    history = made_up()
    WRONGS[wrong](history)
    assert judge(history) != []
