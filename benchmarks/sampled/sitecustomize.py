"""Counts what a process does, a thousand times each second of CPU time; written to $PROFILE_TO when it ends.

Python imports a module of this name at its start wherever it finds one, so that putting this folder on PYTHONPATH is
enough. It sees Python functions; what C code does is counted for the function that called it.
"""

import atexit
import json
import os
import signal
from collections import Counter
from types import CodeType, FrameType

EVERY_S = 0.001
seen: Counter[tuple[CodeType, ...]] = Counter()


def look(_signal: int, frame: FrameType | None) -> None:
    """One sample: the functions on the stack, innermost first."""
    stack = []
    while frame is not None:
        stack.append(frame.f_code)
        frame = frame.f_back
    seen[tuple(stack)] += 1


def tell() -> None:
    """Write all samples: [times, [[file, function], …]]."""
    signal.setitimer(signal.ITIMER_PROF, 0)
    lines = [(times, [(code.co_filename, code.co_name) for code in stack]) for stack, times in seen.items()]
    with open(os.environ["PROFILE_TO"], "w") as out:  # noqa: PTH123 - nothing more is to be imported here
        json.dump(lines, out)


if "PROFILE_TO" in os.environ:
    signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)
    atexit.register(tell)
