"""The dashboard: its packages fetched and its pages built once per change of their sources, then offline."""

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from chassis.errors import StartError
from local_stack.node import npm

FOLDER = Path("services/dashboard")
BUILT = Path("dist")
NEXT = Path("dist.next")
INSTALLED = Path("node_modules/.tideline-lock")
STAMP = Path(".sources")
MISSING = Path("missing.txt")
"""In place of the pages: why there are none. query-api shows it."""
SOURCES = (".npmrc", "package-lock.json", "package.json", "openapi.json", "*.ts", "tsconfig.json", "index.html")
SOURCE_FOLDERS = ("src", "public")
GENERATED = "generated"


def build(console: Console, folder: Path = FOLDER) -> None:
    """Bring dist up to date, if the sources are not those it was made of. Raises StartError; an older one stays."""
    with _alone(folder):
        sources = _digest(_sources(folder))
        if _read(folder / BUILT / STAMP) == sources:
            return
        _install(console, folder)
        with console.status("Building the dashboard…"):
            if not console.is_terminal:
                console.print("Building the dashboard…")
            npm(folder, "run", "--silent", "build", "--", "--outDir", str(NEXT), "--emptyOutDir")
        (folder / NEXT / STAMP).write_text(sources)
        shutil.rmtree(folder / BUILT, ignore_errors=True)
        (folder / NEXT).rename(folder / BUILT)


def build_if_possible(console: Console, folder: Path = FOLDER) -> None:
    """The same, but what is missing is told in a line and left for the page to show: the API runs without it."""
    try:
        build(console, folder)
    except StartError as error:
        console.print(f"No new dashboard: {error}", soft_wrap=True, highlight=False, markup=False)
        if not (folder / BUILT / STAMP).exists():
            (folder / BUILT).mkdir(exist_ok=True)
            (folder / BUILT / MISSING).write_text(str(error))


def script(console: Console, name: str) -> None:
    """Run a script of package.json, on the terminal. Raises StartError when it fails."""
    with _alone(FOLDER):
        _install(console, FOLDER)
    npm(FOLDER, "run", "--silent", name, output=None)


def _install(console: Console, folder: Path) -> None:
    """The packages of package-lock.json, by their hashes, unless they are there."""
    locked = _digest([folder / "package-lock.json"])
    if _read(folder / INSTALLED) == locked:
        return
    with console.status("Fetching what the dashboard is built with (once; about 20 s)…"):
        if not console.is_terminal:
            console.print("Fetching what the dashboard is built with (once; about 20 s)…")
        npm(folder, "ci")
    (folder / INSTALLED).write_text(locked)


def _sources(folder: Path) -> list[Path]:
    here = [path for pattern in SOURCES for path in folder.glob(pattern)]
    below = [path for name in SOURCE_FOLDERS for path in (folder / name).rglob("*") if path.is_file()]
    return sorted({*here, *(path for path in below if GENERATED not in path.parts)})


def _digest(paths: list[Path]) -> str:
    """One figure for the names and the contents of files."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Only one process at a time: `make run` and `make test` share the folder."""
    if not folder.exists():
        raise StartError(f"no {folder} here: run this in the project's folder")
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
