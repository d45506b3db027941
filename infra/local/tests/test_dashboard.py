"""When the dashboard is built, with which Node, and what is left when it cannot be; npm is a stand-in here."""

from pathlib import Path

import pytest
from rich.console import Console

from chassis.errors import StartError
from local_stack import dashboard, node

NPM = """#!/bin/sh
echo "$*" >> calls
case "$*" in
  ci) mkdir -p node_modules ;;
  *build*)
    [ -f broken ] && { echo "src/App.vue(3,1): error TS2322"; exit 1; }
    mkdir dist.next && cp index.html dist.next/ ;;
esac
"""


def program(folder: Path, name: str, text: str) -> None:
    """A program that is found on PATH."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sources of a dashboard, and stand-ins for Node and npm."""
    program(tmp_path / "bin", "node", "#!/bin/sh\necho v24.1.0\n")
    program(tmp_path / "bin", "npm", NPM)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    folder = tmp_path / "dashboard"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "App.vue").write_text("<template />")
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "package-lock.json").write_text("{}")
    return folder


def calls(project: Path) -> list[str]:
    """What npm was asked for, in short."""
    path = project / "calls"
    return [line.split(" -- ")[0] for line in path.read_text().splitlines()] if path.exists() else []


def test_it_is_built_once_per_change_of_its_sources(project: Path) -> None:
    console = Console(quiet=True)
    dashboard.build(console, project)
    dashboard.build(console, project)
    assert calls(project) == ["ci", "run --silent build"]
    assert (project / "dist" / "index.html").read_text() == "<!doctype html>"
    (project / "index.html").write_text("<!doctype html><title>2</title>")
    dashboard.build(console, project)
    assert calls(project) == ["ci", "run --silent build", "run --silent build"]
    (project / "package-lock.json").write_text('{"packages": {}}')
    dashboard.build(console, project)
    assert calls(project)[3:] == ["ci", "run --silent build"]


def test_a_build_that_fails_says_why_and_leaves_the_older_one(project: Path) -> None:
    console = Console(quiet=True)
    dashboard.build(console, project)
    (project / "src" / "App.vue").write_text("<template>broken</template>")
    (project / "broken").touch()
    with pytest.raises(StartError, match="error TS2322"):
        dashboard.build(console, project)
    dashboard.build_if_possible(console, project)
    assert (project / "dist" / "index.html").exists()
    assert not (project / "dist" / "missing.txt").exists()
    (project / "broken").unlink()
    dashboard.build(console, project)
    assert len(calls(project)) == 5


def test_without_node_the_page_is_told_what_is_missing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(project.parent / "bin", "node", "#!/bin/sh\necho v20.18.9\n")
    monkeypatch.setattr(node, "PACKAGE", "no_such_package")
    dashboard.build_if_possible(Console(quiet=True), project)
    assert "there is no Node 20.19 or newer on PATH" in (project / "dist" / "missing.txt").read_text()
    monkeypatch.undo()
    monkeypatch.setenv("PATH", f"{project.parent / 'bin'}:/usr/bin:/bin")
    program(project.parent / "bin", "node", "#!/bin/sh\necho v20.19.0\n")
    dashboard.build(Console(quiet=True), project)
    assert sorted(path.name for path in (project / "dist").iterdir()) == [".sources", "index.html"]


def test_a_node_that_is_too_old_gives_way_to_the_package(project: Path) -> None:
    program(project.parent / "bin", "node", "#!/bin/sh\necho v18.20.0\n")
    node.npm(project, "--version")
    assert calls(project) == []
