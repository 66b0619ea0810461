"""`make verify`: its parts in two rows side by side, each a target of make with its own log, and a table at the end.

python -m tools.verify [--again] [--one-by-one] [PART ...]

A part that has passed is not run again while the commit is the same and nothing is changed beside it, so a run that
broke off or failed goes on where it has to. `--again` runs all. A part that fails does not stop the others.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".venv" / "verify"
ROWS = (
    ("test", "namespaced", "everykind", "oddcloud", "compat", "storm", "upgrade", "helm3", "migrations"),
    # These mostly wait, or use one core. What builds images or uses a node stands in one row.
    ("node", "alerts", "running", "artefacts", "flux", "argocd"),
)
PARTS = tuple(part for row in ROWS for part in row)
WIDTH = max(map(len, PARTS))
SUMMARY = re.compile(r"^=*\s*(?:\d+ \w+, )*\d+ \w+ in [\d.]+s")
COUNTED = re.compile(r"(\d+) (passed|skipped)")


@dataclass(frozen=True)
class Outcome:
    """How a part ended: its exit code, and the wall clock in seconds. `commit` is empty where files were changed.
    `tests`, `skipped`: how many passed and how many were not run, as its runs of pytest say; 0 where it has none."""

    part: str
    code: int
    seconds: float
    commit: str
    tests: int = 0
    skipped: int = 0


class Record:
    """The last outcome of each part, in a file; a file that cannot be read counts as none."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._file = folder / "record.json"
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Outcome]:
        try:
            return iter([Outcome(**row) for row in json.loads(self._file.read_text())])
        except (OSError, ValueError, TypeError):
            return iter(())

    def last(self, part: str) -> Outcome | None:
        return next((outcome for outcome in self if outcome.part == part), None)

    def passed(self, part: str, commit: str) -> bool:
        """Whether the part has passed at this commit, with no file changed then or now."""
        last = self.last(part)
        return last is not None and last.code == 0 and last.commit == commit != ""

    def keep(self, outcome: Outcome) -> None:
        with self._lock:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            rows = [*(row for row in self if row.part != outcome.part), outcome]
            self._file.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make verify", description=__doc__.splitlines()[0])
    parser.add_argument("--again", action="store_true", help="also what has passed at this commit")
    parser.add_argument("--one-by-one", action="store_true", help="no two parts at a time, for a machine of one core")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"all, if none is named: {', '.join(PARTS)}")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"{sorted(unknown)[0]} is none of the parts: {', '.join(PARTS)}")
    rows = [PARTS] if asked.one_by_one else ROWS
    wanted = [[part for part in row if part in (asked.parts or PARTS)] for row in rows]
    return verify([row for row in wanted if row], again=asked.again)


def verify(
    rows: Sequence[Sequence[str]], *, again: bool = False, folder: Path = FOLDER, make: Sequence[str] = ("make",)
) -> int:
    """Runs the parts of each row in this order, and the rows side by side. 0 if all have passed, now or at this
    commit before; else 1."""
    begun, record, commit = time.monotonic(), Record(folder), state()
    parts, say = [part for row in rows for part in row], Saying(named=len(rows) > 1)

    def work(row: Sequence[str]) -> None:
        for part in row:
            head = f"== {parts.index(part) + 1} of {len(parts)}: make {part}"
            if not again and record.passed(part, commit):
                say(part, f"{head} has passed at {commit[:7]}")
                continue
            last = record.last(part)
            say(part, head + (f" (last time {clock(last.seconds)})" if last else ""))
            outcome = run(part, commit, folder, make, say)
            say(part, f"== make {part} {'failed' if outcome.code else 'passed'} after {clock(outcome.seconds)}")
            record.keep(outcome)

    with ThreadPoolExecutor(len(rows)) as workers:
        list(workers.map(work, rows))
    found = [outcome for part in parts if (outcome := record.last(part))]
    print(table(found, folder, time.monotonic() - begun), flush=True)
    return int(len(found) < len(parts) or any(outcome.code for outcome in found))


@dataclass
class Saying:
    """Lines for the terminal, each by itself; `named`: with the part that says it."""

    named: bool
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, part: str, line: str) -> None:
        with self._lock:
            print(f"{part:>{WIDTH}} | {line}" if self.named else line, flush=True)


def run(part: str, commit: str, folder: Path, make: Sequence[str], say: Saying) -> Outcome:
    """What the part prints goes to the terminal and to its log."""
    folder.mkdir(parents=True, exist_ok=True)
    begun, counts = time.monotonic(), {"passed": 0, "skipped": 0}
    with (
        (folder / f"{part}.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(
            [*make, part], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", cwd=ROOT
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            say(part, line.rstrip("\n"))
            log.write(line)
            log.flush()
            for count, what in COUNTED.findall(line) if SUMMARY.match(line) else ():
                counts[what] += int(count)
    seconds = round(time.monotonic() - begun, 1)
    return Outcome(part, process.returncode, seconds, commit, counts["passed"], counts["skipped"])


def state() -> str:
    """The commit that is checked out; empty where a file differs from it or is not in it, or git has no answer."""
    changed, commit = git("status", "--porcelain"), git("rev-parse", "HEAD")
    return commit.strip() if commit and changed == "" else ""


def git(*command: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *command], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def table(outcomes: Sequence[Outcome], folder: Path, seconds: float) -> str:
    """One line for each part, with its log where it failed; then the sum of the times, and how long this run took."""
    rows = [("PART", "RESULT", "TIME", "TESTS", "SKIPPED", "LOG")]
    for outcome in outcomes:
        log = str(folder / f"{outcome.part}.log") if outcome.code else ""
        result, tests, skipped = "failed" if outcome.code else "passed", outcome.tests or "", outcome.skipped or ""
        rows.append((outcome.part, result, clock(outcome.seconds), str(tests), str(skipped), log))
    rows.append(("sum", "", clock(sum(outcome.seconds for outcome in outcomes)), "", "", ""))
    rows.append(("this run", "", clock(seconds), "", "", ""))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60}m{int(seconds) % 60:02}s"


if __name__ == "__main__":
    sys.exit(main())
