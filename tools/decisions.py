"""The decision records: what each says of itself, and the index that is made of it.

python -m tools.decisions [--check]
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "decisions"
HEAD = re.compile(
    r"# (?P<number>\d+)\. (?P<title>.+)\n\n"
    r"Status: (?P<state>accepted|amended|superseded)(?: by \[\d+\]\((?P<by>[\w-]+\.md)\))?,"
    r" (?P<date>\d{4}-\d\d-\d\d)\n\n"
)
ABOUT = """# Decisions

Why it is built this way: a page for each decision that a newcomer would question. A page keeps its number for good.
One that no longer holds stays, as superseded by the page that took its place. Below its heading each page tells its
status and the date it was taken; `make generate` makes this table from them.

| | Decision | Status | Date |
|---|---|---|---|
"""


class DecisionError(Exception):
    """What is wrong with a record, in a sentence."""


@dataclass(frozen=True)
class Decision:
    """A record. `by` is the file that amends or supersedes it, and empty where none does."""

    name: str
    number: int
    title: str
    state: str
    by: str
    date: str


def read(name: str, text: str) -> Decision:
    """Raises DecisionError where the first lines are not as they must be."""
    head = HEAD.match(text)
    if head is None:
        raise DecisionError(
            f"cannot read {name}: it must begin with `# <number>. <title>`, an empty line, and"
            " `Status: accepted, <date>`; for accepted also `amended by [<number>](<file>)` or `superseded by ...`"
        )
    if (head["state"] == "accepted") != (head["by"] is None):
        raise DecisionError(f"cannot read {name}: amended and superseded name a page, accepted names none")
    if int(name[:3]) != int(head["number"]):
        raise DecisionError(f"cannot read {name}: its heading has the number {head['number']}")
    return Decision(name, int(head["number"]), head["title"], head["state"], head["by"] or "", head["date"])


def read_all(folder: Path = FOLDER) -> list[Decision]:
    """By number. Raises DecisionError also where two share one, or a page is named that is not there."""
    found = [read(path.name, path.read_text()) for path in sorted(folder.glob("[0-9]*.md"))]
    names = {decision.name for decision in found}
    for one, following in itertools.pairwise(found):
        if one.number == following.number:
            raise DecisionError(f"cannot tell {one.name} from {following.name}: give the younger one the next number")
    if lost := [one.name for one in found if one.by and one.by not in names]:
        raise DecisionError(f"cannot find the page that {', '.join(lost)} names in its status")
    return found


def index(decisions: Iterable[Decision]) -> str:
    rows = [f"| {one.number} | [{one.title}]({one.name}) | {_status(one)} | {one.date} |\n" for one in decisions]
    return ABOUT + "".join(rows)


def _status(one: Decision) -> str:
    return f"{one.state} by [{int(one.by[:3])}]({one.by})" if one.by else one.state


def main() -> int:
    page = FOLDER / "README.md"
    try:
        made = index(read_all())
    except DecisionError as error:
        print(error, file=sys.stderr)
        return 1
    if "--check" not in sys.argv:
        page.write_text(made)
    elif not page.is_file() or page.read_text() != made:
        print("docs/decisions/README.md is out of date; run make generate", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
