"""Named points at which a test can make the process kill itself, to show that nothing is lost or doubled there."""

import os
import signal

POINTS = (
    "fetched", "begun", "held", "raw_written", "letters_written", "windows_written", "quarters_written",
    "ledger_written", "before_commit", "commit_sent", "committed", "revoked", "claimed", "draining",
)  # fmt: skip


class Failpoint:
    """`spec`: `<point>[:nth]`, the nth time this point is reached (1: the first); empty: never."""

    def __init__(self, spec: str) -> None:
        point, _, nth = spec.partition(":")
        if point and point not in POINTS:
            raise ValueError(f"no such failpoint: use one of {', '.join(POINTS)}")
        self.point = point
        self._left = int(nth or 1)

    def reach(self, point: str) -> None:
        """Die here if this is the armed point for the nth time."""
        if point == self.point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
