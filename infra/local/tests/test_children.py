import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.support.waiting import until

from local_stack import children
from local_stack.children import Child

PARENT = """
import sys
from pathlib import Path
from local_stack.children import Child
child = Child("worker", [sys.executable, "-c", "import time; time.sleep(600)"], Path(sys.argv[1]))
child.start()
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_output_goes_to_the_log(tmp_path: Path) -> None:
    child = Child(
        "worker", [sys.executable, "-c", "import os; print(os.environ['COLOUR'])"], tmp_path, {"COLOUR": "red"}
    )
    child.start()
    until(lambda: not child.running())
    assert child.last_lines() == ["red"]


def test_a_log_that_has_grown_large_is_cut_and_one_older_part_is_kept(tmp_path: Path) -> None:
    child = Child("worker", [sys.executable, "-c", "print('new')"], tmp_path)
    child.log.parent.mkdir()
    child.log.write_bytes(b"x" * (children.LOG_BYTES_MAX + 1))
    child.start()
    until(lambda: not child.running())
    assert child.log.read_text() == "new\n"
    assert child.log.with_suffix(".log.1").stat().st_size == children.LOG_BYTES_MAX + 1


def test_a_log_is_cut_while_the_child_writes_on(tmp_path: Path) -> None:
    child = Child("worker", [], tmp_path)
    child.log.parent.mkdir()
    with child.log.open("ab", buffering=0) as writer:
        child.log.write_bytes(b"x" * (children.LOG_BYTES_MAX + 1))
        child.bound_log()
        writer.write(b"after\n")
    assert child.log.read_bytes() == b"after\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_children_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdout
    child = psutil.Process(int(parent.stdout.readline()))
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate(timeout=10)
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 5, "the child ends")
