"""Pure: the page of the results, and its plot. Ratios and counts come first; seconds and bytes name their machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tools.bench import sections
from tools.bench.figures import cdf, number, table
from tools.bench.plot import Curve, even, svg
from tools.bench.record import Results
from tools.bench.sections import PLOT, besides_progress, filled

__all__ = ["PLOT", "TITLES", "page", "plot"]

TITLES = {
    "a": "Running imports that change their state",
    "h": "The same with half a core",
    "q": "The same with a quarter of a core",
    "b": "New jobs, all at once",
    "c": "A restart over finished jobs",
    "d": "Memory and calls by the number of objects",
    "s": "Many objects under many keys, by one operator and by two shards",
    "u": "What a unit of work takes",
}
SECTIONS = {
    "a": sections.changes,
    "h": sections.half,
    "q": sections.half,
    "b": sections.submissions,
    "c": sections.restart,
    "d": sections.sizes,
    "s": sections.accounts,
}
HEAD = """
Measured over real HTTP, each part a process of its own: the operator with the settings that it ships with, a
real kube-apiserver with its etcd, the simulated cloud (20 requests a second for each endpoint, 100 rows a page:
the documented limits), and the bench, which changes jobs in the cloud and watches the objects. What is counted
is what the two servers saw. All of them share the processors of one machine.
"""
FLOOR = """
Where it says "times", the measure is a plain asyncio loop in Python that does only what cannot be left out, on the
same machine in the same run: it pages the list or submits as fast as the limit allows, or lists the objects once. So
a slow machine does not look like a slow operator.
"""
RUNS = """
Of several runs each line of this table has the figure in the middle, and all of them in its last column; the rest of
the page shows the run in the middle by the first aim of its part in which they differ.
"""
SCALE = """
**This run had a scale of {scale:g}**: so much of the full run's objects and changes. Fixed times weigh more over a
lower floor, so what only a full run can tell is not held against its aim (-).
"""
STAND_IN = """
In this part the API server is the stand-in of the tests, one process of Python without an etcd, in which a small
machine can hold all the objects.
"""
LIMITS = """
- The operator spaces its requests 6 % wider than the documented limit, so that a way of changing length squeezes none
  of them into a window that is full. So its own floor is 1.06 times that of the tables.
- Changes at once: the first {ahead} ends wait for their results, up to two and a half seconds, so that both are one
  write. When more end than that, all are told as the list shows them, and the results follow at 19 a second. Hundreds
  of decisions and writes then share one processor core with the reading of the list.
- The share of a core: in a second 19 pages of the list, nine reads for mere progress, the results of eight jobs that
  end, once for each job its constant facts, and the writes of all these. Of the operator's processor time a fifth is
  the kernel's sending of requests.
- Jobs that began while no operator ran: each is one write. A plain loop that does nothing but write such statuses
  would take 24 seconds for 5,000, at the pace of 2,000 on the machine of this page, with 32 at a time as with 16. So
  it is the API server that sets the pace.
- A pass that writes: a request is a fifth of the instructions and more of the time, since the kernel sends it; and
  there are two where an event is posted, as at an end. Plain requests of the same kind stand beside it in (u).
  [Decision 35](decisions/035-writes-stay-with-the-library.md) says why that stays,
  [decision 39](decisions/039-what-has-not-changed-is-not-written-down-again.md) what became less.
- New jobs: 0.06 of what they take above the plain loop is the wider spacing. Each takes a read of its cluster, the
  intent, the request and its record, one after the other. Into one collection they go one at a time, or a lost answer
  could not be told from its neighbour's job; so the pace is that of one such round, and not of the limit. While the
  API server takes a thousand new objects, each round takes longer.
- Writes: intent, handle, at work, end; what is above four are jobs that waited for their submission lock for a
  minute, and say so.
- A restart: Python and its packages need a second before the process runs. Then the objects are listed in chunks and
  parsed; those whose jobs are over take no more than that.
