import stat
from pathlib import Path

import pytest

from chassis.errors import StartError
from local_stack.passwords import ROLES, load_passwords


def test_they_are_made_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    path = tmp_path / "data" / "passwords.json"
    made = load_passwords(path)
    assert load_passwords(path) == made
    assert len(set(made.values())) == len(ROLES)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "passwords.json"
    path.write_text('{"owner": "x"}')
    with pytest.raises(StartError, match=r"passwords\.json"):
        load_passwords(path)
