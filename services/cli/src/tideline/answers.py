"""What the server answered to a portion of events. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tideline.portions import Line, Refusal

LINE = re.compile(r"line (\d{1,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many events of a portion were accepted, and which were not."""

    accepted: int
    refused: tuple[Refusal, ...]


def verdict(sent: Sequence[Line], answers: Sequence[Mapping[str, Any]]) -> Verdict:
    """From the answer 202, which tells each line of the body by its number there. Raises ValueError for nonsense."""
    if [answer.get("line") for answer in answers] != list(range(1, len(sent) + 1)):
        raise ValueError("not an answer to these lines")
    refused = tuple(
        Refusal(line.number, str(answer.get("reason")), str(answer.get("detail")))
        for line, answer in zip(sent, answers, strict=True)
        if answer.get("status") != "accepted"
    )
    return Verdict(len(sent) - len(refused), refused)


def all_refused(sent: Sequence[Line], body: Mapping[str, Any]) -> Verdict | None:
    """From a problem that names every line of the body; None: it is about something else."""
    refused = []
    for error in body.get("errors") or ():
        match = LINE.fullmatch(str(error.get("parameter"))) if isinstance(error, Mapping) else None
        if match is None or not 1 <= int(match[1]) <= len(sent):
            return None
        reason, _, detail = str(error.get("message")).partition(": ")
        refused.append(Refusal(sent[int(match[1]) - 1].number, reason, detail))
    return Verdict(0, tuple(refused)) if len(refused) == len(sent) else None
