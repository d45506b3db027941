"""The command line as a process, against real services."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean
from typing import IO, Any

import httpx
import pytest
from tests.support.fixtures import StartService
from tests.support.hostile import decent, serving
from tests.support.processes import ServiceProcess
from tests.support.stack import Stack
from tests.support.streams import published
from tests.support.waiting import until

from contracts.topics import Topics

TIDELINE = Path(sys.executable).with_name("tideline")
PRODUCER = {f"TIDELINE_BUILT_IN__{name}": "false" for name in ("HOST", "DEMO", "PRICES")} | {
    "TIDELINE_STREAMS__LEASE_S": "2",
    "TIDELINE_STREAMS__POLL_S": "0.2",
    "TIDELINE_EVENTS__ACK_TIMEOUT_S": "2",
}
START = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)


class CommandLine:
    """`tideline` on one server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [TIDELINE, *arguments, "--url", self.url]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=90, check=False)

    def json(self, *arguments: str) -> Any:
        """What a command that succeeds tells a program."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command that does not end by itself."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen([TIDELINE, *arguments, "--url", self.url], text=True, **pipes) as process:
            try:
                yield process
            finally:
                process.kill()

    def until_state(self, stream: str, state: str) -> None:
        def reached() -> bool:
            return {one["id"]: one["state"] for one in self.json("streams", "list")}.get(stream) == state

        until(reached, 20, f"{stream} is {state}", every_s=0.2)


@pytest.fixture
def producer(start_service: StartService) -> ServiceProcess:
    return start_service("producer", **PRODUCER).wait_ready()


@pytest.fixture
def tideline(producer: ServiceProcess, start_service: StartService) -> CommandLine:
    return CommandLine(start_service("query-api", TIDELINE_PRODUCER_URL=producer.url).wait_ready().url)


@pytest.fixture
def processor(start_service: StartService) -> ServiceProcess:
    return start_service("processor", TIDELINE_NAME="processor-1").wait_ready()


def event(number: int, **identity: str) -> str:
    value = {"stream": "plant", "category": "ab"[number % 2], "value": number % 101 / 4}
    return json.dumps(value | identity)


def test_a_stream_is_started_paused_resumed_stopped_and_deleted(tideline: CommandLine) -> None:
    begun = tideline.run("streams", "start", "lab", "--profile", "sensor", "--rate", "50")
    assert (begun.returncode, begun.stdout) == (0, "lab is pending\n")
    tideline.until_state("lab", "running")
    again = tideline.run("streams", "start", "lab", "--rate", "50")
    assert (again.returncode, again.stdout) == (1, "")
    assert "already" in again.stderr
    for wish, state in (("pause", "paused"), ("resume", "running"), ("stop", "stopped")):
        for _ in range(2):
            assert tideline.run("streams", wish, "lab").returncode == 0
        tideline.until_state("lab", state)
    assert tideline.run("streams", "start", "lab").stdout == "lab is pending\n"
    assert tideline.json("streams", "list")[0]["spec"] == {"profile": "sensor", "rate": 50.0}
    assert tideline.run("streams", "stop", "lab").returncode == 0
    tideline.until_state("lab", "stopped")
    refused = tideline.run("streams", "resume", "lab")
    assert (refused.returncode, "start it instead" in refused.stderr) == (1, True)
    assert tideline.run("streams", "rm", "lab", "--data", "--yes").returncode == 0
    assert tideline.json("streams", "list") == []
    unknown = tideline.run("streams", "stop", "lab")
    assert (unknown.returncode, "lab" in unknown.stderr) == (1, True)


def test_the_sixth_stream_is_refused_by_the_names_of_the_five(tideline: CommandLine) -> None:
    names = [f"lab-{n}" for n in range(5)]
    for name in names:
        assert tideline.run("streams", "start", name).returncode == 0
    sixth = tideline.run("streams", "start", "sixth")
    assert (sixth.returncode, sixth.stdout) == (1, "")
    assert all(name in sixth.stderr for name in names)


def test_a_wrong_rate_is_named(tideline: CommandLine) -> None:
    refused = tideline.run("streams", "start", "lab", "--rate", "0", "--late-ratio", "2")
    assert refused.returncode == 1
    assert [line.split(":")[0].strip() for line in refused.stderr.splitlines()] == ["error", "rate", "late_ratio"]


def test_watch_tells_each_state_until_ctrl_c(tideline: CommandLine) -> None:
    assert tideline.run("streams", "start", "first").returncode == 0
    with tideline.running("streams", "watch", "--json") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["stream"] == "first"
        assert tideline.run("streams", "start", "lab", "--count", "5", "--rate", "10").returncode == 0
        states: list[str] = []
        while "completed" not in states:
            told = json.loads(process.stdout.readline())
            states += [told["state"]] if told["stream"] == "lab" else []
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert list(dict.fromkeys(states)) in (["pending", "running", "completed"], ["running", "completed"])
    assert (process.returncode, errors) == (0, "")


def test_a_dataset_is_written_ingested_once_and_compared_by_machine(
    start_service: StartService, processor: ServiceProcess, tmp_path: Path
) -> None:
    file = tmp_path / "molding.json"
    datasets = {
        "TIDELINE_DATASETS__ALLOW_PRIVATE_HOSTS": '["127.0.0.1"]',
        "TIDELINE_DATASETS__SPOOL_DIR": f"{tmp_path}/spool",
    }
    producer = start_service("producer", **PRODUCER, **datasets).wait_ready()
    tideline = CommandLine(start_service("query-api", TIDELINE_PRODUCER_URL=producer.url).wait_ready().url)
    written = subprocess.run([TIDELINE, "dataset", file, "--rows", "400"], capture_output=True, text=True, check=True)
    assert written.stdout.startswith(f"{file}: 400 products")
    products = json.loads(file.read_text())
    rotten = json.dumps([*products, {"no": "time"}]).encode()
    rules = ("--split-by", "molding_machine_id", "--include", "molding-machine-state.*")
    with serving(decent(rotten)) as source:
        first = tideline.run("ingest", source.url(), "--id", "molding", *rules)
        assert first.stdout.startswith("molding is completed: 401 rows, 1 rejected, ")
        assert (first.returncode, first.stderr.splitlines()[0][:16]) == (1, "line 1: no_time:")
        again = tideline.run("ingest", source.url(), "--id", "molding", *rules)
        assert (again.returncode, len(source.requests)) == (1, 1)
        assert "already ingested from this URL" in again.stderr
    other = tideline.run("ingest", source.url(), "--id", "molding")
    assert (other.returncode, "are fixed" in other.stderr) == (1, True)
    wanted = [p["molding-machine-state"]["OilTemp"] for p in products if p["molding_machine_id"] == "M-3"]
    category = "molding-machine-state.OilTemp{molding_machine_id=M-3}"
    asked = ("averages", "--stream", "molding", "--category", category)
    days = ("--start-date", "2025-01-01", "--end-date", "2025-01-01")
    until(lambda: [day["count"] for day in tideline.json(*asked, *days)] == [len(wanted)], 30, "all windows are there")
    [day] = tideline.json(*asked, *days)
    assert day["avg_value"] == pytest.approx(fmean(wanted), rel=1e-12)


@pytest.mark.usefixtures("processor")
def test_the_same_seed_and_options_give_the_same_averages(tideline: CommandLine) -> None:
    options = ["--profile", "random-walk", "--seed", "7", "--rate", "10", "--count", "1000", "--categories", "x,y"]
    for name in ("one", "two"):
        answer = tideline.run("streams", "start", name, *options, "--start-time", START.isoformat())
        assert answer.returncode == 0, answer.stderr
    day = str(START.date())

    def averages(name: str) -> list[tuple[str, float, int]]:
        days = tideline.json("averages", "--stream", name, "--start-date", day, "--end-date", day)
        return [(one["category"], one["avg_value"], one["count"]) for one in days]

    until(lambda: [count for _, _, count in averages("two")] == [500, 500], 20, "two is counted", every_s=0.2)
    until(lambda: averages("one") == averages("two"), 20, "one is counted", every_s=0.2)


@pytest.mark.usefixtures("processor")
def test_events_that_are_sent_are_counted_and_refused_ones_named(tideline: CommandLine) -> None:
    lines = []
    for n in range(5_000):
        at = (START + timedelta(seconds=n)).isoformat()
        lines.append(event(n, timestamp=at))
    bad = {17: "oh", 2_345: event(1).replace("plant", "no blanks"), 5_002: event(1, id="x")}
    for number, line in bad.items():
        lines.insert(number - 1, line)
    sent = tideline.run("send", stdin="\n".join(lines))
    assert (sent.returncode, sent.stdout) == (1, "5,000 accepted, 3 refused\n")
    refused = [line.split(": ")[:2] for line in sent.stderr.splitlines()]
    assert refused == [["line 17", "not_json"], ["line 2345", "bad_stream"], ["line 5002", "id_without_timestamp"]]
    expected = {
        (str(START.date()), category): (fmean(values), len(values))
        for category, values in (
            ("a", [n % 101 / 4 for n in range(0, 5_000, 2)]),
            ("b", [n % 101 / 4 for n in range(1, 5_000, 2)]),
        )
    }

    def averages() -> dict[tuple[str, str], tuple[float, int]]:
        days = tideline.json("averages", "--stream", "plant")
        return {(one["date"], one["category"]): (one["avg_value"], one["count"]) for one in days}

    until(lambda: averages() == expected, 20, "the averages are those of a recount", every_s=0.2)


@pytest.mark.usefixtures("processor")
def test_events_without_ids_count_once_although_kafka_freezes_and_the_producer_is_killed(
    tideline: CommandLine, producer: ServiceProcess, start_service: StartService, stack: Stack, topics: Topics
) -> None:
    with tideline.running("send", "--json", "--wait", "60") as process:
        assert process.stdin is not None
        assert process.stderr is not None
        feed(process.stdin, range(1_800))
        until(lambda: counted(tideline) == 1_800, 20, "some are counted")
        stack.kafka.pause()
        feed(process.stdin, range(1_800, 1_900))
        assert "not acknowledged" in process.stderr.readline()
        stack.kafka.resume()  # what was sent at first arrives, and so does what is sent again
        until(lambda: len(published(stack.kafka_bootstrap, topics.readings, "plant")) > 1_900, 20, "both are there")
        until(lambda: counted(tideline) == 1_900, 20, "they are counted once")
        producer.kill()
        feed(process.stdin, range(1_900, 2_000))
        assert "cannot be reached" in process.stderr.readline()
        start_service("producer", **PRODUCER, TIDELINE_HTTP_PORT=str(producer.port)).wait_ready()
        feed(process.stdin, range(2_000, 4_000))
        output, _ = process.communicate(timeout=60)
    assert json.loads(output) == {"accepted": 4_000, "refused": 0}
    until(lambda: counted(tideline) == 4_000, 20, "all are counted")
    again = tideline.run("send", stdin=event(1))
    assert again.returncode == 0
    until(lambda: counted(tideline) == 4_001, 20, "what is sent anew counts anew")


def feed(pipe: IO[str], numbers: range) -> None:
    pipe.writelines(event(n) + "\n" for n in numbers)
    pipe.flush()


def counted(tideline: CommandLine) -> int:
    """How many readings of the stream are in the windows."""
    params = {"stream": "plant"}
    answer = httpx.get(f"{tideline.url}/api/v1/processed-data", params=params, timeout=10, trust_env=False)
    return sum(line["count"] for line in answer.raise_for_status().json())


def test_status_says_what_is_ready_and_what_is_not(tideline: CommandLine, stack: Stack) -> None:
    assert tideline.run("streams", "start", "lab").returncode == 0
    told = tideline.json("status")
    assert (told["ready"], told["row_count"], told["task_count"]) == (True, 0, 1)
    assert [stream["id"] for stream in told["streams"]] == ["lab"]
    stack.postgres.kill()
    without = tideline.run("status")
    assert without.returncode == 3
    assert "not ready" in without.stdout
    assert "database" in without.stdout


def test_while_the_producer_is_away_reads_go_on_and_changes_are_exit_code_3(
    tideline: CommandLine, producer: ServiceProcess
) -> None:
    assert tideline.run("streams", "start", "lab", "--rate", "1").returncode == 0
    producer.kill()
    assert [stream["id"] for stream in tideline.json("streams", "list")] == ["lab"]
    stopped = tideline.run("streams", "stop", "lab")
    assert (stopped.returncode, stopped.stdout) == (3, "")
    assert "the producer cannot be reached" in stopped.stderr
