"""The machinery of `make bench` in small numbers: runs in turns, recounts, tables, files. No test looks at a speed."""

import io
import json
from pathlib import Path

import pytest
from benchmarks import processor, profile
from benchmarks.load import Load, fill
from benchmarks.report import Report, Table, in_markdown
from benchmarks.rounds import Run, in_rounds, speeds
from benchmarks.targets import Target, table
from benchmarks.usage import Use
from rich.console import Console
from tests.support.stack import ROOT, Stack

from contracts.topics import Topics

MIXED = Load(3_000, series=30, duplicates=0.05, invalid=0.02, late=0.1)


@pytest.fixture
def report(tmp_path: Path) -> Report:
    return Report({"revision": "abc"}, Console(file=io.StringIO(), width=200), tmp_path, "bench")


def test_a_drained_topic_is_recounted_and_a_wrong_result_has_no_speed(
    stack: Stack, migrated_template: str, topics: Topics, report: Report
) -> None:
    tally = fill(stack.kafka_bootstrap, topics.readings, MIXED)
    found_right: list[str] = []

    def check(dsn: str) -> None:
        processor.check(dsn, tally)
        found_right.append(dsn)
        next(iter(tally.windows.values()))[0] += 1  # from here on what is stored is wrong
        processor.check(dsn, tally)

    full = processor.Full(topics, topics.readings, tally.records, check)
    drained = processor.drained(stack, migrated_template, full)
    runs = in_rounds(report, 3, {"ours": drained, "theirs": lambda: Run(50.0)})
    assert len(found_right) == 1
    assert [len(each) for each in runs.values()] == [0, 3]
    assert len(report.failures) == 1
    assert report.failures[0].startswith("ours: 1 of ")
    report.add(speeds("Speeds", runs, "theirs"))
    assert "| ours | wrong | wrong | wrong |  |  |  |" in report.path(".md").read_text()
    assert json.loads(report.path(".json").read_text())["failures"] == report.failures


def test_a_profile_tells_of_processes_stages_and_statements(
    stack: Stack, migrated_template: str, report: Report
) -> None:
    profile.run(stack, migrated_template, report, 1, readings=20_000)
    assert not report.failures
    by_process, by_stage = report.tables[:2]
    assert by_process.rows[0][0] == "processor"
    shares = [float(row[2] or 0) for row in by_stage.rows if str(row[0]).startswith("**")]
    assert sum(shares) == pytest.approx(100)


def test_a_profile_counts_each_sample_for_the_stage_of_its_innermost_function() -> None:
    below = [("/lib/python3/asyncio/events.py", "_run"), ("processor/__main__.py", "main")]
    copying = [("/lib/asyncio/selector_events.py", "write"), ("/lib/asyncpg/connection.py", "_copy_in")]
    decoding = [("/src/processor/columns.py", "ids_of"), ("/src/processor/pipeline.py", "prepare")]
    starting = [("<frozen importlib._bootstrap>", "_find_and_load")]
    samples = [(6, [*copying, *below]), (3, [*decoding, *below]), (1, below), (90, [*starting, *below])]
    rows = profile.by_stage(samples, 2.0).rows
    assert ["**write: buffers and statements**", 1.2, 60.0] in rows
    assert ["columns.ids_of", 0.6, 30.0] in rows
    assert [f"**{profile.LOOP}**", 0.2, 10.0] in rows
    ours = {file for files in profile.STAGES.values() for file in files if file.startswith("processor/")}
    assert all((ROOT / "services/processor/src" / file).is_file() for file in ours)


def test_a_row_has_the_spread_of_its_rounds_and_what_each_process_used() -> None:
    runs = [Run(speed, {"processor": Use(cpu, peak)}) for speed, cpu, peak in ((90.0, 1, 5e6), (120.0, 2, 9e6))]
    lines = speeds("Speeds", {"ours": [*runs, Run(100.0, {"processor": Use(3, 1)})], "limit": [Run(200.0)]}, "ours")
    assert in_markdown(lines).splitlines()[-4:] == [
        "| ours | 90 | 100 | 120 | 1 | processor 2.0 | processor 9 |",
        "| limit | 200 | 200 | 200 | 0.50 |  |  |",
        "",
        "÷: “ours” by it.",
    ]


@pytest.mark.parametrize(
    ("target", "found", "said"),
    [
        (Target("ratio", 0.4, 0.8), 0.39, "**missed**"),
        (Target("ratio", 0.4, 0.8), 0.4, "reached"),
        (Target("ratio", 0.4, 0.8), 0.9, "aim reached"),
        (Target("time", 250, 100), 251, "**missed**"),
        (Target("time", 250, 100), 100, "aim reached"),
    ],
)
def test_a_target_is_missed_reached_or_beyond_its_aim(target: Target, found: float, said: str) -> None:
    assert target.reached(found) == said


def test_a_target_without_a_figure_is_not_measured() -> None:
    made: Table = table({"bench": {"producer ÷ librdkafka": 0.5}})
    states = {row[0]: (row[3], row[4], row[5]) for row in made.rows}
    assert states["producer ÷ librdkafka"] == (0.5, "reached", "bench")
    assert states["processor MB"] == (None, "not measured", None)
