"""Where a run happens: on which cores, which machine, which revision."""

import os
import platform
import subprocess
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]


def pin(wanted: str | None) -> str:
    """Keep this process and all that it will start (servers, services, clients) on these cores; says which.

    Without a wish the last two that it may use. Call it before anything is started.
    """
    if not hasattr(os, "sched_setaffinity"):
        return "all cores: this system cannot pin processes"
    allowed = sorted(os.sched_getaffinity(0))
    cores = [int(core) for core in wanted.split(",")] if wanted else allowed[-2:]
    os.sched_setaffinity(0, cores)
    return f"cores {', '.join(map(str, cores))} for everything"


def revision() -> str:
    """The commit, with `+` where files differ from it."""
    told = _git("rev-parse", "--short=10", "HEAD")
    return (told or "unknown") + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def machine() -> str:
    """Processor, cores, memory, system, Python."""
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    cores = f"{psutil.cpu_count()} cores"
    return f"{_processor()}, {cores}, {memory:.0f} GiB, {system}, Python {platform.python_version()}"


def load() -> float:
    """How many processes waited for a core in the last minute, on average; more than the cores: expect noise."""
    return float(psutil.getloadavg()[0])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()
