"""Datasets on local disk: a part while it is pulled, held by one process; then a file named by its sha256."""

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import orjson

from producer.datasets.answers import Version

READ_BYTES = 262_144
"""Read in one go."""
KEPT_S = 3_600
"""What nobody has touched for so long may be swept away, if its stream has no more use for it."""


class Part:
    """The beginning of a file, locked: no other process writes to it for as long as this one lives."""

    def __init__(self, path: Path, descriptor: int, url: str) -> None:
        self._path = path
        self._descriptor = descriptor
        self._url = url
        self._hash = sha256()
        self.size = 0
        self.version = Version()

    @property
    def digest(self) -> str:
        """The sha256 of what is there, in hexadecimal digits."""
        return self._hash.hexdigest()

    def restart(self, version: Version) -> None:
        """Throw away what is there; what follows is of this version."""
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self._hash, self.size, self.version = sha256(), 0, version
        self._path.with_suffix(".json").write_bytes(orjson.dumps({"url": self._url, "version": asdict(version)}))

    def append(self, data: bytes) -> None:
        """Write at the end; raises OSError where there is no room."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
        self._hash.update(data)
        self.size += len(data)

    def take_up(self) -> bool:
        """Go on with what an ended process left, if it is of the same URL; whether it is."""
        try:
            left = orjson.loads(self._path.with_suffix(".json").read_bytes())
            self.version = Version(**left["version"])
        except (OSError, ValueError, TypeError, KeyError):
            return False
        if left["url"] != self._url:
            return False
        for piece in read_file(self._path):
            self._hash.update(piece)
            self.size += len(piece)
        os.lseek(self._descriptor, self.size, os.SEEK_SET)
        return True

    def complete(self) -> Path:
        """Give the whole file its name, which is its digest; the path of it."""
        path = self._path.with_name(self.digest)
        os.fsync(self._descriptor)
        self._path.rename(path)
        self._path.with_suffix(".json").unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = -1
        return path

    def discard(self) -> None:
        """Delete it."""
        self.size = 0
        self.close()

    def close(self) -> None:
        """Let go of it; what is on disk stays for the next try, unless there is nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0:
            return
        if self.size == 0:
            self._path.unlink(missing_ok=True)
            self._path.with_suffix(".json").unlink(missing_ok=True)
        os.close(descriptor)


class Spool:
    """The files of all streams, a folder each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, stream: str, url: str) -> Part:
        """A part to pull into: the one that an ended process left of this URL, else a new one."""
        folder = self._folder / stream
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("*.part"):
            descriptor = _locked(path)
            if descriptor is None:
                continue
            part = Part(path, descriptor, url)
            if part.take_up():
                return part
            part.discard()
        path = folder / f"{secrets.token_hex(8)}.part"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return Part(path, descriptor, url)

    def find(self, stream: str, digest: str) -> Path | None:
        """The whole file of this sha256, if this machine has it."""
        path = self._folder / stream / digest
        return path if path.is_file() else None

    def remove(self, stream: str, parts: bool = True) -> None:
        """Delete what there is of a stream; without `parts` only whole files."""
        if parts:
            shutil.rmtree(self._folder / stream, ignore_errors=True)
            return
        for path in (self._folder / stream).glob("*"):
            if path.suffix not in (".part", ".json"):
                path.unlink(missing_ok=True)
        with suppress(OSError):
            (self._folder / stream).rmdir()  # if it is empty now

    def unused(self) -> list[str]:
        """Streams whose files nobody has touched for an hour."""
        oldest = time.time() - KEPT_S
        folders = self._folder.iterdir() if self._folder.is_dir() else ()
        return [folder.name for folder in folders if _newest(folder) < oldest]


def read_file(path: Path) -> Iterator[bytes]:
    """The bytes of a file, piece by piece."""
    with path.open("rb") as file:
        while piece := file.read(READ_BYTES):
            yield piece


def _newest(folder: Path) -> float:
    return max((path.stat().st_mtime for path in (folder, *folder.glob("*"))), default=0.0)


def _locked(path: Path) -> int | None:
    """The file opened and locked; None where another process holds it or it is gone."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
