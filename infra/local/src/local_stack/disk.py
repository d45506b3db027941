"""What a disk does not let us do, in words that say what to do about it."""

import errno
from pathlib import Path

from chassis.errors import StartError

ROOM_BYTES = 500_000_000
"""What Kafka, Postgres and the first events take, with some to spare."""
ELSEWHERE = "set TIDELINE_DATA_DIR to a folder of yours"
MEND = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room",
    errno.EACCES: ELSEWHERE,
    errno.EPERM: ELSEWHERE,
    errno.EROFS: ELSEWHERE,
    errno.ENOTDIR: ELSEWHERE,
}


def refuse_full(folder: Path, free_bytes: int) -> None:
    """Raise StartError where both servers would soon end for want of room."""
    if free_bytes < ROOM_BYTES:
        raise StartError(
            f"{folder} has {free_bytes // 1_000_000} MB left, and {ROOM_BYTES // 1_000_000} are wanted: make room, or "
            "set TIDELINE_DATA_DIR to a folder on another disk"
        )


def in_words(error: OSError) -> str:
    """One line: where, what and, if it is known, the remedy."""
    told = f"{error.filename or 'the system'}: {error.strerror or error}"
    return f"{told}: {MEND[error.errno]}" if error.errno in MEND else told
