"""Keys as the settings know them, by their sha256, and the tokens that a browser trades them for. Pure."""

import hmac
from collections.abc import Sequence
from hashlib import sha256

from query_api.settings import ApiKey


class Keys:
    """The keys that are known. Who knows the settings knows no key, and without `secret` no token can be made."""

    def __init__(self, known: Sequence[ApiKey], secret: bytes) -> None:
        self._known, self._secret = tuple(known), secret

    @property
    def wanted(self) -> bool:
        """Whether there is any: without one everybody may do everything."""
        return bool(self._known)

    def of_key(self, key: str) -> ApiKey | None:
        """Whose key this is."""
        digest = sha256(key.encode()).hexdigest()
        return self._first([hmac.compare_digest(one.sha256, digest) for one in self._known])

    def token(self, key: ApiKey, until_s: int) -> str:
        """What stands for a key until then, for as long as the settings have that key."""
        return f"{until_s}.{self._signature(key, until_s)}"

    def of_token(self, token: str, now_s: float) -> ApiKey | None:
        """Whose token this is, if it was made here and is not too old."""
        until, _, signature = token.partition(".")
        if not (until.isascii() and until.isdigit() and signature.isascii()) or int(until[:12]) < now_s:
            return None
        return self._first(
            [hmac.compare_digest(self._signature(one, int(until[:12])), signature) for one in self._known]
        )

    def _signature(self, key: ApiKey, until_s: int) -> str:
        return hmac.digest(self._secret, f"{key.sha256}.{key.scope}.{until_s}".encode(), "sha256").hex()

    def _first(self, matches: list[bool]) -> ApiKey | None:
        """All are compared before one is chosen, so that the time tells nothing."""
        return next((one for one, matched in zip(self._known, matches, strict=True) if matched), None)
