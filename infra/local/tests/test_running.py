import os
import subprocess
import sys
from pathlib import Path

from local_stack import running
from local_stack.running import Part, State

HOLD = """
import sys
from pathlib import Path
from local_stack import running
with running.claim(Path(sys.argv[1])) as ours:
    print(ours, flush=True)
    sys.stdin.read()
"""


def test_a_folder_has_one_owner_until_it_dies(tmp_path: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert owner.stdout
    assert owner.stdout.readline() == b"True\n"
    with running.claim(tmp_path) as ours:
        assert not ours
    assert running.supervisor(tmp_path) == owner.pid
    owner.kill()
    owner.communicate(timeout=10)
    assert running.supervisor(tmp_path) is None
    with running.claim(tmp_path) as ours:
        assert ours


def test_nobody_owns_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert running.supervisor(tmp_path / "nowhere") is None


def test_what_runs_is_read_as_it_was_written_and_forgotten_at_the_end(tmp_path: Path) -> None:
    state = State(
        "http://127.0.0.1:8000", "127.0.0.1:9092", "", [Part("kafka", "127.0.0.1:9092", note="9092 is taken")]
    )
    with running.claim(tmp_path):
        running.write_state(tmp_path, state)
        assert running.read_state(tmp_path) == state
        assert (tmp_path / "run" / "lock").read_text() == str(os.getpid())
    assert running.read_state(tmp_path) is None
