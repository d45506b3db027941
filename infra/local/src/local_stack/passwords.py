"""Passwords of the database's roles: made at the first start, kept readable by this user only."""

import json
import os
import secrets
from pathlib import Path

from chassis.errors import StartError

ROLES = ("owner", "processor", "producer", "api")


def load_passwords(path: Path) -> dict[str, str]:
    """The password of each of ROLES; makes the file when it is missing."""
    if not path.exists():
        _write(path, {role: secrets.token_urlsafe(24) for role in ROLES})
    try:
        passwords = json.loads(path.read_text())
        return {role: str(passwords[role]) for role in ROLES}
    except (OSError, ValueError, KeyError, TypeError):
        raise StartError(
            f"cannot read the passwords in {path}: restore the file, or `make clean` and begin anew"
        ) from None


def _write(path: Path, passwords: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(passwords, file)
    part.rename(path)
