"""Pure: what the page says of each measurement."""

from __future__ import annotations

import textwrap
from typing import Any

from tools.bench.figures import number, table

GaugeCollector = dict[str, Any]
PLOT = "performance-delay.svg"
WIDTH = 116

CHANGES = """
{jobs:,} imports run in one cluster, under one key; each has its ImportJob. They are made in the simulator, and
as objects that look submitted, so that nothing waits for submissions. The operator starts. Once every object
shows its job running ({followed} s after the start), {changes:,} jobs, chosen by chance, end evenly over
{minute} s, and then another {changes:,} at the same moment. The delay is the time from just before the change
to the arrival of the object's new state at a watch.
"""
HALF = """
As (a), but the operator is held to a part of a processor core, as by a limit of its pod: {held}. Every object
showed its job running {followed} s after the start. [Operations](operations.md#running-it) tells what goes first.
"""
MEANWHILE = (
    "",
    "not seen",
    "throttled",
    "writes/s",
    "calls to the cloud/s",
    "share of a core",
    "MiB",
    "show progress",
)
PROGRESS = """
Progress of the jobs that went on, at the end. {all_shown} What is shown is out of date from the moment at which the
cloud tells another percent; a percent takes {percent} s here.
"""
SUBMISSIONS = """
{jobs:,} new ImportJobs are created as fast as the API server takes them, once for 20 collections and once for a
single one, each with a Secret for its bucket. Their jobs run for {run} s. The floor is {floor} s: the
documented 20 submissions a second. {loop}
"""
RESTART = """
{objects:,} ImportJobs whose jobs are over; the operator starts. Quiet is the moment after which it takes less than
2 % of a core for five seconds. The time counts from the start of its process, which says after {runs} s that it runs.
"""
SIZES = """
Of all objects {over} are finished and {running} run; nothing changes but their progress. An operator is started
for each size, and is watched for {seconds} s once it follows all running ones.
"""

ACCOUNTS = """
{objects:,} ImportJobs lie evenly under {keys} API keys, each with a connection and a cluster; {running:,} of them
run. One operator for all shows every running one as running {up} s after its first start. Then {changes:,} jobs end
while none works; the restart is the time from the start of the process, over all objects, until these show it. A
minute follows in which nothing changes but progress, and {changes:,} more end evenly: the delays are those of (a).
Then the same by two shards with half of the keys each.
"""


def filled(text: str, **values: object) -> str:
    return textwrap.fill(" ".join(text.format(**values).split()), WIDTH)


def changes(figures: GaugeCollector) -> list[str]:
    floor, single, progress = figures["floorSeconds"], figures["singleReadsSeconds"], figures["progress"]
    delays = _delays(figures)
    computed = [
        ("floor: the list, read without a pause", floor / 2, floor * 0.99, floor),
        *_measured(figures.get("floorReadSeconds")),
        ("one read per object", single / 2, single * 0.99, single),
    ]
    share, within = f"{progress['shownShare']:.1%}", progress["allShownWithinSeconds"]
    all_shown = "Not all of them showed some in the time given."
    if within is not None:
        all_shown = (
            f"All of them showed some when looked at {number(within)} s after every object showed its job running."
        )
    return [
        filled(
            CHANGES,
            jobs=figures["jobs"],
            changes=figures["changes"],
            followed=number(figures["followedAfterSeconds"]),
            minute=number(figures["spreadSeconds"]),
        ),
        f"![Share of the changes shown within so many seconds]({PLOT})",
        table(("seconds", "p50", "p99", "longest"), [*delays, *computed]),
        "Meanwhile:",
        table(MEANWHILE, _meanwhile(figures)),
        filled(PROGRESS, percent=number(progress["percentPoint"]), all_shown=all_shown),
        table(
            ("", "shown by", "p50", "p99", "longest"),
            [
                ("percent points behind", share, *three(progress["pointsBehind"])),
                ("seconds out of date", share, *three(progress["outdatedSeconds"])),
            ],
        ),
    ]


def half(figures: GaugeCollector) -> list[str]:
    """The same measurement with the operator held to a part of a core."""
    followed = number(figures["followedAfterSeconds"])
    return [
        filled(HALF, held=figures["held"], followed=followed),
        table(("seconds", "p50", "p99", "longest"), [*_delays(figures), *_measured(figures.get("floorReadSeconds"))]),
        "Meanwhile:",
        table(MEANWHILE, _meanwhile(figures)),
    ]


def _parts(figures: GaugeCollector) -> list[tuple[GaugeCollector, str]]:
    return [(figures["spread"], "evenly"), (figures["burst"], "at once")]


def _delays(figures: GaugeCollector) -> list[tuple[object, ...]]:
    return [(f"{figures['changes']:,} changes {words}", *three(part["delay"])) for part, words in _parts(figures)]


