"""Ids of series in memory."""

from processor.series import SeriesIds


class Numbering:
    """A Postgres that numbers what it is asked for; counts how often."""

    def __init__(self) -> None:
        self.asked = 0

    async def fetchval(self, _statement: str, streams: list[str], categories: list[str], _most: int) -> list[int]:
        self.asked += len(streams)
        return [int(category) for category in categories]


async def test_what_is_known_is_not_asked_for_again_and_not_kept_without_end() -> None:
    ids, pool = SeriesIds(10_000), Numbering()
    ids.KNOWN_MAX = 3
    pairs = [("lab", str(n)) for n in range(4)]
    for _ in range(2):
        assert await ids.resolve(pool, pairs[:3]) == {pair: int(pair[1]) for pair in pairs[:3]}  # type: ignore[arg-type]
    assert pool.asked == 3
    await ids.resolve(pool, pairs)  # type: ignore[arg-type]
    assert await ids.resolve(pool, pairs[:1]) == {pairs[0]: 0}  # type: ignore[arg-type]
    assert pool.asked == 5
