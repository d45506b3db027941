import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from local_stack import leftovers


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], process_group=0) as started:
        yield started
        started.kill()


def test_a_process_that_was_left_behind_is_stopped(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    leftovers.write(tmp_path / "worker.json", process.pid)
    assert leftovers.stop_all(tmp_path) == ["worker"]
    assert not psutil.pid_exists(process.pid)
    assert list(tmp_path.iterdir()) == []


def test_a_frozen_one_is_stopped_too(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    leftovers.write(tmp_path / "worker.json", process.pid)
    process.send_signal(signal.SIGSTOP)
    leftovers.stop_all(tmp_path)
    assert not psutil.pid_exists(process.pid)


def test_one_that_ignores_the_stop_is_ended_with_its_group(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code], process_group=0, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        leftovers.write(tmp_path / "worker.json", process.pid)
        leftovers.stop_all(tmp_path, within_s=0.2)
        assert not psutil.pid_exists(process.pid)


def test_a_foreign_process_with_the_same_pid_is_left_alone(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    started = psutil.Process(process.pid).create_time()
    (tmp_path / "worker.json").write_text(json.dumps({"pid": process.pid, "started": started - 60}))
    assert leftovers.stop_all(tmp_path) == []
    assert process.poll() is None


@pytest.mark.parametrize("record", ["", "{}", '{"pid": "x", "started": 0}', "[1]", '{"pid": 999999999, "started": 1}'])
def test_a_broken_or_outdated_note_harms_nobody(tmp_path: Path, record: str) -> None:
    (tmp_path / "worker.json").write_text(record)
    assert leftovers.stop_all(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
