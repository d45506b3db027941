"""What the audit answers: its checks, what each found, and what that means together. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

FINDINGS_MAX = 100
"""Findings that one check tells; all are counted."""

PLACES = (
    "table", "generation", "topic", "partition", "pass", "first_offset", "next_offset", "stream", "category", "minute",
    "id", "removed_id",
)  # fmt: skip


class Result(StrEnum):
    """What a check, or the whole audit, comes to."""

    PASS = "PASS"  # noqa: S105 - no password
    DIFFERS = "DIFFERS"
    INCOMPLETE = "INCOMPLETE"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold: its name, the number of its invariant, and what a finding says."""

    name: str
    invariant: int
    holds: str
    broken: str


@dataclass(slots=True)
class Outcome:
    """What became of a check."""

    check: Check
    findings: list[dict[str, Any]] = field(default_factory=list)
    total: int = 0
    not_checkable: int = 0
    unfinished: str | None = None
    seconds: float = 0.0

    def add(self, place: Mapping[str, Any], stored: Mapping[str, Any], should_be: Mapping[str, Any]) -> None:
        """One more finding; of the two sides only what differs is told."""
        self.total += 1
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(finding(self.check, place, stored, should_be))

    def join(self, other: "Outcome") -> None:
        """Take in what another part of the same check found."""
        self.findings += other.findings[: FINDINGS_MAX - len(self.findings)]
        self.total += other.total
        self.not_checkable += other.not_checkable

    @property
    def result(self) -> Result:
        """A finding counts more than what was not looked at."""
        if self.total:
            return Result.DIFFERS
        return Result.INCOMPLETE if self.unfinished else Result.PASS


def finding(
    check: Check, place: Mapping[str, Any], stored: Mapping[str, Any], should_be: Mapping[str, Any]
) -> dict[str, Any]:
    """Where something differs, what is stored there and what it should be; None on a side: there is nothing."""
    names = [name for name in {**stored, **should_be} if stored.get(name) != should_be.get(name)]
    where = {name: place.get(name) for name in PLACES}
    sides = {
        side: {name: values.get(name) for name in names}
        for side, values in (("stored", stored), ("should_be", should_be))
    }
    return {"check": check.name, "invariant": check.invariant, "broken": check.broken, **where, **sides}


def report(
    outcomes: Sequence[Outcome],
    at: datetime,
    start: datetime,
    end: datetime | None,
    covered: Sequence[Mapping[str, Any]] | None = None,
    compared_from: datetime | None = None,
) -> dict[str, Any]:
    """The whole answer; `covered` is what a deep audit read of Kafka."""
    results = {outcome.result for outcome in outcomes}
    worst = next(one for one in (Result.DIFFERS, Result.INCOMPLETE, Result.PASS) if one in results)
    return {
        "result": worst,
        "at": at,
        "start": start,
        "end": end,
        "deep": covered is not None,
        "findings_total": sum(outcome.total for outcome in outcomes),
        "findings": [found for outcome in outcomes for found in outcome.findings],
        "checks": [_check_line(outcome) for outcome in outcomes],
        "covered": covered,
        "compared_from": compared_from,
    }


def _check_line(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.check.name,
        "invariant": outcome.check.invariant,
        "holds": outcome.check.holds,
        "result": outcome.result,
        "findings": outcome.total,
        "not_checkable": outcome.not_checkable,
        "unfinished": outcome.unfinished,
        "seconds": round(outcome.seconds, 3),
    }
