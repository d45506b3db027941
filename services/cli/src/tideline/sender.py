"""Sends events, a portion a request, and tries again while the server is away: identities make that harmless."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import uuid4

from tideline.answers import Verdict, all_refused, verdict
from tideline.api import Api
from tideline.errors import Away, Refused
from tideline.portions import LINE_BYTES_MAX, Line, Refusal, identified
from tideline.problems import nonsense

PATH = "/api/v1/events"
NDJSON = {"Content-Type": "application/x-ndjson"}
TOO_LARGE = "too_large"


class Sender:
    """One input's way to one server. `notice` is told, once a portion, that it is tried again, and why."""

    def __init__(self, api: Api, wait_s: float, notice: Callable[[Away], None]) -> None:
        self._api = api
        self._wait_s = wait_s
        self._notice = notice
        self._answered_once = False

    def send(self, lines: Sequence[Line]) -> Verdict:
        """Every line accepted or refused. Raises a Failure when it is not known: Away only after so many seconds."""
        too_long = tuple(_too_large(line) for line in lines if line.data is None)
        rest = [Line(line.number, identified(line.data, _new_id, _now)) for line in lines if line.data is not None]
        if not rest:
            return Verdict(0, too_long)
        answered = self._persistently(rest)
        return Verdict(answered.accepted, tuple(sorted(too_long + answered.refused, key=lambda one: one.line)))

    def _persistently(self, lines: Sequence[Line]) -> Verdict:
        deadline, noted = time.monotonic() + self._wait_s, False
        while True:
            try:
                return self._ask(lines)
            except Away as away:
                too_late = time.monotonic() + away.retry_after_s > deadline
                if too_late or (away.nobody and not self._answered_once):
                    raise
                if not noted:
                    self._notice(away)
                noted = True
                time.sleep(away.retry_after_s)

    def _ask(self, lines: Sequence[Line]) -> Verdict:
        body = b"\n".join(line.data or b"" for line in lines)
        try:
            answers = self._api.lines("POST", PATH, content=body, headers=NDJSON)
            told = verdict(lines, answers)
        except Refused as refused:
            if refused.status == 413:
                return self._halves(lines)
            none_valid = all_refused(lines, refused.body) if refused.status == 422 else None
            if none_valid is None:
                raise
            told = none_valid
        except ValueError:
            raise nonsense(self._api.url) from None
        self._answered_once = True
        return told

    def _halves(self, lines: Sequence[Line]) -> Verdict:
        """The server takes smaller bodies than ours."""
        if len(lines) == 1:
            return Verdict(0, (_too_large(lines[0]),))
        half = len(lines) // 2
        first, second = self._ask(lines[:half]), self._ask(lines[half:])
        return Verdict(first.accepted + second.accepted, first.refused + second.refused)


def _too_large(line: Line) -> Refusal:
    limit = f"longer than {LINE_BYTES_MAX:,} bytes" if line.data is None else "longer than the server takes"
    return Refusal(line.number, TOO_LARGE, limit)


def _new_id() -> str:
    return str(uuid4())


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
