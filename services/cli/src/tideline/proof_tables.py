"""Lag, audits and dead letters as tables for a person. Pure; fields that are missing or new do no harm."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from tideline.tables import table
from tideline.text import NOTHING, count, moment, plain, span

Line = Mapping[str, Any]
TRENDS = {"growing": "red", "falling": "green"}
COLOURS = {"PASS": "green", "DIFFERS": "bold red", "INCOMPLETE": "yellow"}
VALUE_SHOWN = 80


def lag_table(lines: Iterable[Line]) -> Table:
    """A line a partition."""
    made = table("topic", ">partition", ">behind", ">for", ">in/s", ">out/s", "trend", ">gone in", "owner", "trouble")
    for line in lines:
        made.add_row(
            Text(plain(line.get("topic", NOTHING))),
            count(line.get("partition")),
            count(line.get("records_behind")),
            span(line.get("seconds_behind")),
            rate(line.get("in_per_s")),
            rate(line.get("out_per_s")),
            Text(plain(line.get("trend", NOTHING)), style=TRENDS.get(str(line.get("trend")), "")),
            "never" if line.get("drain_s") is None else span(line["drain_s"]),
            Text(plain(line.get("member") or NOTHING)),
            Text(plain(line.get("trouble") or ""), style="bold red"),
        )
    return made


def rate(value: Any) -> str:
    """Records a second."""
    return f"{value:,.1f}" if isinstance(value, int | float) else NOTHING


def checks_table(report: Line) -> Table:
    """A line a check."""
    made = table("invariant", "holds", "result", ">findings", ">not checkable", "")
    for check in report.get("checks") or ():
        made.add_row(
            count(check.get("invariant")),
            Text(plain(check.get("holds", NOTHING))),
            result_text(check.get("result")),
            count(check.get("findings")),
            count(check.get("not_checkable")),
            Text(plain(check.get("unfinished") or ""), style="yellow"),
        )
    return made


def covered_lines(report: Line) -> list[str]:
    """What a deep audit read of Kafka, and what not."""
    covered = report.get("covered")
    if covered is None:
        return []
    records = sum(one.get("records") or 0 for one in covered)
    lines = [f"Kafka was read again: {count(records)} records of {count(len(covered))} partitions."]
    left_out = [one for one in covered if one.get("not_covered")]
    lines += [f"  {one.get('topic')}/{one.get('partition')}: {one['not_covered']}" for one in left_out]
    if report.get("compared_from"):
        lines.append(f"  Rows before {report['compared_from']} may be of records that Kafka has no longer.")
    return lines


def result_text(result: Any) -> Text:
    """PASS, or what else, in its colour."""
    return Text(plain(result or NOTHING), style=COLOURS.get(str(result), ""))


def finding_line(finding: Line) -> str:
    """One finding: what is broken, where, what is stored and what it should be."""
    known = {"check", "invariant", "broken", "stored", "should_be"}
    place = ", ".join(f"{name} {value}" for name, value in finding.items() if name not in known and value is not None)
    return f"{finding.get('broken')}: {place}: stored {finding.get('stored')}, should be {finding.get('should_be')}"


def letters_table(letters: Iterable[Line]) -> Table:
    """A line a dead letter."""
    made = table("kept", "place", "reason", "stream", "state", ">bytes", "value")
    for letter in letters:
        value = plain(letter.get("value") or "")
        made.add_row(
            moment(letter.get("received_at")),
            Text(plain(f"{letter.get('topic')}/{letter.get('partition')}/{letter.get('offset')}")),
            Text(plain(letter.get("reason", NOTHING))),
            Text(plain(letter.get("stream") or NOTHING)),
            Text(plain(letter.get("state", NOTHING))),
            count(letter.get("bytes")),
            Text(value if len(value) <= VALUE_SHOWN else f"{value[:VALUE_SHOWN]}…"),
        )
    return made


def letter_table(letter: Line) -> Table:
    """One dead letter, field by field."""
    made = table("", "")
    made.show_header = False
    for name, value in letter.items():
        if value is not None and name != "headers":
            made.add_row(name, Text(plain(value)))
    for header in letter.get("headers") or ():
        made.add_row("header", Text(plain(f"{header.get('name')}: {header.get('value')}")))
    return made
