"""Downloads from a small Maven repository on this machine."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from chassis.errors import StartError
from local_stack import jars
from local_stack.jars import Jar, fetch_jars, read_lock, write_lock

JAR = b"PK" + bytes(range(256)) * 40
PATH = "/org/example/tool/1.0/tool-1.0.jar"
LOCKED = Jar("org.example:tool:1.0", hashlib.sha256(JAR).hexdigest())


class Repository:
    """A Maven repository; `answers` are what it gives for the jar, one after the other, the last one for good."""

    def __init__(self) -> None:
        self.answers = [JAR]
        self.asked = 0
        repository = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                repository.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        if request.path != PATH:
            request.send_error(404)
            return
        self.asked += 1
        body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    monkeypatch.setattr(jars, "PAUSE_S", 0.0)
    made = Repository()
    yield made
    made.server.shutdown()
    made.server.server_close()


def fetch(repository: Repository, cache: Path, lock: list[Jar] | None = None) -> list[Path]:
    return fetch_jars(lock or [LOCKED], cache, repository.url, Console(file=StringIO()))


def test_a_jar_is_downloaded_once(repository: Repository, tmp_path: Path) -> None:
    (path,) = fetch(repository, tmp_path)
    assert path.read_bytes() == JAR
    repository.server.shutdown()
    assert fetch(repository, tmp_path) == [path]
    assert repository.asked == 1


def test_a_jar_that_is_not_the_locked_one_is_fetched_again(repository: Repository, tmp_path: Path) -> None:
    repository.answers = [JAR[:100], JAR[:-1], JAR]
    (path,) = fetch(repository, tmp_path)
    assert path.read_bytes() == JAR
    assert repository.asked == 3


def test_a_truncated_jar_in_the_cache_is_replaced(repository: Repository, tmp_path: Path) -> None:
    (path,) = fetch(repository, tmp_path)
    path.write_bytes(JAR[:-1])
    assert fetch(repository, tmp_path)[0].read_bytes() == JAR


def test_a_forged_jar_is_never_kept_and_the_error_says_what_to_do(repository: Repository, tmp_path: Path) -> None:
    repository.answers = [b"forged"]
    with pytest.raises(StartError, match=r"org.example:tool:1.0.*sha256.*TIDELINE_MAVEN_REPOSITORY"):
        fetch(repository, tmp_path)
    assert list(tmp_path.rglob("*.jar")) == []


def test_a_jar_that_is_not_there_names_the_setting_for_another_repository(
    repository: Repository, tmp_path: Path
) -> None:
    with pytest.raises(StartError, match=r"org.example:gone:2.0.*TIDELINE_MAVEN_REPOSITORY"):
        fetch(repository, tmp_path, [Jar("org.example:gone:2.0", "0" * 64)])


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_lock(tmp_path / "jars.lock", [LOCKED])
    assert read_lock(tmp_path / "jars.lock") == [LOCKED]


def test_the_committed_lock_holds_one_version_of_kafka_its_log_binding_and_the_lag_tool() -> None:
    lock = read_lock(Path(__file__).parents[2] / "kafka" / "jars.lock")
    versions = {jar.coordinate.rpartition(":")[0]: jar.coordinate.rpartition(":")[2] for jar in lock}
    kafka = {name: version for name, version in versions.items() if name.startswith("org.apache.kafka:")}
    assert {"org.apache.kafka:kafka_2.13", "org.apache.kafka:kafka-clients", "org.apache.kafka:kafka-tools"} <= set(
        kafka
    )
    assert set(kafka.values()) == {jars.KAFKA_VERSION}
    log4j = {version for name, version in versions.items() if name.startswith("org.apache.logging.log4j:")}
    assert len(log4j) == 1
    assert len(lock) == len(versions)


def test_a_cache_that_cannot_be_written_is_not_blamed_on_the_network(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "org").symlink_to(tmp_path / "a disk that is not there")
    with pytest.raises(FileExistsError):
        fetch(repository, tmp_path)
