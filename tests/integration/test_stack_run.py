"""`make run` itself: started as a process, looked at, hurt, stopped."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.support.databases import Database
from tests.support.make_run import MakeRun
from tests.support.publisher import publish
from tests.support.stack import Stack, cache_folder
from tests.support.waiting import until

from contracts.topics import Topics

ALL = {"kafka", "postgres", "processor-1", "processor-2", "producer", "query-api"}

AS_ON_MACOS = (
    sys.executable,
    "-c",
    "import sys; from local_stack import __main__, children; "
    "children._end_with_parent = lambda number: None; sys.exit(__main__.main())",
    "run",
)
"""Without the help of Linux's kernel, which ends the children of a supervisor that dies."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="tideline-run-"))
    made.chmod(0o711)  # Postgres runs as `nobody` when the tests run as root
    (made / "cache").symlink_to(cache_folder())
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def run(folder: Path) -> Iterator[MakeRun]:
    made = MakeRun(folder)
    yield made
    made.end(signal.SIGTERM)
    print(made.output)


@pytest.fixture(scope="class")
def running(folder: Path) -> Iterator[MakeRun]:
    made = MakeRun(folder)
    try:
        yield made.start(TIDELINE_PROCESSORS="2")
    finally:
        made.end(signal.SIGTERM)
        print(made.output)


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


class TestWhileItRuns:
    def test_its_screen_names_every_part(self, running: MakeRun) -> None:
        assert set(running.output.split()) >= ALL
        assert set(running.children()) == ALL

    def test_the_command_line_of_the_same_folder_finds_it(self, running: MakeRun) -> None:
        status = [Path(sys.executable).with_name("tideline"), "status", "--json"]
        assert json.loads(subprocess.check_output(status, env=running.env))["url"] == running.url

    def test_a_second_run_says_that_it_is_running(self, running: MakeRun) -> None:
        done = running.command("run")
        assert done.stdout == "Tideline is already running here: `make status` shows it, `make stop` stops it.\n"

    def test_a_reading_of_any_client_is_in_raw_data_soon_after(self, running: MakeRun) -> None:
        value = b'{"stream":"outside","category":"temperature","value":21.5}'
        publish(running.kafka_bootstrap, "readings", [value])

        assert until(lambda: running.raw_data("outside"), 5, "the reading") == [("temperature", 21.5)]

    @pytest.mark.parametrize("name", ["processor-1", "postgres", "kafka"])
    def test_a_killed_child_is_back_by_itself(self, running: MakeRun, name: str) -> None:
        running.kill(name)
        until(running.ready, 30, f"all is ready after {name} was killed")
        publish(running.kafka_bootstrap, "readings", [b"{}"])
        assert re.search(rf"^{name} was killed by signal 9; starting it again in 1 s", running.output, re.MULTILINE)

    def test_kafkas_own_tool_tells_the_lag_of_every_partition(self, running: MakeRun) -> None:
        def partitions() -> set[tuple[str, str]]:
            lines = [line.split() for line in running.command("lag").stdout.splitlines()]
            return {(line[1], line[2]) for line in lines if line[:1] == ["tideline.processor"]}

        expected = {(topic, str(n)) for topic in ("readings", "rows") for n in range(6)}
        until(lambda: partitions() == expected, 20, "a line for each partition")

    def test_clean_refuses_while_it_runs(self, running: MakeRun) -> None:
        done = running.command("clean", "--yes")
        assert (done.returncode, done.stderr) == (2, "error: Tideline is running: `make stop` first\n")


def test_ctrl_c_stops_all_within_ten_seconds_and_leaves_nothing(run: MakeRun) -> None:
    children = run.start().children()
    assert run.end(signal.SIGINT) < 10
    assert [name for name, process in children.items() if not gone(process)] == []
    assert "did not stop in time" not in run.output
    assert run.command("status").stdout.startswith("Tideline is not running")


def test_what_a_killed_run_leaves_behind_is_cleaned_up_by_the_next(run: MakeRun) -> None:
    left = run.start(AS_ON_MACOS).children()
    run.end(signal.SIGKILL)
    assert not any(map(gone, left.values()))
    run.start()
    assert [name for name, process in left.items() if not gone(process)] == []
    assert "left behind: kafka, postgres, processor-1, producer, query-api" in run.output


def test_a_taken_port_gives_way_to_the_next_free_one_and_make_stop_ends_it_from_elsewhere(run: MakeRun) -> None:
    with socket.create_server(("127.0.0.1", run.ports["PRODUCER"])):
        run.start()
    assert f"{run.ports['PRODUCER']} is taken" in run.output
    assert run.command("stop").stdout == "Stopped.\n"
    until(run.ended, 5, "its end")


def test_given_servers_are_used_and_nothing_of_ours_is_started_beside_them(
    run: MakeRun, stack: Stack, database: Database, topics: Topics
) -> None:
    (run.folder / "passwords.json").write_text(json.dumps(stack.passwords))  # the roles are the whole server's
    run.start(
        TIDELINE_KAFKA_BOOTSTRAP=stack.kafka_bootstrap,
        TIDELINE_POSTGRES_DSN=database.owner_dsn,
        TIDELINE_TOPIC_PREFIX=topics.prefix,
    )
    assert set(run.children()) == {"processor-1", "producer", "query-api"}
    assert run.command("status").stdout.count("yours") == 2
    value = b'{"stream":"outside","category":"temperature","value":21.5}'
    publish(stack.kafka_bootstrap, topics.readings, [value])
    until(lambda: run.raw_data("outside"), 5, "the reading")


def test_an_unknown_setting_is_refused_in_one_line(run: MakeRun) -> None:
    done = run.command("run", TIDELINE_PROCESORS="2")
    assert done.returncode == 2
    assert done.stderr == "error: TIDELINE_PROCESORS is not a setting: did you mean TIDELINE_PROCESSORS?\n"


def test_clean_asks_before_data_goes_and_deletes_it_when_told(run: MakeRun) -> None:
    assert run.command("clean").returncode == 2  # nobody to ask
    assert (run.folder / "passwords.json").exists()
    assert run.command("clean", "--yes").returncode == 0
    assert {path.name for path in run.folder.iterdir()} == {"cache", "run", "output"}
