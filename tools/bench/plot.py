"""Pure: the shares of changes that are seen within so many seconds, as an SVG that needs no library and no font."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 62, 30, 40, 92
INK, GRID = "#24292f", "#d8dee4"
POINTS = 120


@dataclass(frozen=True)
class Curve:
    """`steps`: (seconds, share), rising. Dashed: what is computed and not measured."""

    name: str
    colour: str
    steps: Sequence[tuple[float, float]]
    dashed: bool = False


def even(longest: float) -> list[tuple[float, float]]:
    """The shares where each delay up to the longest is as likely as any other: reading round and round."""
    return [(longest * index / POINTS, index / POINTS) for index in range(1, POINTS + 1)]


def svg(title: str, curves: Sequence[Curve]) -> str:
    """Seconds in decades from left to right, shares upwards."""
    decades = _decades([x for curve in curves for x, _ in curve.steps])
    inside_x, inside_y = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(seconds: float, share: float) -> tuple[float, float]:
        log = math.log10(max(seconds, 10.0 ** decades[0]))
        across = (log - decades[0]) / (decades[-1] - decades[0])
        return round(LEFT + inside_x * across, 1), round(TOP + inside_y * (1 - share), 1)

    look = f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" {look}>',
        f"<title>{_escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(WIDTH / 2, 22, title, "middle", 'font-size="14" font-weight="600"'),
    ]
    for percent in (0, 25, 50, 75, 100):
        left, y = at(10.0 ** decades[0], percent / 100)
        parts += [_line(left, y, WIDTH - RIGHT, y), _text(left - 8, y + 4, f"{percent} %", "end")]
    for decade in decades:
        x, bottom = at(10.0**decade, 0)
        parts += [_line(x, TOP, x, bottom), _text(x, bottom + 18, f"{10.0**decade:g} s", "middle")]
    for index, curve in enumerate(curves):
        parts.append(_curve(curve, [at(*step) for step in curve.steps]))
        x, y = LEFT + (index % 2) * inside_x / 2, HEIGHT - 44 + 20 * (index // 2)
        parts.append(_line(x, y, x + 26, y, curve.colour, 2.5, curve.dashed))
        parts.append(_text(x + 33, y + 4, curve.name, "start"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _decades(seconds: Sequence[float]) -> range:
    low, high = max(min(seconds), 1e-3), max(*seconds, 1e-2)
    return range(math.floor(math.log10(low)), max(math.ceil(math.log10(high)), math.floor(math.log10(low)) + 1) + 1)


def _curve(curve: Curve, points: Sequence[tuple[float, float]]) -> str:
    """A staircase for what was measured, a line for what was computed."""
    path = [f"M{points[0][0]} {points[0][1]}"]
    for x, y in points[1:]:
        path.append(f"L{x} {y}" if curve.dashed else f"H{x}V{y}")
    dash = ' stroke-dasharray="6 4"' if curve.dashed else ""
    return f'<path d="{"".join(path)}" fill="none" stroke="{curve.colour}" stroke-width="2"{dash}/>'


def _line(
    x1: float, y1: float, x2: float, y2: float, colour: str = GRID, width: float = 1, dashed: bool = False
) -> str:
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}" stroke-width="{width}"{dash}/>'


def _text(x: float, y: float, words: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{" " + more if more else ""}>{_escape(words)}</text>'


def _escape(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
