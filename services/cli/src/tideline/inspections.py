"""Seeded inspections of injection-moulded products, one text a product: what machines report and what a camera sees.

Pure. Eight machines each make a product per cycle. Their tools wear out over some days and are serviced, halls warm up
in the afternoon, nights and changes of shift show, machines stop now and then, and defects come in bursts.
"""

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from tideline.machine_fields import DEFECTS, FIELDS, THRESHOLD

START_S = 1_735_689_600.25
"""2025-01-01, when the first machine finishes its first product."""
MACHINES = 8
SHIFT_S, DAY_S = 8 * 3600, 24 * 3600
WORN_OUT_SHOTS = (4_000, 9_000)
"""A tool is serviced somewhere in between."""
NOISE_VALUES = 8_192
"""Normal numbers made once; each product reads on from a place of its own."""

_WORDS = ("false", "true")


class Format(StrEnum):
    """What a file of inspections looks like."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


@dataclass
class _Machine:
    number: int
    at_s: float
    cycle_s: float
    shots: int
    serviced_at: int
    burst: int = 0
    """Products until the present burst of defects is over."""
    kinds: frozenset[int] = field(default_factory=frozenset)
    """What the burst shows."""


def texts(rows: int, seed: int, form: Format) -> Iterator[str]:
    """The file in pieces: same rows, seed and format, same text. More rows only add to the end."""
    template = _template(form)
    opening, between, closing = _frame(form)
    yield opening
    for number, values in enumerate(_products(rows, seed)):
        yield (between if number else "") + template % values
    yield closing


def _products(rows: int, seed: int) -> Iterator[tuple[object, ...]]:
    """The values of each product in the order of the template, in order of time."""
    rng = Random(seed)  # noqa: S311 - play data
    noise = [rng.gauss(0, 1) for _ in range(NOISE_VALUES)]
    machines = [_machine(number, rng) for number in range(MACHINES)]
    queue = [(machine.at_s, machine.number) for machine in machines]
    heapq.heapify(queue)
    for _ in range(rows):
        machine = machines[queue[0][1]]
        yield _product(machine, rng, noise)
        _advance(machine, rng)
        heapq.heapreplace(queue, (machine.at_s, machine.number))


def _machine(number: int, rng: Random) -> _Machine:
    serviced = rng.randint(*WORN_OUT_SHOTS)
    return _Machine(number, START_S + 3.1 * number, rng.uniform(24, 40), rng.randrange(serviced), serviced)


def _product(machine: _Machine, rng: Random, noise: list[float]) -> tuple[object, ...]:
    wear, heat, night = machine.shots / machine.serviced_at, _heat(machine.at_s), _night(machine.at_s)
    start = rng.randrange(NOISE_VALUES - len(FIELDS) - len(DEFECTS))
    character = 1 + 0.01 * (machine.number - MACHINES / 2)
    state: list[object] = [
        base * character * (1 + by_wear * wear + by_heat * heat + spread * n)
        for (_, base, by_wear, by_heat, spread, _), n in zip(FIELDS, noise[start:], strict=False)
    ]
    state[0] = _cycle_s(machine, night) + 0.1 * noise[start]
    state[1] = machine.shots
    flaws = noise[start + len(FIELDS) :]
    severities = [
        min(1.0, 0.12 + 0.08 * wear + 0.06 * abs(flaws[kind]) + (0.35 if kind in machine.kinds else 0.0))
        for kind in range(len(DEFECTS))
    ]
    seen: list[object] = []
    rejected = False
    for severity in severities:
        bad = severity > THRESHOLD
        rejected = rejected or bad
        word = _WORDS[bad]
        seen += (word, severity, word)
    words = (_WORDS[rng.random() < 0.995], _WORDS[not machine.burst], _WORDS[wear > 0.9], _WORDS[bool(night)])
    return (f"M-{machine.number + 1}", machine.at_s, "2.4.1", *state, *words, _WORDS[rejected], *seen)


def _advance(machine: _Machine, rng: Random) -> None:
    """On to the machine's next product."""
    night = _night(machine.at_s)
    wear = machine.shots / machine.serviced_at
    machine.at_s += _cycle_s(machine, night) + rng.uniform(-0.4, 0.4) + _stop_s(machine, rng)
    machine.shots += 1
    if machine.shots >= machine.serviced_at:
        machine.shots, machine.at_s = 0, machine.at_s + 2 * 3600
    if machine.burst:
        machine.burst -= 1
        if not machine.burst:
            machine.kinds = frozenset()
    elif rng.random() < (1 + 3 * wear + night) / 2_500:
        machine.burst = rng.randint(20, 140)
        machine.kinds = frozenset(rng.sample(range(len(DEFECTS)), rng.randint(1, 3)))


