"""What is wished of dead letters, and what became of it, in words. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Line = Mapping[str, Any]
Key = tuple[int, str]
"""Generation and place: two lives of a topic may have a letter at the same place."""
LETTERS_AT_ONCE = 500
"""The server takes 1,000."""
DONE = ("replayed", "discarded")
AGAIN = "refused again"


def place_of(letter: Line) -> str:
    """A letter's place, as people write it."""
    return f"{letter.get('topic')}/{letter.get('partition')}/{letter.get('offset')}"


def key_of(letter: Line) -> Key:
    """What tells a letter from all others."""
    return letter["generation"], place_of(letter)


def named(places: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Bodies that name these letters, some at once."""
    for start in range(0, len(places), LETTERS_AT_ONCE):
        split = [place.split("/") for place in places[start : start + LETTERS_AT_ONCE]]
        yield {"letters": [{"topic": t, "partition": int(p), "offset": int(o)} for t, p, o in split]}


def outcome_of(asked: Line, found: Line | None) -> str:
    """What became of a wish: `asked` is what the server answered, `found` the letter afterwards, None unseen."""
    if asked.get("outcome") != "requested" or found is None:
        return str(asked.get("outcome"))
    return str(found["state"]) if found.get("state") in DONE else AGAIN


def sentence(outcomes: Iterable[str]) -> str:
    """How many of each."""
    counts = Counter(outcomes)
    return ", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in counts.items()) or "no such dead letters"


def trouble(place: str, found: Line) -> str:
    """Why one was refused again."""
    return f"{place} is refused again: {found.get('tried_reason')}: {found.get('tried_detail')}"
