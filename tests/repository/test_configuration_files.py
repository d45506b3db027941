"""The files in infra/config can be used as they are, and repeat no default: docs/configuration.md lists those."""

import os
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from docs.generate import ROOT, SERVICES, leaves

from chassis.settings import load_settings

CONFIG = ROOT / "infra" / "config"


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TIDELINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TIDELINE_CONFIG_DIR", str(CONFIG))


def with_its_examples(service: str) -> str:
    """A file with everything in it that is commented out."""
    lines = (CONFIG / f"{service}.toml").read_text("utf-8").splitlines()
    return "\n".join(re.sub(r"^# (?=\[|[a-z_0-9]+ = )", "", line) for line in lines)


@pytest.mark.parametrize("service", SERVICES)
def test_a_file_repeats_no_default(service: str) -> None:
    assert tomllib.loads((CONFIG / f"{service}.toml").read_text("utf-8")) == {}
    assert load_settings(SERVICES[service], service) == SERVICES[service]()


@pytest.mark.parametrize("service", SERVICES)
def test_every_example_of_a_file_is_a_key(service: str) -> None:
    def keys(table: dict[str, Any], before: str = "") -> Iterator[str]:
        for name, value in table.items():
            yield from keys(value, f"{before}{name}.") if isinstance(value, dict) else [before + name]

    examples = set(keys(tomllib.loads(with_its_examples(service))))
    assert len(examples) >= 3
    assert examples <= {key for key, _, _ in leaves(SERVICES[service])}


def test_every_file_belongs_to_a_service() -> None:
    assert {file.stem for file in CONFIG.glob("*.toml")} == set(SERVICES)
