"""Which media type a caller prefers."""

import pytest

from query_api.accept import prefers

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("text/*", False),
        ("application/json", False),
        (BROWSER, True),
        ("TEXT/HTML", True),
        ("text/html;q=0", False),
        ("text/html;q=rubbish", False),
        ("application/json, text/html", True),
        ("application/json, text/html;q=0.5", False),
        ("application/json;q=0.4, text/html;level=1;q=0.5", True),
        (";;,,q=1", False),
    ],
)
def test_a_page_is_for_those_who_name_it(accept: str | None, html: bool) -> None:
    assert prefers(accept, "text/html", "application/json") is html
