"""What a run says at its end: a table for people, JSON for programs."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from rich.table import Table
from tools.chaos.run import Outcome
from tools.chaos.steps import AT_RANDOM, Step


def table(outcome: Outcome) -> Table:
    verdict = outcome.verdict
    operators = f"{outcome.replicas} operator{'s' if outcome.replicas > 1 else ''}"
    cloud = "an odd cloud" if outcome.plan.odd else "a plain cloud"
    title = f"seed {outcome.plan.seed}, {len(outcome.plan.jobs):,} jobs, {operators}, {cloud}"
    shown = Table(title=title, title_justify="left")
    shown.add_column("")
    shown.add_column("", justify="right")
    shown.add_column("must be", justify="right")
    most = verdict.most_effects
    _row(shown, "submissions per attempt, at most", most, "1", bad=most > 1 or bool(verdict.strangers))
    _row(shown, "submissions, attempts", f"{verdict.effects:,}, {verdict.attempts:,}", "equal")
    wrong = (
        ("not what was asked for", verdict.otherwise),
        ("end differs from the cloud's", verdict.differing),
        ("not ended", verdict.unfinished),
    )
    for name, lines in wrong:
        _row(shown, f"objects: {name}", len(lines), "0", bad=bool(lines))
    _row(shown, "objects: need a human, no look-up can tell", len(verdict.human))
    _row(shown, "objects: need a human, and should not", len(verdict.needless), "0", bad=bool(verdict.needless))
    for name, count in sorted(verdict.asked.items()):
        _row(shown, f"  asked: {name}", count)
    _row(shown, "job centre: rows that differ from the cloud", len(verdict.page), "0", bad=bool(verdict.page))
    _row(shown, "backups: deleted", verdict.deleted)
    kept = (
        ("deleted, and should not be", verdict.wrongly_deleted),
        ("there, and nobody says why", verdict.unexplained),
    )
    for name, lines in kept:
        _row(shown, f"backups: {name}", len(lines), "0", bad=bool(lines))
    for state, count in sorted(verdict.states.items()):
        _row(shown, f"  ended: {state}", count)
    for state, count in sorted(verdict.made.items()):
        _row(shown, f"  ended, of schedules: {state}", count)
    shown.add_section()
    for step in (AT_RANDOM, *map(str, Step)):
        never = "" if outcome.deaths[step] or step not in outcome.unsprung else "  (not reached)"
        _row(shown, f"killed: {step}{never}", outcome.deaths[step])
    shown.add_section()
    for name, count in sorted(outcome.served.items()):
        _row(shown, name, count)
    shown.add_section()
    for name, count in sorted(outcome.done.items()):
        _row(shown, f"users: {name}", count)
    shown.add_section()
    woken = woken_by_the_sweep(outcome.alarms)
    _row(shown, "objects: woken by the sweep", woken, "0", bad=woken > 0)
    _row(shown, "in the operator's log, or its own end", len(outcome.alarms) + len(outcome.by_itself), "0",
         bad=bool(outcome.alarms or outcome.by_itself))  # fmt: skip
    _row(shown, "seconds in all; after the storm", f"{outcome.seconds:.0f}; {outcome.calm:.0f}")
    shown.caption = f"{'FAILED' if outcome.violations else 'passed'}; --seed {outcome.plan.seed} repeats it"
    return shown


def woken_by_the_sweep(alarms: list[str]) -> int:
    """How many objects the operator's log says had no time for their next pass."""
    found = (re.search(r"(\d+) objects had no time for their next pass", line) for line in alarms)
    return sum(int(match.group(1)) for match in found if match)


def as_json(outcome: Outcome) -> dict[str, Any]:
    verdict = outcome.verdict
    return {
        "seed": outcome.plan.seed,
        "jobs": len(outcome.plan.jobs),
        "operators": outcome.replicas,
        "oddCloud": outcome.plan.odd,
        "passed": not outcome.violations,
        "submissions": verdict.effects,
        "attempts": verdict.attempts,
        "wokenByTheSweep": woken_by_the_sweep(outcome.alarms),
        "mostSubmissionsOfAnAttempt": verdict.most_effects,
        "otherwise": len(verdict.otherwise),
        "differing": len(verdict.differing),
        "unfinished": len(verdict.unfinished),
        "needHuman": len(verdict.human),
        "needHumanNeedlessly": len(verdict.needless),
        "askedByKind": _sorted(verdict.asked),
        "wrongRows": len(verdict.page),
        "backupsDeleted": verdict.deleted,
        "backupsWronglyDeleted": len(verdict.wrongly_deleted),
        "backupsUnexplained": len(verdict.unexplained),
        "states": _sorted(verdict.states),
        "statesOfSchedulesJobs": _sorted(verdict.made),
        "deaths": _sorted(outcome.deaths),
        "notReached": _sorted(outcome.unsprung),
        "faults": _sorted(outcome.served),
        "users": _sorted(outcome.done),
        "seconds": round(outcome.seconds, 1),
        "secondsAfterStorm": round(outcome.calm, 1),
        "violations": outcome.violations,
    }


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return {str(name): count for name, count in sorted(counts.items())}


def _row(shown: Table, name: str, value: object, must: str = "", *, bad: bool = False) -> None:
    shown.add_row(name, f"[red]{value}[/]" if bad else str(value), must)
