"""python -m tools.bench [--only a,h] [--runs 3] [--scale 0.1] [--out FILE] [--json FILE] [--against FILE]"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table
from tests.support.controlplane import ControlPlaneError, UnavailableError, find_binaries
from tests.support.serving import ROOT
from tools.bench import accounts, changes, restart, sizes, submissions
from tools.bench.figures import number
from tools.bench.machine import describe
from tools.bench.page import PLOT, TITLES, in_the_middle, page, plot
from tools.bench.problem import Problem, causes
from tools.bench.record import Results, commit_here, compare, entry, load, save
from tools.bench.teller import Teller
from tools.bench.units import history, measuring
from tools.bench.units.part import part, replaced

MEASURES = {
    "a": changes.measure,
    "h": changes.measure_half,
    "q": changes.measure_quarter,
    "b": submissions.measure,
    "c": restart.measure,
    "d": sizes.measure,
    "s": accounts.measure,
    "u": measuring.measure,
}
EXPECTED = (Problem, ControlPlaneError, UnavailableError)
PAGE = ROOT / "docs" / "performance.md"
ASIDE = ROOT / "build" / "bench"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    teller = Teller()
    if not sys.platform.startswith("linux"):
        teller.say("cannot measure: what a process takes is read from /proc, so this needs Linux")
        return 2
    try:
        if not options.stand_in:
            find_binaries(teller.say)  # built once, which takes minutes
        asyncio.run(_measure_all(options, teller))
    except KeyboardInterrupt:
        return 130
    except asyncio.CancelledError:
        return 143
    except (*EXPECTED, ExceptionGroup) as error:
        found = list(causes(error))
        if not all(isinstance(one, EXPECTED) for one in found):
            raise
        for one in found:
            teller.say("\n".join([f"cannot finish the measurement: {one}", *getattr(one, "__notes__", ())]))
        return 1
    return 0


async def _measure_all(options: argparse.Namespace, teller: Teller) -> None:
    this = asyncio.current_task()
    assert this is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    earlier = load(options.against, options.scale) if options.against else {}
    store = options.json or (ASIDE if options.stand_in else ROOT) / "bench.json"
    machine, commit = describe(), await asyncio.to_thread(commit_here)
    results: Results = {}
    for letter in options.only:
        runs = []
        for run in range(options.runs):
            more = f", run {run + 1} of {options.runs}" if options.runs > 1 else ""
            teller.say(f"({letter}) {TITLES[letter]}{more}", "bold")
            runs.append(await MEASURES[letter](options.scale, teller, real=not options.stand_in))
        server = {"kubernetes": {figures.pop("kubernetes") for figures in runs}.pop()}
        results[letter] = in_the_middle(letter, [entry(one, options.scale, machine | server, commit) for one in runs])
        save(store, options.scale, {letter: results[letter]})
    out = options.out or (PAGE if options.scale == 1 and not options.stand_in else ASIDE / PAGE.name)
    if "u" in results and options.scale == 1 and not options.stand_in:
        _keep(history.line_of(results["u"]), teller)
    _write(out, load(store, options.scale), only_units=options.only == ["u"])
    teller.say(f"written: {out}, {store}")
    if earlier:
        _show_differences(earlier, results, teller)


def _keep(line: history.Line, teller: Teller) -> None:
    if history.is_kept(line):
        history.save(history.with_line(history.load(), line))
    else:
        teller.say("there are changes that are not committed, so the history gets no line")


def _write(out: Path, results: Results, *, only_units: bool) -> None:
    """Units of work change only their part of a page that is there: the rest of it takes an hour."""
    lines = history.load()
    if result := results.get("u"):
        lines = history.with_line(lines, history.line_of(result))
    out.parent.mkdir(parents=True, exist_ok=True)
    if only_units and out.exists():
        out.write_text(replaced(out.read_text(), part(lines)))
        return
    out.write_text(page(results, part(lines)))
    if drawing := plot(results):
        out.with_name(PLOT).write_text(drawing)


def _show_differences(old: Results, new: Results, teller: Teller) -> None:
    shown = Table("", "then", "now", "times")
    for path, then, now in compare(old, new):
        shown.add_row(path, number(then), number(now), number(now / then) if then else "")
    teller.show(shown)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description="Measure the operator at work.")
    parser.add_argument(
        "--only",
        type=_letters,
        default=list(MEASURES),
        help=f"some of {', '.join(f'{k} ({v})' for k, v in TITLES.items())}",
    )
    parser.add_argument(
        "--runs", type=_runs, default=1, help="how often each is measured; the run in the middle is told"
    )
    parser.add_argument("--scale", type=_scale, default=1.0, help="0.1: a tenth of the objects (default 1)")
    parser.add_argument("--out", type=Path, help="the page; default: in docs, of another scale in build/bench")
    parser.add_argument("--json", type=Path, help="the results, to which later runs add; default bench.json")
    parser.add_argument("--against", type=Path, help="results of another run: show what differs")
    parser.add_argument("--stand-in", action="store_true", help="no real API server; for a try of the bench itself")
    return parser


def _letters(given: str) -> list[str]:
    letters = [letter.strip() for letter in given.split(",")]
    if not set(letters) <= set(MEASURES):
        raise argparse.ArgumentTypeError(f"{given!r} is not a list of {', '.join(MEASURES)}")
    return letters


def _runs(given: str) -> int:
    if not given.isdecimal() or not 1 <= int(given) <= 9:
        raise argparse.ArgumentTypeError("it must be a number from 1 to 9")
    return int(given)


def _scale(given: str) -> float:
    scale = float(given)
    if not 0 < scale <= 10:
        raise argparse.ArgumentTypeError("it must be above 0 and at most 10")
    return scale


if __name__ == "__main__":
    sys.exit(main())
