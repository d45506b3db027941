"""Which faults happen when: a pure function of the seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

PROCESSORS = ("processor-1", "processor-2", "processor-3")
PRODUCERS = ("producer-1", "producer-2")


@dataclass(frozen=True)
class Fault:
    """One fault: begins `at_s` seconds after the start, is undone `for_s` seconds later."""

    at_s: float
    kind: str
    target: str
    for_s: float


@dataclass(frozen=True)
class Kind:
    """A kind of fault: whom it may hit, how long it lasts, how often it is drawn."""

    name: str
    targets: tuple[str, ...]
    shortest_s: float
    longest_s: float
    weight: int = 2


KINDS = (
    Kind("kill", PROCESSORS + PRODUCERS, 0, 3, 4),
    Kind("freeze", PROCESSORS + PRODUCERS, 0.5, 14, 4),  # up to more than twice the session timeout
    Kind("end", PROCESSORS + PRODUCERS, 0, 2),
    Kind("storm", ("group",), 6, 12),
    Kind("kill", ("kafka",), 0, 4),
    Kind("freeze", ("kafka",), 1, 8),
    Kind("reset", ("kafka link",), 0, 0),
    Kind("down", ("kafka link",), 1, 6, 1),
    Kind("slow", ("kafka link",), 3, 8, 1),
    Kind("sliced", ("kafka link",), 2, 6, 1),
    Kind("deaf", ("kafka link",), 1, 8, 1),
    Kind("kill", ("postgres",), 0, 3),
    Kind("restart", ("postgres",), 0, 1, 1),
    Kind("freeze", ("postgres",), 1, 6),
    Kind("backends", ("postgres sessions",), 0, 0, 3),
    Kind("locks", ("postgres rows",), 1, 6),
    Kind("lost commits", ("postgres link",), 1, 4, 5),
    Kind("reset", ("postgres link",), 0, 0),
    Kind("down", ("postgres link",), 1, 6, 1),
    Kind("slow", ("postgres link",), 3, 8, 1),
    Kind("sliced", ("postgres link",), 2, 6, 1),
    Kind("deaf", ("postgres link",), 1, 6, 1),
    Kind("poison", ("topics",), 0, 0, 4),
    Kind("repeats", ("topics",), 0, 0, 2),
)


def schedule(seed: int, seconds: float, every_s: tuple[float, float] = (3, 8), most: int = 3) -> list[Fault]:
    """The faults of a seed in their order: at random times none to `most` of them, none on a target that has one.

    A longer schedule begins like a shorter one of the same seed.
    """
    rng = random.Random(seed)
    found: list[Fault] = []
    free_at: dict[str, float] = {}
    at_s = rng.uniform(1, every_s[0])
    while at_s < seconds:
        for kind in _draw(rng, rng.randint(0 if most > 1 else 1, most)):
            target, for_s = rng.choice(kind.targets), rng.uniform(kind.shortest_s, kind.longest_s)
            if all(free_at.get(hit, 0) <= at_s for hit in hits(target)):
                found.append(Fault(round(at_s, 3), kind.name, target, round(for_s, 3)))
                free_at |= dict.fromkeys(hits(target), at_s + for_s + 1)
        at_s += rng.uniform(*every_s)
    return found


def _draw(rng: random.Random, count: int) -> Iterator[Kind]:
    yield from rng.choices(KINDS, [kind.weight for kind in KINDS], k=count)


def hits(target: str) -> tuple[str, ...]:
    """What is busy with a fault on this target: a storm takes all processors."""
    return PROCESSORS if target == "group" else (target,)
