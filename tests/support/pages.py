"""The commands that README.md, CONTRIBUTING.md and the pages in docs show, and how each is shown to work.

A fenced block in `console` (commands after `$ `, what they answer below) or `sh` (one command) is run by
tests/integration/test_pages.py, page after page, unless words behind the language say why not:

- `docker`, `cluster`, `internet`: what it needs and a test does not have;
- `by=<file>::<test>`: that test runs it, or does the same; `by=<file>`: that script holds it.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.stack import ROOT

NEEDS = ("docker", "cluster", "internet")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
_FENCED = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_PROMPT = re.compile(r"^\$ ((?:.*\\\n)*.*)\n?", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    language: str
    marks: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Command:
    """A command as a page shows it, and what the page shows as its answer."""

    page: Path
    text: str
    output: str

    @property
    def name(self) -> str:
        """To tell it from others in a list of tests."""
        return f"{self.page.stem} {re.sub('[^A-Za-z-]+', ' ', self.text)[:60].strip()}"


def blocks(page: Path) -> list[Block]:
    """All of a page, in its order."""
    found = _FENCED.findall(page.read_text("utf-8"))
    return [Block(page, language, tuple(marks.split()), text) for language, marks, text in found]


def commands(page: Path) -> list[Command]:
    """What has to work when it is typed as it stands there."""
    return [command for block in blocks(page) if not block.marks for command in commands_of(block)]


def commands_of(block: Block) -> list[Command]:
    """The commands of a block, whatever its marks."""
    if block.language == "sh":
        return [Command(block.page, block.text.strip(), "")]
    if block.language != "console":
        return []
    parts = _PROMPT.split(block.text)[1:]
    return [Command(block.page, text, output.strip()) for text, output in zip(parts[::2], parts[1::2], strict=True)]
