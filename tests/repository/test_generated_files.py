"""What is generated from code says what the code says."""

from pathlib import Path

import pytest
from docs.generate import ROOT, files

FILES = files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_generated_file_is_current(path: Path) -> None:
    assert path.read_text("utf-8") == FILES[path], "run: make docs"
