"""Pure: what is computed of measured numbers, and how numbers are written."""

from __future__ import annotations

import math
from collections.abc import Sequence

DOCUMENTED_RATE = 20  # requests a second for each endpoint and user
PAGE_SIZE = 100


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: the smallest value that is not less than `percent` of all values."""
    if not values:
        raise ValueError("cannot take a percentile: there are no values")
    if not 0 < percent <= 100:
        raise ValueError(f"cannot take a percentile: {percent} is not above 0 and at most 100")
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def summary(values: Sequence[float]) -> dict[str, float]:
    """p50, p99 and the largest; nothing of nothing."""
    if not values:
        return {}
    return {"p50": percentile(values, 50), "p99": percentile(values, 99), "max": max(values)}


def list_floor(jobs: int, rate: float = DOCUMENTED_RATE) -> float:
    """Seconds that one reading of the whole list takes at the limit: no change can be seen sooner at worst."""
    return math.ceil(jobs / PAGE_SIZE) / rate


def single_reads(jobs: int, rate: float = DOCUMENTED_RATE) -> float:
    """Seconds that one read per job takes at the limit; also what `jobs` submissions take."""
    return jobs / rate


def lasting(seconds: float, scale: float) -> float:
    """How long to look: as long as is said from a tenth of the full scale on, and shorter for a mere try."""
    return seconds * min(1.0, max(0.05, 10 * scale))


def cdf(values: Sequence[float]) -> list[tuple[float, float]]:
    """The steps of the share of values that are at most x: (x, share)."""
    ordered = sorted(values)
    return [(value, (index + 1) / len(ordered)) for index, value in enumerate(ordered)]


def number(value: object) -> str:
    """As a person reads it: three figures where there are fractions, thousands apart."""
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{round(value):,}"
    if value == 0:
        return "0"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; its first column is text, the others are figures."""
    lines = [head, ["---", *("--:" for _ in head[1:])], *([number(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def flat(figures: object, at: str = "") -> dict[str, float]:
    """Every number of nested mappings, under its path; lists (raw samples) are left out."""
    if isinstance(figures, bool):
        return {}
    if isinstance(figures, int | float):
        return {at: float(figures)}
    if isinstance(figures, dict):
        return {
            key: value
            for name, inner in figures.items()
            for key, value in flat(inner, f"{at}.{name}" if at else name).items()
        }
    return {}
