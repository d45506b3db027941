"""Named points at which a test can make the process kill, freeze or stall itself, to show that nothing is lost or
doubled there."""

import os
import signal
import time

POINTS = (
    "fetched", "begun", "held", "raw_written", "letters_written", "windows_written", "quarters_written",
    "ledger_written", "before_commit", "commit_sent", "committed", "revoked", "claimed", "draining",
)  # fmt: skip
ACTIONS = ("kill", "freeze", "stall")
STALL_S = 8.0
"""Longer than the session timeout: the others take over meanwhile."""


class Failpoint:
    """`spec`: `<point>[:nth[:action]]`, at the nth time this point is reached (1: the first); empty: never.

    `kill`, the default, is SIGKILL, `freeze` SIGSTOP; `stall` blocks the event loop, heartbeats and all, for 8 s.
    """

    def __init__(self, spec: str) -> None:
        point, nth, action = (*spec.split(":"), "", "")[:3]
        if point and point not in POINTS:
            raise ValueError(f"no such failpoint: use one of {', '.join(POINTS)}")
        if action and action not in ACTIONS:
            raise ValueError(f"no such action at a failpoint: use one of {', '.join(ACTIONS)}")
        self.point = point
        self._left = int(nth or 1)
        self._action = action or "kill"

    def reach(self, point: str) -> None:
        """Do it here if this is the armed point for the nth time."""
        if point == self.point:
            self._left -= 1
            if self._left == 0:
                self._act()

    def _act(self) -> None:
        if self._action == "stall":
            time.sleep(STALL_S)
        else:
            os.kill(os.getpid(), signal.SIGKILL if self._action == "kill" else signal.SIGSTOP)