"""
AGAIN = """
`make bench` takes about an hour. `make bench BENCH="--only a --scale 0.1"` is a part of it with a tenth of
the objects; such a run leaves this page alone and says where its own is. `--runs 3` measures each part three times.
`--only u` takes a minute. Every run adds to `bench.json`, and `--against other.json` shows what differs from another
run.
"""


def page(results: Results, units: str = "") -> str:
    """Of the measurements that there are; at least one. `units`: the part about units of work."""
    parts = ["# Performance", "<!-- Written by `make bench`; edits are lost. -->", filled(HEAD), filled(FLOOR)]
    scale = next(iter(results.values()))["scale"]
    parts += [filled(SCALE, scale=scale)] if scale != 1 else []
    runs = max(len(result.get("runs", ())) for result in results.values())
    head = ("", "measured", "aim", "met", *([f"the {runs} runs"] if runs else []))
    parts += [
        "## Aims",
        *([filled(RUNS)] if runs else []),
        table(head, _with_runs(results) if runs else aims(results)),
    ]
    for letter, section in SECTIONS.items():
        if letter in results:
            figures = results[letter]["figures"]
            stands_in = [filled(STAND_IN)] if "local" in results[letter]["machine"]["kubernetes"] else []
            parts += [f"## ({letter}) {TITLES[letter]}", *stands_in, *section(figures), *_alarms(figures)]
    parts += [units] if units else []
    parts += ["## What limits it", LIMITS.strip().format(ahead=47)]
    return "\n\n".join([*parts, *_machines(results), "## To measure again", filled(AGAIN)]) + "\n"


def in_the_middle(letter: str, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of several results of one measurement, the one in the middle by the first aim in which they differ, with the
    figures of all."""
    if len(runs) < 2:
        return runs[0]
    ordered = sorted(runs, key=lambda one: [_value(row) for row in aims({letter: one})])
    return ordered[len(ordered) // 2] | {"runs": [_without_samples(one["figures"]) for one in runs]}


def _value(row: Sequence[Any]) -> float:
    return float("inf") if row[1] is None else row[1]


def _without_samples(figures: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in figures.items() if name != "samples"}
    return {name: _without_samples(value) if isinstance(value, dict) else value for name, value in kept.items()}


def _with_runs(results: Results) -> list[Sequence[object]]:
    """The rows of `aims`, each the one in the middle of its runs, with what all of them measured, in their order; the
    last is empty where there was one run. So a run that is good by one aim is not told for another."""
    found: list[Sequence[object]] = []
    for letter, result in results.items():
        runs = result.get("runs") or [result["figures"]]
        for rows in zip(*(aims({letter: result | {"figures": figures}}) for figures in runs), strict=True):
            middle = sorted(rows, key=_value)[len(rows) // 2]
            every = [number(value) if (value := row[1]) is not None else "-" for row in rows]
            found.append((*middle, ", ".join(every) if len(rows) > 1 else ""))
    return found


def aims(results: Results) -> list[Sequence[object]]:
    """Rows of: what, measured, aim, met."""
    rows: list[Sequence[object]] = []
    full = all(result["scale"] == 1 for result in results.values())

    def row(what: str, value: float | None, limit: float | None, *, count: bool = False) -> None:
        if limit is None:  # measured, and nothing is promised
            rows.append((what, value, "-", "-"))
            return
        met = "yes" if value is not None and value <= limit else "**no**"
        met = met if full or count else "-"
        rows.append((what, value, f"at most {number(limit)}" if limit else "0", met))

    figures = {letter: result["figures"] for letter, result in results.items()}
    promised: dict[str, tuple[float | None, float | None]] = {"a": (1.2, 1.5), "h": (2, 3), "q": (None, None)}
    for letter, limits in promised.items():
        a = figures.get(letter)
        if not a:
            continue
        for (part, words), limit in zip((("spread", "evenly"), ("burst", "at once")), limits, strict=True):
            over = a[part].get("p99OverRead", a[part]["p99OverFloor"])
            row(f"({letter}) p99 of the delay, times the plain loop; changes {words}", over, limit)
            row(f"({letter}) changes that were not seen; {words}", a[part]["missing"], 0, count=True)
        row(f"({letter}) requests that the cloud throttled", a["whole"]["throttled"], 0, count=True)
    if a := figures.get("a"):
        row("(a) share of a core; changes evenly", a["spread"]["cpuShare"], 0.15)
        row("(a) seconds until all are taken up after a start", a["followedAfterSeconds"], 30)
    if b := figures.get("b"):
        loop = b.get("loopSeconds", b["floorSeconds"])
        for part, words, limit in (("collections", "20 collections", 1.08), ("collection", "one collection", 1.25)):
            row(
                f"(b) until all are submitted, times the plain loop; {words}",
                b[part]["submittedSeconds"] / loop,
                limit,
            )
            writes = besides_progress(b[part]["writesPerJob"])
            row(f"(b) writes in a job's life besides progress; {words}", writes, 4, count=True)
            row(f"(b) submissions too many; {words}", b[part]["effects"] - b["jobs"], 0, count=True)
            row(f"(b) requests that the cloud throttled; {words}", b[part]["throttled"], 0, count=True)
    if c := figures.get("c"):
        row("(c) writes", c["writes"], 0, count=True)
        row("(c) seconds until quiet", c["quietAfterSeconds"], 5)
        if c.get("loopSeconds") and c["quietAfterSeconds"]:
            row("(c) until quiet, times the plain loop", c["quietAfterSeconds"] / c["loopSeconds"], 2)
    if d := figures.get("d"):
        for objects, limit in ((5_000, 120), (20_000, 170)):
            if found := d.get(f"of{objects}"):
                row(f"(d) MiB with {found['objects']:,} objects", found["rssMiB"], limit)
    if s := figures.get("s"):
        row(f"(s) MiB with {s['objects']:,} objects, one operator", s["one"]["rssMiB"][0], 500)
    return rows


def plot(results: Results) -> str:
    """The delays of (a); empty where it was not measured."""
    figures = results["a"]["figures"] if "a" in results else {}
    measured = [
        Curve(f"{figures['changes']:,} changes {words}", colour, cdf(figures[part]["samples"]))
        for part, words, colour in (("spread", "evenly", "#0969da"), ("burst", "at once", "#cf222e"))
        if figures.get(part, {}).get("samples")
    ]
    if not measured:
        return ""
    floor = Curve("floor: the list, read without a pause", "#57606a", even(figures["floorSeconds"]), dashed=True)
    single = Curve("one read per object", "#bf8700", even(figures["singleReadsSeconds"]), dashed=True)
    title = f"Changes shown within so many seconds, {figures['jobs']:,} running imports"
    return svg(title, [*measured, floor, single])


def _alarms(figures: dict[str, Any]) -> list[str]:
    found = [
        one["alarms"]["count"] for one in (figures, *figures.values()) if isinstance(one, dict) and "alarms" in one
    ]
    return [f"The log of the operator held lines that it should not hold: {sum(found)}."] if sum(found) else []


def _machines(results: Results) -> list[str]:
    """A row for each measurement, since each can have been made on another day."""
    kinds, rows = [], []
    for letter, one in sorted(results.items()):
        if letter not in SECTIONS:
            continue  # its part names its own
        machine = one["machine"]
        system = f"Python {machine['python']}, Kubernetes {machine['kubernetes']}"
        kinds.append(f"{machine['cpu']}, {machine['system']}, {system}")
        load = machine["loadAverageBefore"]
        rows.append((f"({letter})", one["at"], one["commit"], machine["cores"], machine["memoryGiB"], load))
    head = ("", "when", "commit", "cores", "GiB", "load before")
    return ["## Measured on", *dict.fromkeys(kinds), table(head, rows)]
