"""Start children group by group, bring back those that die, stop the groups in reverse order."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chassis.errors import StartError
from local_stack.children import Child
from local_stack.waiting import until

DEATHS_MAX = 5
WITHIN_S = 60.0
Delay = Callable[[Sequence[float], float], float | None]
WRONG_SETTINGS = 2
"""The exit code by which a service says that another try would end the same way (chassis.server.run_service)."""

PORT_TAKEN = "Address already in use"
"""What servers say of it; ports are looked for before the start, and another program may be quicker."""


@dataclass
class Supervised:
    """A child, how to ask whether it is ready, and its recent deaths."""

    child: Child
    ready: Callable[[], bool]
    stop_within_s: float = 5.5
    deaths: list[float] = field(default_factory=list)
    restart_at: float | None = None


def delay_s(deaths: Sequence[float], now: float) -> float | None:
    """Seconds to wait before the next start: 1, 2, 4 … by the deaths of the last minute; None when it is to give up."""
    recent = sum(1 for death in deaths if now - death < WITHIN_S)
    return None if recent >= DEATHS_MAX else float(2 ** (recent - 1))


class Supervisor:
    """Owns the children of one run. `stopping` is set from a signal handler."""

    def __init__(self, tell: Callable[[str], None], stopping: threading.Event, delay: Delay = delay_s) -> None:
        """`tell` prints one line; `delay` decides when a dead child is started again (see `delay_s`)."""
        self._delay = delay
        self._tell = tell
        self._stopping = stopping
        self._groups: dict[str, list[Supervised]] = {}

    def start(self, group: str, stage: Sequence[Supervised], within_s: float = 60.0) -> None:
        """Start some children and return when all are ready; later groups are stopped before this one.

        Raises StartError when a child ends or takes too long, and when a stop is asked for meanwhile.
        """
        self._groups.setdefault(group, []).extend(stage)
        for one in stage:
            one.child.start()
        waiting = list(stage)

        def all_ready() -> bool:
            waiting[:] = [one for one in waiting if not one.ready()]
            return not waiting or self._stopping.is_set() or not all(one.child.running() for one in stage)

        until(all_ready, within_s)
        if self._stopping.is_set():
            raise StartError("stopped while starting")
        for one in stage:
            if not one.child.running():
                raise StartError(ending(one.child))
        if waiting:
            names = ", ".join(one.child.name for one in waiting)
            logs = ", ".join(str(one.child.log) for one in waiting)
            raise StartError(f"not ready within {within_s:g} s: {names}; look at {logs}")

    def watch(self) -> None:
        """Bring back what dies until a stop is asked for. Raises StartError when a child dies too often."""
        while not self._stopping.wait(0.2):
            for one in (one for group in self._groups.values() for one in group):
                if one.child.running():
                    one.child.bound_log()
                elif one.restart_at is None:
                    self._plan_restart(one, time.monotonic())
                elif time.monotonic() >= one.restart_at:
                    one.restart_at = None
                    one.child.start()

    def _plan_restart(self, one: Supervised, now: float) -> None:
        code = one.child.exit_code()
        one.child.kill()  # whatever is left of its group, such as a dead postmaster's backends
        one.deaths = [death for death in one.deaths if now - death < WITHIN_S] + [now]
        delay = self._delay(one.deaths, now)
        if delay is None:
            last = "\n".join(one.child.last_lines())
            raise StartError(f"{one.child.name} died {DEATHS_MAX} times within a minute; its last lines:\n{last}")
        one.restart_at = now + delay
        self._tell(f"{one.child.name} {how(code)}; starting it again in {delay:g} s ({one.child.log})")

    def stop(self) -> None:
        """Stop all groups, the last one first; within a group at the same time."""
        for group in reversed(self._groups.values()):
            running = [one for one in group if one.child.running()]
            for one in running:
                one.child.resume()
                one.child.send(one.child.stop_signal)
            deadline = time.monotonic() + max((one.stop_within_s for one in running), default=0.0)
            for one in running:
                if not one.child.stop(max(0.0, deadline - time.monotonic())):
                    self._tell(f"{one.child.name} did not stop in time and was ended")


def how(code: int | None) -> str:
    """How a process ended, in words."""
    return f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with exit code {code}"


def ending(child: Child) -> str:
    """Why a child that did not come up ended: its own words when it refused its settings, else the end of its log."""
    lines = child.last_lines()
    if any(PORT_TAKEN in line for line in lines):
        return f"{child.name}: another program took its port just now: start again, and a free one is found"
    if child.exit_code() == WRONG_SETTINGS and lines:
        return f"{child.name}: {lines[-1].removeprefix('error: ')}"
    return "\n".join([f"{child.name} {how(child.exit_code())}; the end of {child.log}:", *lines])