def _stop_s(machine: _Machine, rng: Random) -> float:
    """Ten minutes when the shift changes, now and then a stop, mostly nothing."""
    into_shift = machine.at_s % SHIFT_S
    if into_shift > SHIFT_S - machine.cycle_s:
        return 600.0
    return rng.uniform(120, 2_400) if rng.random() < 1 / 900 else 0.0


def _cycle_s(machine: _Machine, night: int) -> float:
    return machine.cycle_s * (1.04 if night else 1.0) * (1 + 0.03 * machine.shots / machine.serviced_at)


def _heat(at_s: float) -> float:
    """How warm the hall is, -1 to 1: most at three in the afternoon, and some weeks more than others."""
    daily = math.cos(2 * math.pi * (at_s % DAY_S - 15 * 3600) / DAY_S)
    return 0.7 * daily + 0.3 * math.sin(2 * math.pi * at_s / (9.5 * DAY_S))


def _night(at_s: float) -> int:
    return int(not 6 * 3600 <= at_s % DAY_S < 22 * 3600)


def _frame(form: Format) -> tuple[str, str, str]:
    """What stands before the first product, between two, and after the last one."""
    match form:
        case Format.JSON:
            return "[", ",", "]"
        case Format.NDJSON:
            return "", "\n", "\n"
        case Format.CSV:
            return _header() + "\n", "\n", "\n"


def _template(form: Format) -> str:
    """A product's text with a place for each value; limits and thresholds are the same for all."""
    if form is Format.CSV:
        seen = [f"%s,%.4f,%s,0.0,1.0,{THRESHOLD}" for _ in DEFECTS]
        return ",".join(["%s", "%.3f", "%s", *(places for *_, places in FIELDS), "%s", "%s", "%s", "%s", "%s", *seen])
    state = ",".join(f'"{name}":{places}' for name, *_, places in FIELDS)
    words = ",".join(f'"{name}":%s' for name in WORDS)
    severity = f'{{"value":%.4f,"reject":%s,"min_value":0.0,"max_value":1.0,"threshold":{THRESHOLD}}}'
    seen_as = ",".join(f'"{name}":{{"reject":%s,"pixel_severity":{severity}}}' for name in DEFECTS)
    return (
        '{"molding_machine_id":"%s","timestamp":%.3f,"version":"%s",'
        f'"molding-machine-state":{{{state},{words}}},"object_detection":{{"reject":%s,{seen_as}}}}}'
    )


def _header() -> str:
    severity = ("value", "reject", "min_value", "max_value", "threshold")
    names = ["molding_machine_id", "timestamp", "version"]
    names += [f"molding-machine-state.{name}" for name in (*(name for name, *_ in FIELDS), *WORDS)]
    names.append("object_detection.reject")
    for defect in DEFECTS:
        names.append(f"object_detection.{defect}.reject")
        names += [f"object_detection.{defect}.pixel_severity.{part}" for part in severity]
    return ",".join(names)


WORDS = ("AutoMode", "ProcessStable", "ServiceDue", "NightShift")
"""What a machine says of itself by true and false."""
