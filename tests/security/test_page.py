"""docs/security.md names a test for each requirement, and every test that it names is there."""

import ast
import re

import pytest
from docs.generate import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| ([SA]\d+) \| (.*) \|$", PAGE, re.MULTILINE))
NAMED = sorted(set(re.findall(r"`([\w/.-]+\.py)::(\w+)`", PAGE)))


def test_each_requirement_has_its_line_and_something_that_shows_it() -> None:
    assert set(ROWS) == {f"S{n}" for n in range(1, 25)} | {f"A{n}" for n in range(1, 9)}
    for name, row in ROWS.items():
        assert re.search(r"\.py::test_|`make check`", row), name


@pytest.mark.parametrize(("file", "name"), NAMED, ids=lambda part: part.rpartition("/")[2])
def test_a_test_that_the_page_names_is_there(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
