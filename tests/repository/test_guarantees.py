"""docs/guarantees.md names tests that exist, and what it says of clocks is true."""

import re

import pytest
from docs.generate import ROOT
from tests.support.malformed import MALFORMED

from processor.failpoints import POINTS

PAGE = (ROOT / "docs" / "guarantees.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`([a-z][\w/.-]*\.py)(?:::(test_\w+))?`", PAGE)))
SOURCES = ROOT / "services" / "processor" / "src" / "processor"
CLOCK = re.compile(r"\btime\.time\b|\bdatetime\.(now|today|utcnow)\b|\bdate\.today\b|\btime_ns\b")


@pytest.mark.parametrize(("file", "test"), NAMED, ids=lambda part: part or "whole file")
def test_every_test_that_is_named_exists(file: str, test: str) -> None:
    assert (ROOT / file).is_file()
    assert not test or f"def {test}(" in (ROOT / file).read_text("utf-8")


def test_every_row_of_the_fault_matrix_is_there() -> None:
    rows = {f"P{n}" for n in range(14, 24)} | {f"K{n}" for n in range(1, 19)} | {f"D{n}" for n in range(1, 14)}
    rows |= {f"H{n}" for n in range(1, 9)} | {f"A{n}" for n in range(1, 9)}
    told = {row for line in PAGE.splitlines() if line.startswith("| ") for row in re.findall(r"\b[PKDHA]\d+\b", line)}
    assert rows - told == set()


def test_the_counts_that_pages_tell_are_those_of_the_tests() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert f"{len(MALFORMED)} kinds of malformed records" in readme
    assert set(re.findall(r"(\d+) curated kinds", PAGE)) == {str(len(MALFORMED))}
    assert f"each of the transaction's {len(POINTS)} named points" in readme
    assert set(re.findall(r"(\d+) (?:named )?points", PAGE)) == {str(len(POINTS))}


def test_the_processor_asks_no_clock_what_time_it_is() -> None:
    """Only how much time has passed: `time.monotonic`, the event loop's. What metrics tell people is another matter."""
    asking = {path.name for path in SOURCES.rglob("*.py") if CLOCK.search(path.read_text("utf-8"))}
    assert asking - {"metrics.py"} == set()


def test_no_statement_of_the_processor_lets_postgres_clock_decide() -> None:
    """When something was accepted or written is noted by it; sessions that stand still and old letters told."""
    noting = {"accept_loss.sql", "end_frozen.sql", "hold_old_letters.sql"}
    noting |= {"take_replays.sql", "replays_done.sql", "discard_letters.sql", "discards_done.sql"}
    clock = re.compile(r"\bnow\(\)|clock_timestamp|current_timestamp|transaction_timestamp", re.IGNORECASE)
    asking = {path.name for path in (SOURCES / "sql").glob("*.sql") if clock.search(path.read_text("utf-8"))}
    assert asking - noting == set()
