"""Pure: the part of the page that tells what a unit of work takes, and took before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tools.bench.figures import table
from tools.bench.sections import filled
from tools.bench.units.history import Line
from tools.bench.units.work import TITLES

BEGIN, END = "<!-- units of work -->", "<!-- end of the units of work -->"
SHOWN = 6  # commits

UNITS = """
Each is done by the operator's own code in the process of the bench, against stand-ins in another thread: running
imports of one cluster, as many as a page of its list has rows. What is counted is the processor time of the thread:
the median of several rounds, and the best one, since other work on the machine only adds. The floor is a loop that
fetches and decodes the same page and does nothing with it, in the same run; of a pass that writes, as many plain
requests as it sends. Instructions are counted by callgrind (Valgrind) in a run of its own, those of the kernel not
among them: no other work on the machine changes them.
"""
HEAD = ("unit", "ms", "best", "times the floor", "million instructions", "calls to the cloud", "to the API server")
LIFE = """
In the whole life of an import whose job is read {reads} times, with {writesBesidesProgress} writes besides progress
({submitted} when it is submitted, {begun} when it begins, {over} when it is over):
"""
HISTORY = """
Milliseconds of earlier commits, the newest at the right: of each the best round, which other work disturbs least.
Another machine is another scale: compare the times of the floor. Instructions are the same on every machine, with the
same Python. The figures are in `tools/bench/units/history.jsonl`; `make bench BENCH="--only u"` takes a minute, with
Valgrind three, adds a line where all changes are committed, and changes this part of the page alone.
"""


def part(lines: Sequence[Line]) -> str:
    """Of the newest line, and of those before it; empty where there is none."""
    if not lines:
        return ""
    newest, shown = lines[-1], lines[-SHOWN:]
    life = newest["life"]
    parts = [
        BEGIN,
        "## (u) What a unit of work takes",
        filled(UNITS),
        table(HEAD, _units(newest)),
        filled(LIFE, **life, **life["writes"]),
        table(
            ("", "calls to the cloud", "to the API server", "writes of the status"),
            [("an import", life["cloudCalls"], life["kubeCalls"], life["writesInAll"])],
        ),
        filled(HISTORY),
        table(("ms", *(line["commit"] for line in shown)), [*_history(shown, "leastMs"), *_lives(shown)]),
        table(("million instructions", *(line["commit"] for line in shown)), _history(shown, "instructions")),
        table(
            ("commit", "when", "machine", "cores", "Python", "load before"),
            [tuple(line[name] for name in ("commit", "at", "cpu", "cores", "python", "load")) for line in shown],
        ),
        END,
    ]
    return "\n\n".join(parts)


def replaced(page: str, new: str) -> str:
    """The page with this part in the place of the one that it has; at its end, where it has none."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    return f"{head}{new}{tail}" if begin and end else f"{page.rstrip()}\n\n{new}\n"


def _units(line: Line) -> list[tuple[Any, ...]]:
    units = line["units"]
    return [
        (
            title,
            one["ms"],
            one["leastMs"],
            one["ms"] / _floor(units, name),
            one.get("instructions"),
            one["cloudCalls"],
            one["kubeCalls"],
        )
        for name, title in TITLES.items()
        if (one := units.get(name))
    ]


def _floor(units: dict[str, Any], name: str) -> float:
    """Milliseconds that the same requests take a plain loop; of what sends none, the floor of a page."""
    one, page, write = units[name], float(units["floorPage"]["ms"]), units.get("floorWrite")
    return page if write is None or one["cloudCalls"] or not one["kubeCalls"] else write["ms"] * one["kubeCalls"]


def _history(lines: Sequence[Line], figure: str) -> list[tuple[Any, ...]]:
    return [
        (title, *((line["units"].get(name) or {}).get(figure) for line in lines)) for name, title in TITLES.items()
    ]


def _lives(lines: Sequence[Line]) -> list[tuple[Any, ...]]:
    """What a commit adds in requests is seen as well."""
    counts = {
        "calls to the cloud in a life": "cloudCalls",
        "calls to the API server in a life": "kubeCalls",
        "writes besides progress in a life": "writesBesidesProgress",
    }
    return [(title, *(line["life"][name] for line in lines)) for title, name in counts.items()]
