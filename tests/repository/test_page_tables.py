"""Tables of the pages can be read: a blank line ends a table, and a cell too many is not shown."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.repository.test_links import PAGES
from tests.support.stack import ROOT


def tables(page: Path) -> Iterator[list[str]]:
    """Each run of lines that begin with a bar."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    for found in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        yield found.splitlines()


def cells(line: str) -> int:
    return len(re.split(r"(?<!\\)\|", line.strip())) - 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_table_has_a_head_and_as_many_cells_in_each_line(page: Path) -> None:
    headless = [table[0] for table in tables(page) if not re.fullmatch(r"\|[ :|-]+\|", "".join(table[1:2]))]
    assert headless == []
    uneven = [line for table in tables(page) for line in table if cells(line) != cells(table[0])]
    assert uneven == []
