"""docs/datasets.md tells of every way in which a dataset can fail."""

import re

from docs.generate import ROOT

SOURCES = ROOT / "services/producer/src/producer/datasets"
RAISED = re.compile(r'(?:Failed|Again|Rejected|_useless|spool_failure)\(\s*f?"([a-z_]+)')
NAMED = re.compile(r'^NO_SPACE = "([a-z_]+)"$', re.MULTILINE)


def test_every_code_of_a_failure_is_on_the_page() -> None:
    text = "\n".join(path.read_text("utf-8") for path in sorted(SOURCES.glob("*.py")))
    codes = set(RAISED.findall(text)) | set(NAMED.findall(text))
    assert {"bad_url", "truncated", "no_time", "no_space", "http_"} <= codes, "the sources are read as they are written"
    page = (ROOT / "docs/datasets.md").read_text("utf-8")
    assert sorted(code for code in codes if f"`{code}" not in page) == []
