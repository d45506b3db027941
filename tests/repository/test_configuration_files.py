"""The files in infra/config mention every key that there is, and say of none anything but its default."""

import os
import re
from pathlib import Path

import pytest
from docs.generate import ROOT, SERVICES, leaves
from pydantic import ValidationError

from chassis.settings import ValiditySettings, load_settings
from contracts.events import AGE_DAYS_MAX, AHEAD_S_MAX, Limits

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
def test_a_file_changes_no_default(service: str) -> None:
    assert load_settings(SERVICES[service], service) == SERVICES[service]()


@pytest.mark.parametrize("service", SERVICES)
def test_a_file_mentions_every_key_and_no_other(service: str) -> None:
    assert mentioned(CONFIG / f"{service}.toml") == {key for key, _, _ in leaves(SERVICES[service])}


def test_a_section_has_the_same_keys_in_every_service_that_has_it() -> None:
    """`make run` hands one environment to all: a key of one of them would be an unknown one to the others."""
    sections: dict[str, dict[str, set[str]]] = {}
    for service, settings in SERVICES.items():
        for section, _, name in (key.partition(".") for key, _, _ in leaves(settings) if "." in key):
            sections.setdefault(section, {}).setdefault(service, set()).add(name)
    differing = {name: each for name, each in sections.items() if len(set(map(frozenset, each.values()))) > 1}
    assert differing == {}


def test_every_file_belongs_to_a_service() -> None:
    assert {file.stem for file in CONFIG.glob("*.toml")} == set(SERVICES)


def test_what_is_valid_can_be_set_as_far_as_contracts_can_judge_it() -> None:
    farthest = ValiditySettings(max_age_days=AGE_DAYS_MAX, max_ahead_s=AHEAD_S_MAX)
    assert Limits(**farthest.model_dump()) == Limits(AGE_DAYS_MAX, AHEAD_S_MAX)
    assert Limits(**ValiditySettings().model_dump()) == Limits()
    for farther in ({"max_age_days": AGE_DAYS_MAX + 1}, {"max_ahead_s": AHEAD_S_MAX + 1}):
        with pytest.raises(ValidationError):
            ValiditySettings(**farther)
