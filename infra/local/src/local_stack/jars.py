"""Kafka's jars from Maven Central: exactly those of infra/kafka/jars.lock, verified, cached, then offline."""

import fcntl
import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from jgo.maven import Artifact, MavenContext
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chassis.errors import StartError

ATTEMPTS = 4
PAUSE_S = 1.0
THREADS = 8
TIMEOUT_S = 60
KAFKA_VERSION = "4.2.1"


@dataclass(frozen=True)
class Jar:
    """One line of the lock: `group:artifact:version sha256:…`."""

    coordinate: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.coordinate} sha256:{self.sha256}"


def read_lock(path: Path) -> list[Jar]:
    """The jars of a lock file, in the order of the class path."""
    try:
        lines = [line.split() for line in path.read_text().splitlines() if line and not line.startswith("#")]
        return [Jar(coordinate, digest.removeprefix("sha256:")) for coordinate, digest in lines]
    except (OSError, ValueError) as error:
        raise StartError(
            f"cannot read {path}: {error}; restore it or write it anew: python -m local_stack lock-jars"
        ) from None


def fetch_jars(lock: Sequence[Jar], cache: Path, repository: str, console: Console) -> list[Path]:
    """Paths of all jars of the lock, each checked against its sha256; downloads what the cache lacks.

    Raises StartError naming the setting for another repository when a jar cannot be had.
    """
    cache.mkdir(parents=True, exist_ok=True)
    context = _maven(cache, repository)
    with _alone(cache):
        paths = [_place(_artifact(context, jar)) for jar in lock]
        missing = [jar for jar, path in zip(lock, paths, strict=True) if not _is_good(path, jar)]
        if missing:
            _download(missing, context, console)
    return paths


def _download(missing: Sequence[Jar], context: MavenContext, console: Console) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=console, disable=not console.is_terminal)
    if not console.is_terminal:
        console.print(f"Downloading Kafka {KAFKA_VERSION}: {len(missing)} jars, about 50 MB, once…")
    pool = ThreadPoolExecutor(THREADS)
    try:
        with bar as progress:
            task = progress.add_task(f"Downloading Kafka {KAFKA_VERSION} (jars)", total=len(missing))
            fetched = as_completed([pool.submit(_fetch, context, jar) for jar in missing])
            for done, future in enumerate(fetched, start=1):
                future.result()
                progress.advance(task)
                if not console.is_terminal and done % 10 == 0:
                    console.print(f"  {done} of {len(missing)} jars")
    finally:  # after Ctrl-C or an error: do not wait for the downloads under way
        pool.shutdown(wait=False, cancel_futures=True)


def _fetch(context: MavenContext, jar: Jar) -> None:
    reason = ""
    for attempt in range(ATTEMPTS):
        time.sleep(attempt * PAUSE_S)
        artifact = _artifact(context, jar)
        path = _place(artifact)
        path.unlink(missing_ok=True)  # a broken one: jgo would take it as it is
        try:
            artifact.resolve()
        except (requests.RequestException, RuntimeError) as error:
            reason = type(error).__name__ if isinstance(error, requests.RequestException) else "not found there"
            continue
        if _is_good(path, jar):
            return
        reason = "its sha256 is not the one in infra/kafka/jars.lock"
        path.unlink(missing_ok=True)
    repositories = ", ".join(context.remote_repos.values())
    raise StartError(
        f"cannot download {jar.coordinate} from {repositories} ({reason}, {ATTEMPTS} attempts): check the network, "
        "or set TIDELINE_MAVEN_REPOSITORY to a mirror of Maven Central"
    )


def _is_good(path: Path, jar: Jar) -> bool:
    return path.exists() and _sha256(path) == jar.sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _artifact(context: MavenContext, jar: Jar) -> Artifact:
    return context.create_dependency(jar.coordinate).artifact


def _place(artifact: Artifact) -> Path:
    return Path(artifact.cached_path or "")  # None only for a context without a cache


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Only one process at a time fills a cache: `make run` and `make test` may share it."""
    with (cache / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def resolve_lock(cache: Path, repository: str, tell: Callable[[str], None]) -> list[Jar]:
    """Resolve Kafka anew, as `python -m local_stack lock-jars` does: the jars to lock, sorted.

    Kafka is resolved alone: together with log4j the dependency management of both mixes and yields old clients. Its
    POM has no log binding, so log4j's is added at the version that Kafka brought. Of kafka-tools only its own jar is
    wanted (`make lag`); what it depends on beyond Kafka serves Connect.
    """
    logging.getLogger("jgo").setLevel(logging.ERROR)
    context = _maven(cache, repository)
    tell(f"Resolving Kafka {KAFKA_VERSION}…")
    kafka = context.create_dependency(f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}")
    inputs, transitive = context.resolver.resolve([kafka])
    names = {f"{d.groupId}:{d.artifactId}": d.version for d in (*inputs, *transitive)}
    names["org.apache.logging.log4j:log4j-slf4j-impl"] = names["org.apache.logging.log4j:log4j-core"]
    names["org.apache.kafka:kafka-tools"] = KAFKA_VERSION
    coordinates = sorted(f"{name}:{version}" for name, version in names.items())
    with ThreadPoolExecutor(THREADS) as pool:
        paths = pool.map(lambda c: context.create_dependency(c).artifact.resolve(), coordinates)
        return [Jar(coordinate, _sha256(path)) for coordinate, path in zip(coordinates, paths, strict=True)]


def write_lock(path: Path, jars: Sequence[Jar]) -> None:
    """Write the lock file."""
    head = (
        f"# The jars of Kafka {KAFKA_VERSION}, written by `python -m local_stack lock-jars`; nothing else is fetched.\n"
    )
    path.write_text(head + "".join(f"{jar}\n" for jar in jars))


def _maven(cache: Path, repository: str) -> MavenContext:
    """A client of this repository; empty: of Maven Central, which jgo knows."""
    return MavenContext(
        repo_cache=cache, remote_repos={"central": repository} if repository else None, timeout=TIMEOUT_S
    )
