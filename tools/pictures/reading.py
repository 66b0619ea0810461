"""What a dashboard shows at a time: each panel's queries answered by Prometheus, as values that a page can draw.

A panel without anything, a figure that is none, and an age below 0 are faults: of the dashboard, or of the run.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Panel = dict[str, Any]
AGES = ("s",)
"""Units of panels that show times; none of them is below 0, but how far a clock is ahead."""
SIGNED = "zilliz_jobs_clock_skew_seconds"
POINTS = 60


class Source(Protocol):
    def now(self, expression: str, at: float) -> list[Any]: ...
    def over(self, expression: str, start: float, end: float, step: float) -> list[Any]: ...


@dataclass(frozen=True)
class Span:
    """From a time to another, in seconds."""

    start: float
    end: float

    @property
    def step(self) -> float:
        return max(1.0, (self.end - self.start) / POINTS)

    def fill(self, expression: str) -> str:
        """The expression with what Grafana puts in the place of its variables."""
        for name, value in (
            ("$__rate_interval", f"{max(4.0, self.step + 1):.0f}s"),
            ("$__range", f"{self.end - self.start:.0f}s"),
            ("$kind", ".*"),
        ):
            expression = expression.replace(name, value)
        return expression


def read(panels: Sequence[Panel], source: Source, span: Span) -> list[Panel]:
    """The panels, each with `series` (name and points of time and figure) or `rows` (by title of the column)."""
    return [panel | _answers(panel, source, span) for panel in panels]


def _answers(panel: Panel, source: Source, span: Span) -> Panel:
    if panel["type"] == "table":
        return {"rows": _table(panel, source, span)}
    series = []
    for target in panel.get("targets", ()):
        expression = span.fill(target["expr"])
        if target.get("instant"):
            found = [(one["metric"], [one["value"]]) for one in source.now(expression, span.end)]
        else:
            found = [
                (one["metric"], one["values"]) for one in source.over(expression, span.start, span.end, span.step)
            ]
        for metric, values in found:
            points = [[float(at), float(figure)] for at, figure in values]
            series.append({"name": named(target["legendFormat"], metric), "points": points})
    return {"series": series}


def _table(panel: Panel, source: Source, span: Span) -> list[dict[str, Any]]:
    """Rows of the same labels are one."""
    titles = next(one["options"]["renameByName"] for one in panel["transformations"] if one["id"] == "organize")
    rows: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for target in panel["targets"]:
        value = f"Value #{target['refId']}" if len(panel["targets"]) > 1 else "Value"
        for one in source.now(span.fill(target["expr"]), span.end):
            labels = tuple(sorted((titles.get(k, k), v) for k, v in one["metric"].items() if k != "__name__"))
            rows.setdefault(labels, dict(labels))[titles.get(value, value)] = float(one["value"][1])
    return list(rows.values())


def named(form: str, metric: dict[str, str]) -> str:
    """A series by its legend."""
    return re.sub(r"{{(\w+)}}", lambda found: metric.get(found[1], ""), form)


def faults(panels: Sequence[Panel]) -> list[str]:
    """Sentences; empty where every panel shows what it should. Pure."""
    found = []
    for panel in panels:
        if panel["type"] == "row":
            continue
        figures = list(_figures(panel))
        known = [figure for figure in figures if math.isfinite(figure)]
        if not known:
            found.append(f"{panel['title']}: there is nothing to show")
        elif len(known) < len(figures):
            found.append(f"{panel['title']}: a figure is none")
        signed = any(SIGNED in target["expr"] for target in panel["targets"])
        if panel["fieldConfig"]["defaults"].get("unit") in AGES and min(known, default=0) < 0 and not signed:
            found.append(f"{panel['title']}: {min(known):.0f} s is no age")
    return found


def _figures(panel: Panel) -> Iterator[float]:
    for one in panel.get("series", ()):
        yield from (figure for _, figure in one["points"])
    for row in panel.get("rows", ()):
        yield from (value for value in row.values() if isinstance(value, float))
