"""Each package of ours names what it imports itself, so that it does not hang on what another one happens to bring."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from tests.support.stack import ROOT

MEMBERS = sorted(path.parent for path in [*ROOT.glob("*/pyproject.toml"), *ROOT.glob("*/*/pyproject.toml")])
OURS = {
    folder.name: tomllib.loads((member / "pyproject.toml").read_text("utf-8"))["project"]
    for member in MEMBERS
    for folder in (member / "src").iterdir()
}
INSTALLED = packages_distributions() | {name: [project["name"]] for name, project in OURS.items()}
WITHIN = {"starlette": "fastapi", "pydantic-core": "pydantic"}
"""What is a part of another package to its users."""


def imported(file: Path) -> Iterator[str]:
    """What is imported when the file is, for more than its types; not what one function asks for when it is called."""
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("package", OURS)
def test_a_package_names_what_it_imports(package: str) -> None:
    named = {re.split(r"[\[<>=!~; ]", name)[0] for name in OURS[package]["dependencies"]}
    files = [file for member in MEMBERS for file in (member / "src" / package).rglob("*.py")]
    found = {name for file in files for name in imported(file)} - sys.stdlib_module_names - {package}
    distributions = {INSTALLED[name][0].lower().replace("_", "-") for name in found}
    assert {WITHIN.get(name, name) for name in distributions} - named == set()
