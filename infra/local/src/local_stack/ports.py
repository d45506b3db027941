"""Ports on this machine: the wanted one, or the next that is free."""

import socket
from collections.abc import Iterable

from chassis.errors import StartError

HOST = "127.0.0.1"


def free_port(wanted: int, taken: Iterable[int] = ()) -> int:
    """The wanted port if nobody listens there and it is not in `taken`, else the next free one."""
    for port in range(wanted, min(wanted + 200, 65536)):
        if port not in taken and is_free(port):
            return port
    raise StartError(f"no free port from {wanted} on: set another in [ports] of infra/config/local.toml")


class Chosen:
    """The ports of one run, and which of them are not the wanted ones."""

    def __init__(self) -> None:
        self._taken: dict[int, str] = {}
        self._notes: dict[str, str] = {}

    def take(self, kind: str, wanted: int) -> int:
        """A free port for one more process of a kind: the wanted one or the next free one."""
        next_wanted = wanted + sum(1 for other in self._taken.values() if other == kind)
        port = free_port(wanted, self._taken)
        self._taken[port] = kind
        if port != next_wanted:
            self._notes[kind] = f"{wanted} is taken"
        return port

    def note(self, kind: str) -> str:
        """`8000 is taken` when a process of the kind got another port than the wanted one."""
        return self._notes.get(kind, "")


def any_port(count: int) -> list[int]:
    """As many different free ports as asked for, chosen by the system."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for sock in sockets:
            sock.bind((HOST, 0))
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()


def is_free(port: int) -> bool:
    """Nobody listens on the port: it can be bound, and nothing on another address of this machine answers for it."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((HOST, port))
        except OSError:
            return False
    return not listens(port)  # macOS lets one bind beside a listener on 0.0.0.0


def listens(port: int) -> bool:
    """Something accepts connections there."""
    with socket.socket() as sock:
        sock.settimeout(0.5)
        return sock.connect_ex((HOST, port)) == 0
