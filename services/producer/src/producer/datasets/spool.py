"""Datasets on local disk: a part while it is pulled, held by one process; then a file named by its sha256."""

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from threading import Event

import orjson

from producer.datasets.answers import Version
from producer.errors import Failed

READ_BYTES = 262_144
"""Read in one go."""
NO_SPACE = "no_space"
"""The code of a failure for want of room."""


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

    def take_up(self, given_up: Event) -> bool:
        """Go on with what an ended process left, if it is of the same URL; whether it is, or nobody waits any more."""
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
            if given_up.is_set():
                break
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

    def begin(self, stream: str, url: str, given_up: Event) -> Part:
        """A part to pull into: the one that an ended process left of this URL, else a new one.

        What was left is read, which takes a while; `given_up` tells that the part will only be closed.
        """
        folder = self._folder / stream
        for path in folder.glob("*.part"):
            descriptor = _locked(path)
            if descriptor is None:
                continue
            part = Part(path, descriptor, url)
            if part.take_up(given_up):
                return part
            part.discard()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{secrets.token_hex(8)}.part"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return Part(path, descriptor, url)

    def find(self, stream: str, digest: str) -> Path | None:
        """The whole file of this sha256, if this machine has it."""
        path = self._folder / stream / digest
        return path if path.is_file() else None

    def remove(self, stream: str, parts: bool = True) -> None:
        """Delete what there is of a stream, but for parts that a process holds; without `parts` only whole files."""
        folder = self._folder / stream
        for path in folder.glob("*"):
            if path.suffix == ".part" and parts:
                _remove_unheld(path)
            elif not path.suffix or (path.suffix == ".json" and not path.with_suffix(".part").exists()):
                path.unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()  # if it is empty now

    def streams(self) -> list[str]:
        """Those that there are files of."""
        return [folder.name for folder in self._folder.iterdir()] if self._folder.is_dir() else []


def spool_failure(error: OSError) -> Failed:
    """What it means for a stream that the spool cannot be read or written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Failed(NO_SPACE, "there is no room for the file in the folder datasets.spool_dir")
    why = os.strerror(error.errno) if error.errno else "unknown error"
    return Failed("spool", f"the folder datasets.spool_dir cannot be used ({why}): make it writable or set another")


def read_file(path: Path) -> Iterator[bytes]:
    """The bytes of a file, piece by piece; raises Failed where the disk does not give them."""
    try:
        with path.open("rb") as file:
            while piece := file.read(READ_BYTES):
                yield piece
    except OSError as error:
        raise spool_failure(error) from None


def _remove_unheld(part: Path) -> None:
    descriptor = _locked(part)
    if descriptor is not None:
        part.unlink(missing_ok=True)
        part.with_suffix(".json").unlink(missing_ok=True)
        os.close(descriptor)


def _locked(path: Path) -> int | None:
    """The file opened and locked; None where another process holds it or it is gone."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(descriptor), path.stat()):
            raise FileNotFoundError
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
