"""Who runs a data folder now: a lock that ends with its process, and what that process runs."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """One line of `make status`."""

    name: str
    address: str
    ready_url: str = ""
    """Answers 200 when it is ready; empty for Kafka and Postgres."""
    note: str = ""


@dataclass(frozen=True)
class State:
    """What a supervisor runs, for the commands in other terminals."""

    api_url: str
    kafka_bootstrap: str
    topic_prefix: str
    parts: list[Part]


def _lock(folder: Path) -> Path:
    return folder / "run" / "lock"


def _state(folder: Path) -> Path:
    return folder / "run" / "state.json"


@contextmanager
def claim(folder: Path) -> Iterator[bool]:
    """True when this process now owns the folder, False when another one does. The kernel frees it at our end."""
    _lock(folder).parent.mkdir(parents=True, exist_ok=True)
    with _lock(folder).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield True
        finally:
            _state(folder).unlink(missing_ok=True)


def supervisor(folder: Path) -> int | None:
    """The process id of whoever owns the folder; None when nobody does."""
    with suppress(FileNotFoundError), _lock(folder).open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(file.read() or 0) or None
    return None


def write_state(folder: Path, state: State) -> None:
    """Note what runs."""
    part = _state(folder).with_suffix(".part")
    part.write_text(json.dumps(asdict(state)))
    part.rename(_state(folder))


def read_state(folder: Path) -> State | None:
    """What was noted; None while a start is under way."""
    try:
        values = json.loads(_state(folder).read_text())
        return State(**{**values, "parts": [Part(**part) for part in values["parts"]]})
    except (OSError, ValueError, KeyError, TypeError):
        return None
