"""How much room the legends, names and columns of a dashboard's panel take, and how much there is.

A model of Grafana (read in its source: a legend has 35 % of a panel's height below the graph, 60 % of its width
beside it; what is more than that is scrolled or cut), on a narrow screen and with letters that are rather too wide.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.unit.telemetry import promql

SCREEN = 1280
LETTER, TITLE_LETTER = 7.0, 7.8
"""Pixels, of text of 12 and of 14 pixels."""
LINE, ROW, BAR = 22, 25, 24
"""Height of a line of a legend below a graph, of a row of a table, of a bar with its name."""
MARK, PADDING, CELL, FIGURE = 28, 16, 16, 70
"""Width of the colour beside a name, of a panel's and of a cell's margins, and of a figure with its unit."""
OPEN = 110.0
"""Width that a column has at least whose values are anybody's choice; what is longer is cut."""

Panel = dict[str, Any]
Values = Callable[[str], Mapping[str, frozenset[str] | None]]
"""Of an expression: the values that each label may have; None where they are anybody's choice."""


def width(panel: Panel) -> float:
    """Of its inside."""
    return SCREEN * float(panel["gridPos"]["w"]) / 24 - 8 - PADDING


def height(panel: Panel) -> float:
    """Of its inside, without the title."""
    return 38.0 * float(panel["gridPos"]["h"]) - 8 - 32 - PADDING / 2


def too_much(panel: Panel, values: Values) -> list[str]:
    """What does not fit into the panel; empty where all does."""
    found = []
    if len(panel["title"]) * TITLE_LETTER > width(panel):
        found.append("the title is wider than the panel")
    match panel["type"]:
        case "timeseries":
            found += _legend(panel, values)
        case "bargauge":
            names = list(_names(panel, values))
            found += _no_wider(names, width(panel) / 2, "the name of a bar")
            if _count(panel, values) * BAR > height(panel):
                found.append("there are more bars than the panel can show")
        case "state-timeline":
            found += _no_wider(list(_names(panel, values)), width(panel) * 0.4, "the name of a row")
        case "table":
            found += _columns(panel, values)
        case other:
            assert other in ("stat", "row"), f"nobody said how much room a panel of type {other} needs"
    return found


def _legend(panel: Panel, values: Values) -> list[str]:
    legend, names = panel["options"]["legend"], list(_names(panel, values))
    if legend["placement"] == "right":
        room = width(panel) * 0.6 - FIGURE * len(legend.get("calcs", ())) - MARK
        found = _no_wider(names, room, "a name in the legend")
        rows = _count(panel, values) + (legend["displayMode"] == "table")
        return found + (["the legend has more rows than the panel"] if rows * ROW > height(panel) else [])
    lines, left = 1, width(panel)
    for name in names:
        needed = len(name) * LETTER + MARK
        if needed > left:
            lines, left = lines + 1, width(panel)
        left -= needed
    found = _no_wider(names, width(panel) - MARK, "a name in the legend")
    return found + ([f"the legend has {lines} lines"] if lines * LINE > height(panel) * 0.35 else [])


def _columns(panel: Panel, values: Values) -> list[str]:
    """Of the labels, and of a figure for each query."""
    labels = {label: values(target["expr"])[label] for target in panel["targets"] for label in kept(target["expr"])}
    (organized,) = (one["options"] for one in panel["transformations"] if one["id"] == "organize")
    titles = organized["renameByName"]
    fixed = {
        one["matcher"]["options"]: float(part["value"])
        for one in panel["fieldConfig"]["overrides"]
        for part in one["properties"]
        if part["id"] == "custom.width"
    }
    needed = 0.0
    for name in (*sorted(labels), *(title for title in titles if title.startswith("Value"))):
        title = titles[name]
        least = len(title) * LETTER + CELL
        known = labels.get(name, frozenset[str]())
        contents = OPEN if known is None else max((len(one) * LETTER + CELL for one in known), default=FIGURE)
        wanted = max(least, contents)
        if fixed.get(title, wanted) < wanted:
            return [f"the column {title} is narrower than what stands in it"]
        needed += fixed.get(title, wanted)
    return [f"the columns need {needed:.0f} of {width(panel):.0f} pixels"] if needed > width(panel) else []


def _no_wider(names: list[str], room: float, what: str) -> list[str]:
    widest = max(names, key=len)
    return [f"{what} is wider than its room: {widest}"] if len(widest) * LETTER > room else []


def _names(panel: Panel, values: Values) -> Iterator[str]:
    """Every name that a series of the panel may have."""
    for target in panel["targets"]:
        yield from _names_in(target, values)


def _names_in(target: dict[str, Any], values: Values) -> Iterator[str]:
    form = target["legendFormat"]
    labels = re.findall(r"{{(\w+)}}", form)
    known = [values(target["expr"])[label] for label in labels]
    assert None not in known, f"{form}: a legend must not have labels that are anybody's choice"
    for chosen in itertools.product(*(sorted(one) for one in known if one is not None)):
        name = form
        for label, value in zip(labels, chosen, strict=True):
            name = name.replace(f"{{{{{label}}}}}", value)
        yield name


def _count(panel: Panel, values: Values) -> int:
    """How many series there are at most."""
    found = 0
    for target in panel["targets"]:
        names, top = len([*_names_in(target, values)]), re.search(r"topk\((\d+),", target["expr"])
        found += min(names, int(top[1])) if top else names
    return found


def kept(expression: str) -> set[str]:
    """The labels that are left to the series of an expression."""
    found = {label for _, labels in promql.grouped_by(promql.parse(plain(expression))) for label in labels}
    return found - {"le"}


def plain(expression: str) -> str:
    """Without the variables of Grafana."""
    return expression.replace("$__rate_interval", "5m").replace("$__range", "6h").replace("$kind", ".*")
