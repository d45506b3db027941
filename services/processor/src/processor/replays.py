"""Dead letters that were sent again: which were asked for, and what became of them.

A header can be forged, what stands in Postgres cannot: a replay counts only where its letter and the sha256 of its
value were booked before. Bookings stay, so that a log that is read again is decided in the same way.
"""

from collections.abc import Sequence
from hashlib import sha256

import asyncpg

from contracts.events import LetterPlace
from contracts.reasons import Reason
from contracts.times import append_time
from processor.errors import Overtaken
from processor.plan import Asked, Connection, DeadLetter, Plan, Replay
from processor.sql import statement


async def find(
    pool: asyncpg.Pool, asked: Sequence[tuple[int, Asked]]
) -> tuple[dict[tuple[int, int], Replay], list[tuple[int, DeadLetter]]]:
    """Those of the replays (given with the index of their batch) that were booked, and the others as dead letters."""
    digests = [sha256(record.value or b"").digest() for _, (record, _) in asked]
    places = [place for _, (_, place) in asked]
    found = {row["n"] - 1: row for row in await pool.fetch(statement("find_replays"), *_columns(places), digests)}
    known: dict[tuple[int, int], Replay] = {}
    letters: list[tuple[int, DeadLetter]] = []
    for position, (n, (record, place)) in enumerate(asked):
        if row := found.get(position):
            known[n, record.offset] = Replay(place, row["append_time"], digests[position], row["open"])
        else:
            detail = f"nobody asked that {'/'.join(map(str, place[1:]))} be sent again with this value"
            letters.append((n, DeadLetter(record, Reason.UNKNOWN_REPLAY, detail)))
    return known, letters


async def settle(connection: Connection, plan: Plan) -> None:
    """Say of each dead letter what became of its replay, in the transaction that takes it.

    Raises Overtaken when a letter is not open any more: it counts once, whoever sent it how often.
    """
    refused = {(n, letter.record.offset): letter for n, letter in plan.letters}
    counted = {key for key, replay in plan.replays.items() if replay.open and key not in refused}
    if counted:
        taken = await connection.fetch(
            statement("take_replays"), *_columns([plan.replays[key].letter for key in counted])
        )
        if len(taken) < len(counted):
            raise Overtaken("a dead letter was replayed by another record")
    again = {plan.replays[key].letter: letter for key, letter in sorted(refused.items()) if key in plan.replays}
    if again:
        times = [append_time(letter.record.timestamp) for letter in again.values()]
        why = [letter.reason.value for letter in again.values()], [letter.detail for letter in again.values()]
        await connection.execute(statement("note_refused_replays"), *_columns(list(again)), times, *why)
    took: dict[tuple[LetterPlace, bytes], bool] = {}
    for key, replay in plan.replays.items():  # of copies one may count and another be refused: each booking once
        took[replay.letter, replay.digest] = took.get((replay.letter, replay.digest), False) or key in counted
    places, digests = _columns([letter for letter, _ in took]), [digest for _, digest in took]
    await connection.execute(statement("replays_done"), *places, digests, list(took.values()))


def _columns(places: Sequence[LetterPlace]) -> tuple[list[int | str], ...]:
    return tuple(list(column) for column in zip(*places, strict=True))
