"""The small integer ids of series, cached: one lookup a (stream, category) pair and process."""

from collections.abc import Collection

import asyncpg

from processor.plan import Pair


class SeriesIds:
    """Ids by pair. A series is never renumbered or deleted, so what is known stays true while Postgres runs on."""

    KNOWN_MAX = 250_000
    """About 70 MB: publishers may name any number of streams."""

    def __init__(self, per_stream: int) -> None:
        self._per_stream = per_stream
        self._ids: dict[Pair, int] = {}

    def forget(self) -> None:
        """Know nothing any more: Postgres may be an older copy of itself."""
        self._ids.clear()

    async def resolve(self, pool: asyncpg.Pool, pairs: Collection[Pair]) -> dict[Pair, int]:
        """The ids of these pairs, made where they are new; a pair beyond its stream's limit is left out."""
        if len(self._ids) > self.KNOWN_MAX:
            self.forget()
        missing = sorted({pair for pair in pairs if pair not in self._ids})
        if missing:
            streams, categories = [list(part) for part in zip(*missing, strict=True)]
            ids = await pool.fetchval("SELECT series_ids($1, $2, $3)", streams, categories, self._per_stream)
            self._ids.update({pair: number for pair, number in zip(missing, ids, strict=True) if number is not None})
        return {pair: self._ids[pair] for pair in pairs if pair in self._ids}
