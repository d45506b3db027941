"""What the answer of a server means for the file that is being pulled: pure, from status and headers to a decision."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from producer.datasets.errors import Again
from producer.errors import Failed

RETRY_STATUSES = (408, 425, 429, 500, 502, 503, 504)
HEADER_LENGTH_MAX = 256

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)")
_HINTS = {
    401: "the server asks who we are: only public files can be ingested",
    403: "the server refuses us; some refuse unknown user agents: see the setting datasets.user_agent",
    404: "the server has no such file",
    410: "the server says that the file is gone for good",
    416: "the server cannot go on where the file broke off",
    429: "the server asks to come back later",
}


@dataclass(frozen=True)
class Version:
    """Which version of a source a file is: what the server said about it."""

    etag: str | None = None
    last_modified: str | None = None

    @property
    def if_range(self) -> str | None:
        """What a request for the rest may rely on: a strong ETag, else the date of the last change."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified if not self.etag else None


@dataclass(frozen=True)
class Whole:
    """The file from its first byte."""

    version: Version
    size: int | None


@dataclass(frozen=True)
class Rest:
    """The file from where it broke off."""

    size: int | None


@dataclass(frozen=True)
class Unchanged:
    """The file is the one that is known."""


@dataclass(frozen=True)
class Complete:
    """There is no more of the file than what is there already."""


@dataclass(frozen=True)
class Restart:
    """What there is of the file is of no use: ask for all of it."""


def understand(
    status: int, headers: Mapping[str, str], have: int, version: Version, conditional: bool, now: datetime
) -> Whole | Rest | Complete | Unchanged | Restart:
    """What to do with an answer, having asked from byte `have` on of this version.

    Raises Again for what may pass, with the server's own wish for a pause, and Failed for the rest.
    """
    if status == 200:
        return Whole(version_of(headers), _number(headers.get("content-length")))
    if status == 206 and have:
        return _rest(headers, have, version)
    if status == 304 and conditional and not have:
        return Unchanged()
    if status == 416 and have:
        return Complete() if headers.get("content-range") == f"bytes */{have}" else Restart()
    detail = _HINTS.get(status, "the server does not send the file")
    if status in RETRY_STATUSES:
        raise Again(f"http_{status}", detail, _retry_after_s(headers.get("retry-after", ""), now))
    raise Failed(f"http_{status}", detail)


def version_of(headers: Mapping[str, str]) -> Version:
    """The validators, as far as they can be sent back as they are."""
    return Version(_plain(headers.get("etag")), _plain(headers.get("last-modified")))


def _rest(headers: Mapping[str, str], have: int, version: Version) -> Rest | Restart:
    match = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
    other = version_of(headers)
    if match is None or int(match[1]) != have or (other.etag and version.etag and other.etag != version.etag):
        return Restart()
    return Rest(_number(match[2]))


def _plain(text: str | None) -> str | None:
    return text if text and len(text) <= HEADER_LENGTH_MAX and text.isascii() and text.isprintable() else None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else None


def _retry_after_s(text: str, now: datetime) -> float:
    if (seconds := _number(text)) is not None:
        return float(seconds)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())
