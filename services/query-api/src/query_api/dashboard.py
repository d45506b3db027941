"""The built dashboard as answers: its one page under every address of it, and its files."""

import html
from pathlib import Path

from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

WHOLE = {"Accept-Ranges": "none"}
PAGE = WHOLE | {"Vary": "Accept", "Cache-Control": "no-cache"}
FOREVER = WHOLE | {"Cache-Control": "public, max-age=31536000, immutable"}
"""For files whose names change with their content."""
MISSING = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Tideline</title>
<body style="font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto; padding: 0 1rem">
<h1>The dashboard is not built</h1>
<p>%s</p>
<p>The API runs: <a href="/docs">see what it answers</a>.</p>
</body>
</html>
"""
HOW = "`make run` builds it when it starts, `make dashboard` at once."


class File(FileResponse):
    """A file, always whole: Starlette answers a malformed `Range` in plain text, and none is needed here."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as if no part had been asked for."""
        await super().__call__(_without_range(scope), receive, send)


def page(folder: Path) -> Response:
    """The page that is the dashboard; where it is not built, one that says why and how to build it, with 503."""
    index = folder / "index.html"
    if index.is_file():
        return File(index, headers=PAGE, media_type="text/html")
    missing = folder / "missing.txt"
    why = missing.read_text("utf-8") if missing.is_file() else ""
    return HTMLResponse(MISSING % html.escape(f"{why} {HOW}".strip()), status_code=503, headers=PAGE)


class Assets(StaticFiles):
    """The files with hashed names. The folder may come, and be another one, while the service runs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a whole file."""
        await super().__call__(_without_range(scope), receive, send)

    async def check_config(self) -> None:
        """Nothing: a folder that is not there holds no files."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, which a browser may keep; HTTPException 404."""
        answer = await super().get_response(path, scope)
        answer.headers.update(FOREVER)
        return answer


def _without_range(scope: Scope) -> Scope:
    return {**scope, "headers": [header for header in scope["headers"] if header[0] != b"range"]}
