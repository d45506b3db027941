import errno
from pathlib import Path

import pytest

from chassis.errors import StartError
from local_stack.disk import in_words, refuse_full


def test_a_disk_without_room_is_refused_before_anything_starts() -> None:
    refuse_full(Path(".local"), 500_000_000)
    with pytest.raises(StartError, match=r"^\.local has 499 MB left, and 500 are wanted: make room, or .*_DATA_DIR"):
        refuse_full(Path(".local"), 499_999_999)


@pytest.mark.parametrize(
    ("number", "path", "line"),
    [
        (errno.ENOSPC, None, "the system: No space left on device: make room"),
        (errno.EACCES, ".local/run", ".local/run: Permission denied: set TIDELINE_DATA_DIR to a folder of yours"),
        (errno.EROFS, ".local", ".local: Read-only file system: set TIDELINE_DATA_DIR to a folder of yours"),
        (errno.EIO, ".local", ".local: Input/output error"),
    ],
    ids=["full", "another user's", "read-only", "broken"],
)
def test_what_a_folder_does_not_let_us_do_is_one_line_with_the_remedy(number: int, path: str | None, line: str) -> None:
    error = OSError(number, *line.removeprefix(f"{path or 'the system'}: ").split(": ")[:1], path)
    assert in_words(error) == line
