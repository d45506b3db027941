"""Samples of a run as an SVG: memory, open files and lag over time, faults as ticks."""

from collections.abc import Sequence
from html import escape
from typing import Any

WIDTH, HEIGHT, LEFT, TOP = 960, 150, 70, 28
COLOURS = ("#0b6e99", "#d9730d", "#0f7b6c", "#ad1a72", "#6940a5")

Line = list[tuple[float, float]]


def svg(samples: Sequence[dict[str, Any]], faults: Sequence[dict[str, Any]], title: str) -> str:
    """The whole picture."""
    names = sorted({name for sample in samples for name in sample["processes"]})
    memory = {name: _line(samples, name, "rss", 1e6) for name in names}
    files = {name: _line(samples, name, "files", 1) for name in names}
    lag = {"records": [(s["at_s"], s["lag"]) for s in samples if s["lag"] is not None]}
    ends_s = max((sample["at_s"] for sample in samples), default=1.0) or 1.0
    panels = (("memory, MB", memory), ("open files", files), ("lag, records", lag))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {len(panels) * (HEIGHT + TOP) + TOP + 20}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="100%" fill="#fff"/><text x="10" y="18">{escape(title)}</text>',
    ]
    for number, (heading, lines) in enumerate(panels):
        parts += _panel(number * (HEIGHT + TOP) + TOP + 20, heading, lines, [f["at_s"] for f in faults], ends_s)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _line(samples: Sequence[dict[str, Any]], name: str, figure: str, unit: float) -> Line:
    return [(s["at_s"], s["processes"][name][figure] / unit) for s in samples if name in s["processes"]]


def _panel(y: int, heading: str, lines: dict[str, Line], faults: Sequence[float], ends_s: float) -> list[str]:
    most = max((value for line in lines.values() for _, value in line), default=1.0) or 1.0
    width = WIDTH - LEFT - 10

    def across(at_s: float) -> float:
        return LEFT + width * at_s / ends_s

    parts = [f'<text x="{LEFT}" y="{y - 6}">{escape(heading)}</text>']
    parts += [f'<path d="M{across(at):.1f} {y}v{HEIGHT - TOP}" stroke="#ddd"/>' for at in faults]
    for share in (0.0, 0.5, 1.0):
        height = y + (HEIGHT - TOP) * (1 - share)
        parts.append(f'<path d="M{LEFT} {height:.1f}H{WIDTH - 10}" stroke="#bbb"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{height + 4:.1f}" text-anchor="end">{most * share:,.0f}</text>')
    for number, (name, line) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = " ".join(f"{across(at):.1f},{y + (HEIGHT - TOP) * (1 - value / most):.1f}" for at, value in line)
        parts.append(f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(f'<text x="{LEFT + 110 + 110 * number}" y="{y - 6}" fill="{colour}">{escape(name)}</text>')
    parts.append(f'<text x="{WIDTH - 10}" y="{y + HEIGHT - 14}" text-anchor="end">{ends_s / 60:.1f} min</text>')
    return parts
