"""What processes use: CPU seconds over a block, and their highest memory."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil


class Use(NamedTuple):
    """Of one process, or of a server with all its own."""

    cpu_s: float
    peak_bytes: int


@contextmanager
def watched(processes: Mapping[str, int]) -> Iterator[dict[str, Use]]:
    """By name: filled when the block ends. The processes must live until then."""
    before = {name: cpu_s(pid) for name, pid in processes.items()}
    used: dict[str, Use] = {}
    yield used
    used.update({name: Use(cpu_s(pid) - before[name], peak_bytes(pid)) for name, pid in processes.items()})


def cpu_s(pid: int) -> float:
    """CPU seconds of a process and its children, those that have ended too."""
    process = psutil.Process(pid)
    own = process.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in process.children(recursive=True):
        with suppress(psutil.Error):
            total += sum(child.cpu_times()[:2])
    return float(total)


def peak_bytes(pid: int) -> int:
    """The most that a process has had in memory; of one with children what all have now, shared pages counted once."""
    process = psutil.Process(pid)
    children = process.children(recursive=True)
    if children:
        return sum(filter(None, map(_own_share, (process, *children))))
    with suppress(OSError):
        if found := re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()):
            return int(found[1]) * 1024
    return int(process.memory_info().rss)


def _own_share(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.uss))
    except psutil.Error:
        return 0
