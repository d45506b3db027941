"""The files in infra/config are read without complaint and mention every key that there is."""

import os
import re
import tomllib
from pathlib import Path

import pytest
from docs.generate import ROOT, SERVICES, leaves

from chassis.settings import load_settings

CONFIG = ROOT / "infra" / "config"


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TIDELINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TIDELINE_CONFIG_DIR", str(CONFIG))


def mentioned(file: Path) -> set[str]:
    """Every key of a TOML file with its dots, commented ones included."""
    section, keys = "", set()
    for line in file.read_text("utf-8").splitlines():
        if header := re.fullmatch(r"\[([a-z_.]+)\]", line):
            section = header[1] + "."
        elif key := re.match(r"(?:# )?([a-z_]+) = ", line):
            keys.add(section + key[1])
    return keys


@pytest.mark.parametrize("service", SERVICES)
def test_a_file_is_read_by_its_class(service: str) -> None:
    settings = load_settings(SERVICES[service], service)
    for key, value in tomllib.loads((CONFIG / f"{service}.toml").read_text("utf-8")).items():
        assert hasattr(settings, key), f"{key} = {value!r}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_file_mentions_every_key_and_no_other(service: str) -> None:
    assert mentioned(CONFIG / f"{service}.toml") == {key for key, _, _ in leaves(SERVICES[service])}


def test_every_file_belongs_to_a_service() -> None:
    assert {file.stem for file in CONFIG.glob("*.toml")} == set(SERVICES)
