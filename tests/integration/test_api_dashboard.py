"""The dashboard's files over HTTP: one page under all its addresses, hashed files to keep, why there is none."""

from pathlib import Path

import pytest
from tests.support.databases import Database
from tests.support.query_api import serving

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ADDRESSES = ("/", "/streams/lab", "/batch/lab", "/explore?stream=a&stream=b", "/pipeline", "/get-data")
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as a build leaves it."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Tideline</title>")
    (tmp_path / "assets" / "index-3f2a.js").write_text("export {};\n")
    return tmp_path


async def test_every_address_is_the_same_page(database: Database, built: Path, subtests: pytest.Subtests) -> None:
    async with serving(database.api_dsn, more={"dashboard_dir": built}) as api:
        for address in ADDRESSES:
            with subtests.test(address=address):
                page = await api.get(address, headers=HTML)
                assert (page.status_code, page.text) == (200, (built / "index.html").read_text())
                assert page.headers["cache-control"] == "no-cache"
                assert "Accept" in page.headers["vary"]
                assert page.headers["content-security-policy"] == POLICY
                again = await api.get(address, headers=HTML | {"If-None-Match": page.headers["etag"]})
                assert again.status_code in (200, 304)


async def test_an_address_typed_with_a_slash_behind_it_leads_to_the_page(
    database: Database, built: Path, subtests: pytest.Subtests
) -> None:
    async with serving(database.api_dsn, more={"dashboard_dir": built}) as api:
        for path in ("/streams/lab", "/batch/50%25", "/explore", "/pipeline", "/get-data", "/docs"):
            with subtests.test(path=path):
                to_path = await api.get(f"{path}/", headers=HTML)
                assert (to_path.status_code, to_path.headers["location"]) == (307, path)
        shared = await api.get("/explore/?series=a:b%26c&series=a:d", headers=HTML)
        assert shared.headers["location"] == "/explore?series=a:b%26c&series=a:d"


async def test_hashed_files_may_be_kept_and_others_are_not_there(database: Database, built: Path) -> None:
    async with serving(database.api_dsn, more={"dashboard_dir": built}) as api:
        script = await api.get("/assets/index-3f2a.js")
        assert (script.status_code, script.text) == (200, "export {};\n")
        assert script.headers["content-type"].startswith("text/javascript")
        assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
        for path in ("/assets/", "/assets/none.js", "/assets/../index.html", "/assets/..%2findex.html", "/index.html"):
            missing = await api.get(path)
            assert missing.status_code == 404, path
            assert missing.headers["content-type"] == "application/problem+json"


RANGES = ("bytes=0-3", "bytes=-1", "bytes=9999-", "bytes=a-b", "bytes=3-1", "lines=1-2", "bytes=", "\xff")


@pytest.mark.parametrize("path", ["/", "/assets/index-3f2a.js"])
async def test_files_are_sent_whole_whatever_part_is_asked_for(database: Database, built: Path, path: str) -> None:
    async with serving(database.api_dsn, more={"dashboard_dir": built}) as api:
        whole = await api.get(path, headers=HTML)
        assert whole.headers["accept-ranges"] == "none"
        for part in RANGES:
            answer = await api.get(path, headers={**HTML, "Range": part.encode("latin-1")})
            assert (answer.status_code, answer.text) == (200, whole.text), part


async def test_without_a_build_the_page_says_why_and_the_api_answers(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    async with serving(database.api_dsn, more={"dashboard_dir": folder}) as api:
        page = await api.get("/", headers=HTML)
        assert page.status_code == 503
        assert "`make dashboard`" in page.text
        for path in ("/assets/x.js", "/tideline.svg"):
            missing = await api.get(path)
            assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")
        folder.mkdir()
        (folder / "missing.txt").write_text("there is no <Node> here")
        assert "there is no &lt;Node&gt; here" in (await api.get("/explore", headers=HTML)).text
        assert (await api.get("/")).json() == {"row_count": 0, "task_count": 0}