def _meanwhile(figures: GaugeCollector) -> list[tuple[object, ...]]:
    return [
        (
            words,
            *(part[name] for name in ("missing", "throttled", "writesPerSecond")),
            sum(part["cloudCalls"].values()) / part["seconds"],
            *(part[name] for name in ("cpuShare", "rssMiB")),
            f"{part['progressShare']:.1%}",
        )
        for part, words in _parts(figures)
    ]


def _measured(seconds: float | None) -> list[tuple[object, ...]]:
    """Earlier runs did not measure it. A change is as likely just before the reading of its page as just after."""
    return [("the same, read by a plain loop in this run", seconds / 2, seconds * 0.99, seconds)] if seconds else []


def submissions(figures: GaugeCollector) -> list[str]:
    both = [(figures["collections"], "20"), (figures["collection"], "1")]
    verbs = sorted({verb for one, _ in both for verb, count in one["callsPerJob"].items() if count >= 0.05})
    names = ("overFloor", "submittedSeconds", "overSeconds", "successful", "effects", "mostEffectsOfOneToken")
    head = (
        "collections",
        "times the floor",
        "submitted, s",
        "over, s",
        "successful",
        "in the ledger",
        "most per token",
    )
    run, floor, took = number(figures["runSeconds"]), number(figures["floorSeconds"]), figures.get("loopSeconds")
    loop = f"A plain loop took {number(took)} s for as many in this run." if took else ""
    return [
        filled(SUBMISSIONS, jobs=figures["jobs"], run=run, floor=floor, loop=loop),
        table(head, [(words, *(one[name] for name in names)) for one, words in both]),
        "In the whole life of a job:",
        table(
            ("collections", "writes besides progress", "of progress", "calls to the API server", "to the cloud"),
            [
                (
                    words,
                    besides_progress(one["writesPerJob"]),
                    one["writesPerJob"].get("progress", 0),
                    one["kubeCallsPerJob"],
                    one["cloudCallsPerJob"],
                )
                for one, words in both
            ],
        ),
        "Calls to the API server for each job:",
        table(
            ("collections", *(words for _, words in both)),
            [(verb, *(one["callsPerJob"].get(verb, 0) for one, _ in both)) for verb in verbs],
        ),
    ]


def restart(figures: GaugeCollector) -> list[str]:
    def took(one: GaugeCollector) -> tuple[object, ...]:
        return one["cpuSeconds"], sum(one["kubeCalls"].values()), sum(one["cloudCalls"].values()), one["rssMiB"]

    measured = figures["writes"], figures["quietAfterSeconds"], *took(figures["untilQuiet"])
    return [
        filled(RESTART, objects=figures["objects"], runs=number(figures["upAfterSeconds"])),
        table(
            ("", "writes", "quiet after, s", "processor, s", "calls to the API server", "to the cloud", "MiB"),
            [
                ("measured", *measured),
                ("the ten seconds after", 0, None, *took(figures["tenSecondsLater"])),
                ("a plain loop that lists and parses them", 0, figures.get("loopSeconds"), *[None] * 4),
            ],
        ),
    ]


def sizes(figures: GaugeCollector) -> list[str]:
    found = sorted((one for name, one in figures.items() if name.startswith("of")), key=lambda one: one["objects"])
    names = ("running", "rssMiB", "cpuShare", "cloudCallsPerMinute", "kubeCallsPerMinute")
    share = figures["runningShare"]
    return [
        filled(SIZES, over=f"{1 - share:.0%}", running=f"{share:.0%}", seconds=number(found[0]["seconds"])),
        table(
            (
                "objects",
                "running",
                "MiB",
                "share of a core",
                "calls to the cloud a minute",
                "to the API server a minute",
            ),
            [(number(one["objects"]), *(one[name] for name in names)) for one in found],
        ),
    ]


def accounts(figures: GaugeCollector) -> list[str]:
    """One operator beside two shards."""
    names = (
        "restartSeconds",
        "missing",
        "rssMiB",
        "peakMiB",
        "cpuShare",
        "cloudCallsPerMinute",
        "kubeCallsPerMinute",
    )
    head = (
        "",
        "p50, s",
        "p99, s",
        "longest, s",
        "restart, s",
        "not seen",
        "MiB",
        "at most",
        "share of a core",
        "calls to the cloud a minute",
        "to the API server a minute",
    )
    rows = [
        (words, *three(figures[part]["delay"]), *(each(figures[part][name]) for name in names))
        for part, words in (("one", "one operator"), ("two", "two shards"))
    ]
    return [
        filled(
            ACCOUNTS,
            objects=figures["objects"],
            keys=figures["keys"],
            running=figures["running"],
            changes=figures["changes"],
            up=number(figures["takenUpSeconds"]),
        ),
        table(head, rows),
    ]


def each(found: object) -> object:
    """A figure, or those of several operators."""
    return " + ".join(number(one) for one in found) if isinstance(found, list) else found


def besides_progress(writes: dict[str, float]) -> float:
    return round(sum(count for purpose, count in writes.items() if purpose != "progress"), 4)


def three(found: dict[str, float]) -> tuple[float | None, ...]:
    return tuple(found.get(name) for name in ("p50", "p99", "max"))
