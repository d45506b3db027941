"""What the handlers are given, built once in main."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from query_api.database import Database
from query_api.errors import BadParameter
from query_api.settings import QueryApiSettings


@dataclass(frozen=True, slots=True)
class Parts:
    """The service's parts; `now` is the clock, `stopping` is set when a stop was asked for."""

    settings: QueryApiSettings
    database: Database
    now: Callable[[], datetime]
    stopping: asyncio.Event
    zones: frozenset[str]

    def zone(self, name: str | None) -> ZoneInfo:
        """The time zone of this IANA name, UTC without one. Raises BadParameter."""
        if name is not None and name not in self.zones:
            raise BadParameter("tz", "is not an IANA time zone; write one like Europe/Berlin or Asia/Kathmandu")
        return ZoneInfo(name or "UTC")
