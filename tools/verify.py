"""`make verify`: its parts one after the other, each a target of make with its own log, and a table at the end.

python -m tools.verify [--again] [PART ...]

A part that has passed is not run again while the commit is the same and nothing is changed beside it, so a run that
broke off or failed goes on where it has to. `--again` runs all. A part that fails does not stop the others.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".venv" / "verify"
PARTS = (
    *("test", "everykind", "namespaced", "oddcloud", "running"),
    *("upgrade", "helm3", "flux", "artefacts", "migrations", "storm"),
    *("node", "alerts"),
)


@dataclass(frozen=True)
class Outcome:
    """How a part ended: its exit code, and the wall clock in seconds. `commit` is empty where files were changed."""

    part: str
    code: int
    seconds: float
    commit: str


class Record:
    """The last outcome of each part, in a file; a file that cannot be read counts as none."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._file = folder / "record.json"

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
        self._file.parent.mkdir(parents=True, exist_ok=True)
        rows = [*(row for row in self if row.part != outcome.part), outcome]
        self._file.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make verify", description=__doc__.splitlines()[0])
    parser.add_argument("--again", action="store_true", help="also what has passed at this commit")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"all, if none is named: {', '.join(PARTS)}")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"{sorted(unknown)[0]} is none of the parts: {', '.join(PARTS)}")
    return verify([part for part in PARTS if part in (asked.parts or PARTS)], again=asked.again)


def verify(
    parts: Sequence[str], *, again: bool = False, folder: Path = FOLDER, make: Sequence[str] = ("make",)
) -> int:
    """Runs the parts in this order. 0 if all have passed, now or at this commit before; else 1."""
    record, commit = Record(folder), state()
    for number, part in enumerate(parts, 1):
        head = f"== {number} of {len(parts)}: make {part}"
        if not again and record.passed(part, commit):
            print(f"{head} has passed at {commit[:7]}", flush=True)
            continue
        last = record.last(part)
        print(head + (f" (last time {clock(last.seconds)})" if last else ""), flush=True)
        record.keep(run(part, commit, folder, make))
    print(table([outcome for part in parts if (outcome := record.last(part))], folder), flush=True)
    return int(any((last := record.last(part)) is None or last.code for part in parts))


def run(part: str, commit: str, folder: Path, make: Sequence[str]) -> Outcome:
    """What the part prints goes to the terminal and to its log."""
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    with (
        (folder / f"{part}.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(
            [*make, part], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", cwd=ROOT
        ) as process,
    ):
        assert process.stdout is not None
        copy(process.stdout, log)
    return Outcome(part, process.returncode, round(time.monotonic() - begun, 1), commit)


def copy(source: IO[str], log: IO[str]) -> None:
    for line in source:
        sys.stdout.write(line)
        sys.stdout.flush()
        log.write(line)


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


def table(outcomes: Sequence[Outcome], folder: Path) -> str:
    """One line for each part, with its log where it failed; the last line is the sum of the times."""
    rows = [("PART", "RESULT", "TIME", "LOG")]
    for outcome in outcomes:
        log = str(folder / f"{outcome.part}.log") if outcome.code else ""
        rows.append((outcome.part, "failed" if outcome.code else "passed", clock(outcome.seconds), log))
    rows.append(("", "", clock(sum(outcome.seconds for outcome in outcomes)), ""))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60}m{int(seconds) % 60:02}s"


if __name__ == "__main__":
    sys.exit(main())
