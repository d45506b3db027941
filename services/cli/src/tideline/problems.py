"""What the server's errors mean: from status and body of an answer to what ends the command. Pure."""

from collections.abc import Mapping
from typing import Any

from tideline.errors import Away, Failure, KeyWanted, Refused

LATER = frozenset({429, 502, 503, 504})


def failure_of(status: int, body: object, retry_after: str | None, url: str) -> Failure:
    """The failure that an answer of 400 and above is; `body` is its JSON, None where it has none."""
    if not isinstance(body, Mapping) or not isinstance(body.get("detail"), str):
        return _foreign(status, url)
    message = str(body["detail"])
    fields = _fields_beside(message, body)
    if status in LATER:
        return Away(message, fields, body, seconds(retry_after))
    if status == 401:
        hint = "give a key with --key or TIDELINE_KEY; `tideline key new` makes one"
        return KeyWanted(f"{message}: {hint}", fields, body)
    if status == 403:
        return KeyWanted(message, fields, body)
    return Refused(message, fields, body, status)


def _fields_beside(message: str, body: Mapping[str, Any]) -> tuple[str, ...]:
    """A line for each of the problem's errors that the message does not tell: what it is about and what is wrong."""
    errors = body.get("errors")
    if not isinstance(errors, list):
        return ()
    told = (
        (error.get("parameter") or error.get("reason") or "error", error.get("message", ""))
        for error in errors
        if isinstance(error, Mapping)
    )
    return tuple(f"{what}: {wrong}" for what, wrong in told if message not in (wrong, f"{what}: {wrong}"))


def seconds(retry_after: str | None) -> float:
    """The header's seconds; one where it names none that can be used."""
    if retry_after is None or not (retry_after.isascii() and retry_after.isdigit()):
        return 1.0
    return float(min(int(retry_after[:9]), 3600))


def nonsense(url: str) -> Failure:
    """What answers is not Tideline."""
    return Away(f"what answers at {url} is not Tideline: correct --url or TIDELINE_URL")


def _foreign(status: int, url: str) -> Failure:
    if status in LATER:
        return Away(f"{url} answers with status {status}: try again in a moment")
    if status < 500:
        return nonsense(url)
    return Refused(f"{url} answers with status {status}: its log says why", status=status)
