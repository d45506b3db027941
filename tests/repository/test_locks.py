"""The lock files name every package with its hashes and no place to download it from."""

import json
import re

import pytest
from docs.generate import ROOT

IMAGES = tuple(
    f"{folder}/requirements.lock"
    for folder in ("services/producer", "services/processor", "services/query-api", "infra/provision")
)
LOCKS = ("requirements.lock", "requirements-local.lock", "requirements-dev.lock")


def packages(lock: str) -> dict[str, str]:
    """Package → version (and marker)."""
    return dict(
        re.findall(r"^([a-z0-9-]+(?:\[[a-z,]+\])?)==(\S.*?) \\$", (ROOT / lock).read_text("utf-8"), re.MULTILINE)
    )


@pytest.mark.parametrize("lock", LOCKS + IMAGES)
def test_every_package_has_hashes_and_nothing_has_an_address(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    assert packages(lock)
    for entry in re.split(r"\n(?=[a-z])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry[:80]
    assert not re.search(r"https?://|file:|@ ", text)


@pytest.mark.parametrize(("smaller", "larger"), [LOCKS[:2], LOCKS[1:], *((lock, LOCKS[0]) for lock in IMAGES)])
def test_a_larger_lock_agrees_with_the_smaller_one(smaller: str, larger: str) -> None:
    assert packages(smaller).items() <= packages(larger).items()


def test_the_images_together_hold_what_the_services_need() -> None:
    together = {package for lock in IMAGES for package in packages(lock).items()}
    assert together == set(packages("requirements.lock").items())


def test_no_lock_that_names_download_hosts_is_kept() -> None:
    assert not list(ROOT.glob("uv.lock"))


def test_the_dashboards_lock_has_hashes_and_no_addresses() -> None:
    folder = ROOT / "services" / "dashboard"
    lock = json.loads((folder / "package-lock.json").read_text("utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name
    assert "registry=" not in (folder / ".npmrc").read_text("utf-8")
