"""The page and its plot say what was measured, and say so where an aim was missed."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from tools.bench.__main__ import main
from tools.bench.page import aims, in_the_middle, page, plot
from tools.bench.plot import Curve, even, svg
from tools.bench.record import compare, entry, load, save

MACHINE: dict[str, object] = {
    "cores": 2, "memoryGiB": 8.0, "cpu": "A CPU", "system": "Linux 6", "python": "3.12.1", "kubernetes": "v1.37.0",
    "loadAverageBefore": 0.1,
}  # fmt: skip


def taken(**more: Any) -> dict[str, Any]:
    return {
        "seconds": 60.0, "cpuSeconds": 6.0, "cpuShare": 0.1, "rssMiB": 99.5, "peakMiB": 100.0, "throttled": 0,
        "cloudCalls": {"import.list": 1200}, "kubeCalls": {"PATCH importjobs/status": 500}, **more,
    }  # fmt: skip


def changes(p99: float = 2.4) -> dict[str, Any]:
    some = {"p50": 1.2, "p99": p99, "max": p99}
    part = taken(
        delay=some, p99OverFloor=p99 / 2.5, missing=0, progressShare=1.0, writesPerSecond=8.3, samples=[1.2, p99]
    )
    progress = {
        "shownShare": 1.0,
        "percentPoint": 36.0,
        "pointsBehind": some,
        "outdatedSeconds": some,
        "allShownWithinSeconds": 270.0,
    }
    return {
        "jobs": 5000, "changes": 500, "floorSeconds": 2.5, "singleReadsSeconds": 250.0, "spreadSeconds": 60,
        "followedAfterSeconds": 20.0, "spread": part, "burst": part, "progress": progress, "whole": taken(),
        "alarms": {"count": 0, "first": []},
    }  # fmt: skip


def half() -> dict[str, Any]:
    return changes(4.9) | {"held": "by a quota of the kernel, 0.5 of a core"}


def submissions(**more: Any) -> dict[str, Any]:
    one = taken(
        overFloor=1.05, submittedSeconds=52.5, overSeconds=90.0, successful=1000, effects=1000,
        mostEffectsOfOneToken=1,
        writesPerJob={"status": 4.0, "progress": 2.0}, kubeCallsPerJob=9.0, cloudCallsPerJob=3.0,
        callsPerJob={"PATCH importjobs/status": 6.0, "LIST backupjobs": 0.001}, alarms={"count": 2, "first": []},
    )  # fmt: skip
    both = {"collections": one, "collection": one | more}
    return {"jobs": 1000, "floorSeconds": 50.0, "runSeconds": 20.0, **both}


def results(scale: float = 1, **figures: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {letter: entry(found, scale, MACHINE, "abc1234") for letter, found in figures.items()}


def restart(**more: Any) -> dict[str, Any]:
    return {
        "objects": 10_000, "writes": 0, "quietAfterSeconds": 3.0, "upAfterSeconds": 1.5, "loopSeconds": 1.6,
        "untilQuiet": taken(), "tenSecondsLater": taken(), **more,
    }  # fmt: skip


def sizes(**more: Any) -> dict[str, Any]:
    size = taken(running=10, cloudCallsPerMinute=60.0, kubeCallsPerMinute=6.0, **more)
    return {"runningShare": 0.1} | {f"of{count}": size | {"objects": count} for count in (1000, 20_000, 5000)}


def everything() -> dict[str, dict[str, Any]]:
    return results(a=changes(), h=half(), b=submissions(), c=restart(), d=sizes())


def test_the_page_of_a_full_run_holds_every_part_and_its_machine() -> None:
    text = page(everything())
    for part in (
        "(a)",
        "(b)",
        "(c)",
        "(d)",
        "A CPU, Linux 6, Python 3.12.1, Kubernetes v1.37.0",
        "performance-delay.svg",
    ):
        assert part in text
    assert "scale" not in text.split("## To measure again")[0]
    assert text.index("| 1,000 |") < text.index("| 5,000 |") < text.index("| 20,000 |")
    assert max(map(len, (line for line in text.splitlines() if not line.startswith("|")))) <= 118


def test_a_part_with_the_stand_in_says_so() -> None:
    real, found = results(c=restart()), results(c=restart())
    found["c"]["machine"] = MACHINE | {"kubernetes": "v1.37.0+zilliz-local"}
    assert ("stand-in" in page(real), "stand-in of the tests" in page(found)) == (False, True)


def test_a_part_of_the_run_has_a_page_too_and_says_its_scale() -> None:
    text = page(results(0.1, a=changes()))
    assert "**This run had a scale of 0.1**" in text
    assert "## (b)" not in text


def test_a_part_of_the_run_is_not_held_against_what_only_a_full_one_can_meet() -> None:
    """Half the objects in 256 MiB would be no success, and twice a floor of a quarter of a second no failure."""
    missed = results(0.1, a=changes(p99=3.1) | {"whole": taken(throttled=1)})
    assert [row[3] for row in aims(missed)] == ["-", "yes", "-", "yes", "**no**", "-", "-"]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (results(a=changes(p99=3.1)), {"(a) p99 of the delay"}),
        (results(h=changes(p99=9.9) | {"held": "somehow"}), {"(h) p99 of the delay"}),
        (results(a=changes() | {"whole": taken(throttled=1)}), {"(a) requests that the cloud throttled"}),
        (results(b=submissions(submittedSeconds=66.0)), {"(b) until all are submitted"}),
        (results(b=submissions() | {"loopSeconds": 40.0}), {"(b) until all are submitted"}),
        (results(c=restart(quietAfterSeconds=3.3)), {"(c) until quiet, times"}),
        (results(a=changes() | {"followedAfterSeconds": 45.0}), {"(a) seconds until all are taken up"}),
        (results(d=sizes(rssMiB=180.0)), {"(d) MiB with 5,000", "(d) MiB with 20,000"}),
        (results(b=submissions(writesPerJob={"status": 4.0, "metadata": 1.0})), {"(b) writes in a job's life"}),
        (results(b=submissions(effects=1001)), {"(b) submissions too many"}),
        (everything(), set()),
    ],
)
def test_an_aim_that_was_missed_is_shown(found: dict[str, dict[str, Any]], words: set[str]) -> None:
    missed = {str(row[0]) for row in aims(found) if row[3] != "yes"}
    assert all(any(one.startswith(word) for one in missed) for word in words)
    assert bool(missed) == bool(words)


def test_an_aim_that_could_not_be_measured_is_not_met() -> None:
    """No change was seen, so there is no delay: that must not look well."""
    blind = taken(delay={}, p99OverFloor=None, missing=500, progressShare=0.5, writesPerSecond=0.0, samples=[])
    found = results(a=changes() | {"spread": blind, "burst": blind})
    assert {row[3] for row in aims(found)[:4]} == {"**no**"}
    assert "| - |" in page(found)
    assert plot(found) == ""


def test_lines_of_the_log_that_should_not_be_there_are_told() -> None:
    assert "lines that it should not hold: 4" in page(results(b=submissions()))


def test_the_plot_is_a_drawing_with_every_curve_inside_of_it() -> None:
    drawing = ET.fromstring(plot(everything()))  # noqa: S314 - our own
    space = "{http://www.w3.org/2000/svg}"
    assert len(drawing.findall(f"{space}path")) == 4
    lines = [
        [float(line.get(name) or 0) for name in ("x1", "x2", "y1", "y2")] for line in drawing.iter(f"{space}line")
    ]
    assert all(min(line) >= 0 and max(line[:2]) <= 760 and max(line[2:]) <= 400 for line in lines)
    assert {"1 s", "100 s", "500 changes at once"} <= {text.text for text in drawing.iter(f"{space}text")}


@pytest.mark.parametrize("steps", [[(0.0, 1.0)], [(1.0, 1.0)], [(1e-9, 0.5), (5e3, 1.0)], even(2.5)])
def test_whatever_was_measured_can_be_drawn(steps: list[tuple[float, float]]) -> None:
    """No delay at all, a single one, a very long one."""
    ET.fromstring(svg("a <title> & more", [Curve("one", "#000", steps)]))  # noqa: S314 - our own


def test_a_run_of_one_part_keeps_the_others_of_its_scale(tmp_path: Path) -> None:
    """Half an hour of measuring must not be lost by a second look at a part of it."""
    file = tmp_path / "deep" / "bench.json"
    save(file, 1, everything())
    save(file, 1, results(a=changes(p99=3.0)))
    save(file, 0.1, results(0.1, a=changes(p99=9.0)))
    kept = load(file, 1)
    assert set(kept) == {"a", "h", "b", "c", "d"}
    assert kept["a"]["figures"]["spread"]["delay"]["p99"] == 3.0
    assert set(load(file, 0.1)) == {"a"}
    assert page(kept)


def test_two_runs_are_compared_figure_by_figure() -> None:
    old, new = results(a=changes(p99=2.4), b=submissions()), results(a=changes(p99=3.0))
    assert ("a.spread.delay.p99", 2.4, 3.0) in compare(old, new)
    assert not [row for row in compare(old, new) if row[0].startswith("b.")]


@pytest.mark.parametrize("wrong", [["--only", "e"], ["--scale", "0"], ["--scale", "many"]])
def test_a_wrong_option_is_refused_before_anything_starts(wrong: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(wrong)


def test_of_several_runs_the_one_in_the_middle_is_told_and_the_others_are_beside_it() -> None:
    runs = [entry(changes(p99), 1.0, MACHINE, "abc1234") for p99 in (4.0, 2.0, 3.0)]
    told = in_the_middle("a", runs)
    assert told["figures"]["spread"]["delay"]["p99"] == 3.0
    assert all("samples" not in one["spread"] for one in told["runs"])
    shown = page({"a": told, "b": entry(submissions(), 1.0, MACHINE, "abc1234")})
    assert "| | measured | aim | met | the 3 runs |".replace("| |", "|  |") in shown
    line = next(line for line in shown.splitlines() if "times the plain loop; changes evenly" in line)
    assert line.rstrip(" |").endswith("1.60, 0.800, 1.20")
    other = next(line for line in shown.splitlines() if "times the plain loop; 20 collections" in line)
    assert other.endswith("|  |"), "what was measured once has no runs"


def test_each_aim_is_judged_by_its_own_middle() -> None:
    """The run in the middle by the first aim may be the best by another one."""
    runs = [
        entry(changes(p99) | {"followedAfterSeconds": seconds}, 1.0, MACHINE, "abc1234")
        for p99, seconds in ((2.0, 33.0), (3.0, 27.0), (4.0, 31.0))
    ]
    shown = page({"a": in_the_middle("a", runs)})
    assert "until all are taken up after a start | 31.0 | at most 30 | **no** | 33.0, 27.0, 31.0 |" in shown
    assert "(27.0 s after the start)" in shown


def test_the_middle_is_that_of_what_differs() -> None:
    """All restarts write nothing, and one of them is the slowest."""
    runs = [entry(restart(quietAfterSeconds=seconds), 1.0, MACHINE, "abc1234") for seconds in (3.0, 5.0, 4.0)]
    assert in_the_middle("c", runs)["figures"]["quietAfterSeconds"] == 4.0
    same = [entry(restart(), 1.0, MACHINE, "abc1234") for _ in range(3)]
    assert in_the_middle("c", same)["figures"]["quietAfterSeconds"] == 3.0


def test_one_run_is_told_as_it_is() -> None:
    one = entry(changes(), 1.0, MACHINE, "abc1234")
    assert in_the_middle("a", [one]) is one
    assert "runs" not in page({"a": one}).partition("## (a)")[0]


@pytest.mark.parametrize("runs", ["0", "10", "many", "-1"])
def test_a_number_of_runs_that_makes_no_sense_is_refused(runs: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--runs", runs])
    assert "it must be a number from 1 to 9" in capsys.readouterr().err


def test_a_quarter_of_a_core_is_measured_without_a_promise() -> None:
    figures = changes(9.9) | {"held": "by a quota of the kernel, 0.25 of a core"}
    told = {"q": entry(figures, 1.0, MACHINE, "abc1234")}
    rows = {str(row[0]): row[1:] for row in aims(told)}
    assert rows["(q) p99 of the delay, times the plain loop; changes evenly"] == (9.9 / 2.5, "-", "-")
    assert rows["(q) changes that were not seen; evenly"][1:] == ("0", "yes")
    assert "0.25 of a core" in page(told)
