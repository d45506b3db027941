"""The supervisor over small real processes."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.support.waiting import until

from chassis.errors import StartError
from local_stack.children import Child
from local_stack.supervisor import DEATHS_MAX, Supervised, Supervisor, delay_s

SLEEP = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
NOTE_STOP = f"""
import signal, sys, time
def stop(*_):
    print(time.monotonic(), flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, stop)
{SLEEP}
"""
GRANDCHILD = f"""
import subprocess, sys
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
{SLEEP}
"""


class Run:
    """A supervisor in a thread, as `make run` has it, with what it printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.stopping = threading.Event()
        self.error: StartError | None = None
        self.supervisor = Supervisor(self.lines.append, self.stopping, self._soon)
        self._thread = threading.Thread(target=self._watch)

    def child(self, name: str, code: str) -> Supervised:
        child = Child(name, [sys.executable, "-c", code], self.folder)
        return Supervised(child, lambda: "up" in "".join(child.last_lines()), stop_within_s=2.0)

    def watch(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self.stopping.set()
        if self._thread.ident:
            self._thread.join(10)
        self.supervisor.stop()

    def _watch(self) -> None:
        try:
            self.supervisor.watch()
        except StartError as error:
            self.error = error

    @staticmethod
    def _soon(deaths: object, now: float) -> float | None:
        delay = delay_s(deaths, now)  # type: ignore[arg-type]
        return None if delay is None else 0.0


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = Run(tmp_path)
    yield made
    made.end()


def test_delays_double_and_the_fifth_death_within_a_minute_ends_it() -> None:
    deaths = [100.0, 102.0, 105.0, 110.0, 119.0]
    assert [delay_s(deaths[:n], now=deaths[n - 1]) for n in range(1, DEATHS_MAX)] == [1.0, 2.0, 4.0, 8.0]
    assert delay_s(deaths, now=119.0) is None


def test_deaths_older_than_a_minute_are_forgotten() -> None:
    assert delay_s([0.0, 1.0, 2.0, 3.0, 100.0], now=100.0) == 1.0


def test_a_killed_child_is_started_again_and_one_line_says_so(run: Run) -> None:
    one = run.child("worker", SLEEP)
    run.supervisor.start("some", [one])
    run.watch()
    first = one.child.pid
    assert first
    os.kill(first, signal.SIGKILL)
    until(lambda: one.child.running() and one.child.pid != first, 10, "a new process")
    assert [line.partition(";")[0] for line in run.lines] == ["worker was killed by signal 9"]


def test_a_child_that_keeps_dying_ends_the_run_with_its_last_lines(run: Run) -> None:
    one = run.child("worker", "print('up', flush=True); print('the disk is full', flush=True)")
    one.ready = lambda: True
    run.supervisor.start("some", [run.child("other", SLEEP)])
    one.child.start()
    run.supervisor._groups["worker"] = [one]
    run.watch()
    error = until(lambda: run.error, 20, "the run ends")
    assert "worker died 5 times within a minute" in str(error)
    assert "the disk is full" in str(error)


def test_a_child_that_ends_while_starting_is_told_with_its_log(run: Run) -> None:
    with pytest.raises(StartError, match=r"worker ended with exit code 3.*\n.*no such thing"):
        run.supervisor.start("some", [run.child("worker", "print('no such thing', flush=True); raise SystemExit(3)")])


def test_a_port_that_another_program_took_meanwhile_is_told_without_a_trace(run: Run) -> None:
    code = "print('BindException: Address already in use\\n at Net.bind', flush=True); raise SystemExit(1)"
    with pytest.raises(StartError) as error:
        run.supervisor.start("some", [run.child("worker", code)])
    assert str(error.value) == "worker: another program took its port just now: start again, and a free one is found"


def test_a_service_that_refuses_its_settings_is_quoted_in_one_line(run: Run) -> None:
    code = "import sys; print('error: wrong settings: TIDELINE_X', file=sys.stderr); sys.exit(2)"
    with pytest.raises(StartError, match=r"^worker: wrong settings: TIDELINE_X$"):
        run.supervisor.start("some", [run.child("worker", code)])


def test_a_stop_that_is_asked_for_ends_a_start_under_way(run: Run) -> None:
    run.stopping.set()
    with pytest.raises(StartError, match="stopped"):
        run.supervisor.start("some", [run.child("worker", "import time; time.sleep(600)")])


def test_groups_are_stopped_in_reverse_order(run: Run) -> None:
    children = {name: run.child(name, NOTE_STOP) for name in ("postgres", "kafka", "api")}
    for name, one in children.items():
        run.supervisor.start(name, [one])
    run.supervisor.stop()
    stopped_at = {name: float(one.child.last_lines()[-1]) for name, one in children.items()}
    assert sorted(stopped_at, key=stopped_at.__getitem__) == ["api", "kafka", "postgres"]


def test_a_group_that_ignores_the_stop_costs_the_time_of_one(run: Run) -> None:
    for name in ("a", "b", "c"):
        one = run.child(name, STUBBORN)
        one.stop_within_s = 0.5
        run.supervisor.start("services", [one])
    begin = time.monotonic()
    run.supervisor.stop()
    assert time.monotonic() - begin < 1.4


def test_a_child_that_ignores_the_stop_is_ended_in_time(run: Run) -> None:
    one = run.child("worker", STUBBORN)
    one.stop_within_s = 0.3
    run.supervisor.start("some", [one])
    run.supervisor.stop()
    assert one.child.exit_code() == -signal.SIGKILL
    assert run.lines == ["worker did not stop in time and was ended"]


def test_a_frozen_child_is_stopped_all_the_same(run: Run) -> None:
    one = run.child("worker", SLEEP)
    run.supervisor.start("some", [one])
    one.child.pause()
    run.supervisor.stop()
    assert one.child.exit_code() == -signal.SIGTERM


def test_each_child_leads_a_process_group_that_ends_with_it(run: Run) -> None:
    one = run.child("worker", GRANDCHILD)
    run.supervisor.start("some", [one])
    grandchild = psutil.Process(int(one.child.last_lines()[0]))
    assert os.getpgid(grandchild.pid) == one.child.pid != os.getpgid(0)
    run.supervisor.stop()
    until(lambda: not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE, 5, "all of it gone")
