"""What earlier commits took: one line of JSON for each measured commit, in a file that is committed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Line = dict[str, Any]
FILE = Path(__file__).with_name("history.jsonl")


def line_of(result: Mapping[str, Any]) -> Line:
    """Pure. The line of a result of (u), as `record.entry` made it."""
    machine, figures = result["machine"], result["figures"]
    return {
        "commit": result["commit"],
        "at": result["at"],
        "cpu": machine["cpu"],
        "cores": machine["cores"],
        "python": machine["python"],
        "load": machine["loadAverageBefore"],
        "units": figures["units"],
        "life": {name: value for name, value in figures["life"].items() if name != "calls"},
    }


def is_kept(line: Line) -> bool:
    """Pure. Whether the commit is known by which the figures can be found again."""
    return bool(line["commit"]) and not line["commit"].endswith("-dirty")


def with_line(lines: list[Line], line: Line) -> list[Line]:
    """Pure. The newest line last; an earlier one of the same commit goes."""
    return [*(one for one in lines if one["commit"] != line["commit"]), line]


def load(path: Path = FILE) -> list[Line]:
    return [json.loads(text) for text in path.read_text().splitlines()] if path.exists() else []


def save(lines: list[Line], path: Path = FILE) -> None:
    path.write_text("".join(json.dumps(line, sort_keys=True) + "\n" for line in lines))
