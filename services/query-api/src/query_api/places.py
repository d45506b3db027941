"""How many clients may be connected at once: in all, and from one address."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request

from chassis.problems import Problem

AGAIN = {"Retry-After": "5"}


def address_of(request: Request) -> str:
    """The address that a request comes from; the same for all where the server does not know it."""
    return request.client.host if request.client else ""


class Places:
    """So many places, of which each address may take a part."""

    def __init__(self, most: int, per_address: int) -> None:
        self._most, self._per_address = most, per_address
        self._taken: Counter[str] = Counter()

    def take(self, address: str) -> None:
        """Take a place. Raises Problem 429."""
        if self._taken.total() >= self._most:
            raise Problem(429, f"{self._most} clients are connected: try again in a moment", headers=AGAIN)
        if self._taken[address] >= self._per_address:
            detail = f"{self._per_address} clients of your address are connected: close one of them"
            raise Problem(429, detail, headers=AGAIN)
        self._taken[address] += 1

    def leave(self, address: str) -> None:
        """Give the place back."""
        self._taken[address] -= 1
        if not self._taken[address]:
            del self._taken[address]

    @contextmanager
    def one(self, address: str) -> Iterator[None]:
        """A place for as long as it is needed. Raises Problem 429."""
        self.take(address)
        try:
            yield
        finally:
            self.leave(address)
