"""Every command in README.md and docs is run by a test, or says why not; those named in passing exist."""

import json
import re
from collections.abc import Iterator

import yaml
from tests.support.pages import NEEDS, PAGES, Block, blocks, commands_of
from tests.support.stack import ROOT
from typer.main import get_command

from tideline.app import build_app

BLOCKS = [block for page in PAGES for block in blocks(page)]
SHELL = ("sh", "console")
NOT_TYPED = ("text", "json", "python", "sql", "toml", "yaml", "promql", "mermaid")


def problem(block: Block, mark: str) -> str | None:
    """What is wrong with a mark of a block."""
    if mark in NEEDS:
        return None
    named = re.fullmatch(r"by=([\w/.-]+?)(?:::(test_\w+))?", mark)
    if named is None:
        return f"{mark}: it is none of {', '.join(NEEDS)} or by=<file>::<test>"
    file, test = named.groups()
    if not (ROOT / file).is_file():
        return f"{file} is not there"
    text = (ROOT / file).read_text("utf-8")
    if test:
        return None if f"def {test}(" in text else f"{file} has no {test}"
    lines = tuple(line for line in text.splitlines() if line)
    missing = [command.text for command in commands_of(block) if not command.text.startswith(lines)]
    return f"{file} does not have {missing}" if missing else None


def test_every_mark_says_what_is_needed_or_who_runs_it() -> None:
    wrong = [(block.page.name, problem(block, mark)) for block in BLOCKS for mark in block.marks]
    assert [(page, what) for page, what in wrong if what] == []


def test_a_command_stands_in_a_block_that_is_run() -> None:
    """Not in one of another language, where nobody would notice it."""
    elsewhere = [block for block in BLOCKS if block.language not in SHELL and re.search(r"^\$ ", block.text, re.M)]
    assert [block.text for block in elsewhere] == []
    assert {block.language for block in BLOCKS} <= {*SHELL, *NOT_TYPED}


def test_settings_in_yaml_and_json_can_be_read() -> None:
    for block in BLOCKS:
        if block.language == "yaml":
            assert list(yaml.safe_load_all(block.text)), block.page.name
        if block.language == "json":
            json.loads(block.text)


def named(pattern: str) -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for code in re.findall(r"`+([^`]+)`+", page.read_text("utf-8")):
            for name in re.findall(pattern, code):
                yield page.name, name


def test_every_target_of_make_that_is_named_is_one() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {(page, name) for page, name in named(r"\bmake ([a-z][a-z-]+)") if name not in targets} == set()


def test_every_command_of_tideline_that_is_named_is_one() -> None:
    known = set(get_command(build_app()).commands)  # type: ignore[attr-defined]
    assert {
        (page, name) for page, name in named(r"(?:^|/bin/|\$ )tideline ([a-z][a-z-]+)") if name not in known
    } == set()
