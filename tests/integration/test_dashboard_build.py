"""The dashboard as it is built: small, and nothing in it that the content security policy or being offline refuses."""

import gzip
import re
from pathlib import Path

import pytest
from rich.console import Console
from tests.support.stack import ROOT

from local_stack import dashboard

LARGEST_BYTES = 320_000
KNOWN = {"www.w3.org", "vuejs.org", "router.vuejs.org", "github.com", "echarts.apache.org"}
"""Names of namespaces, and of pages that error messages lead to."""


@pytest.fixture(scope="module")
def built() -> Path:
    """The folder, made anew where the sources changed."""
    folder = ROOT / dashboard.FOLDER
    dashboard.build(Console(stderr=True), folder)
    return folder / dashboard.BUILT


def test_all_of_it_is_under_320_kb_gzipped(built: Path) -> None:
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 6)) for path in built.rglob("*") if path.is_file()}
    assert sum(sizes.values()) < LARGEST_BYTES, dict(sorted(sizes.items(), key=lambda item: -item[1])[:5])


def test_the_page_has_no_script_or_style_of_its_own_and_names_no_other_place(built: Path) -> None:
    page = (built / "index.html").read_text("utf-8")
    assert re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL) == [""]
    assert not re.search(r"<style|\son\w+=|//", page.replace("<!doctype html>", ""))
    assert all(
        re.match(r"/(assets/[\w.-]+\.(js|css)|tideline\.svg)$", link)
        for link in re.findall(r'(?:src|href)="([^"]+)"', page)
    )


def test_no_file_names_a_place_to_fetch_from(built: Path) -> None:
    for path in built.glob("assets/*"):
        text = path.read_text("utf-8")
        hosts = set(re.findall(r"https?://([\w.-]+\.\w+)", text))
        assert hosts <= KNOWN, f"{path.name}: {hosts - KNOWN}"
        assert not re.search(r"@import|url\((?!['\"]?data:|['\"]?#)[^)]*//", text)
