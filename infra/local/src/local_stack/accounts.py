"""Which account a child runs as: Postgres refuses root, so root starts it as `nobody`."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from chassis.errors import StartError


@dataclass(frozen=True)
class Account:
    """An account of this machine; without ids: the one that this process runs as."""

    uid: int | None = None
    gid: int | None = None

    @property
    def groups(self) -> list[int] | None:
        """Further groups of a process of this account: none; None leaves them as they are."""
        return None if self.uid is None else []

    def may_enter(self, folder: Path) -> bool:
        """The account may reach files in `folder`: it may pass through it and every folder above."""
        path = folder.resolve()
        return self.uid is None or all(self._may_pass(part) for part in (path, *path.parents) if part.exists())

    def give(self, *paths: Path) -> None:
        """Make the account the owner."""
        if self.uid is not None and self.gid is not None:
            for path in paths:
                os.chown(path, self.uid, self.gid)

    def _may_pass(self, folder: Path) -> bool:
        state = folder.stat()
        if state.st_uid == self.uid:
            return bool(state.st_mode & stat.S_IXUSR)
        if state.st_gid == self.gid:
            return bool(state.st_mode & stat.S_IXGRP)
        return bool(state.st_mode & stat.S_IXOTH)


def unprivileged() -> Account:
    """This process's account, or `nobody` when that is root."""
    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            raise StartError(
                f"user id {os.geteuid()} has no entry in the passwd file, without which Postgres does not start: "
                "run as a named user, or set TIDELINE_POSTGRES_DSN to a server you have"
            ) from None
        return Account()
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise StartError("Postgres refuses root and there is no account `nobody`: run as another user") from None
    return Account(entry.pw_uid, entry.pw_gid)
