"""The results as JSON, each with its scale, moment, commit and machine, so that two runs can be compared."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.bench.figures import flat

Results = dict[str, dict[str, Any]]  # by letter; each with scale, at, commit, machine, figures


def entry(figures: dict[str, Any], scale: float, machine: dict[str, object], commit: str) -> dict[str, Any]:
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"scale": scale, "at": stamp, "commit": commit, "machine": machine, "figures": figures}


def commit_here() -> str:
    """What is measured; to be asked at the start, since the tree may move on meanwhile."""
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def load(path: Path, scale: float) -> Results:
    """The measurements of this scale that the file holds."""
    found: Results = _read(path).get(_name(scale), {})
    return found


def save(path: Path, scale: float, results: Results) -> None:
    """Put them in the place of earlier ones of the same letter and scale; the others stay."""
    whole = _read(path)
    whole[_name(scale)] = whole.get(_name(scale), {}) | results
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n")


def compare(old: Mapping[str, dict[str, Any]], new: Mapping[str, dict[str, Any]]) -> list[tuple[str, float, float]]:
    """Pure. Every figure that both runs have and that differs: its path, then, now."""
    before, after = (
        {key: value for letter, one in results.items() for key, value in flat(one["figures"], letter).items()}
        for results in (old, new)
    )
    return [(key, before[key], after[key]) for key in sorted(before) if key in after and before[key] != after[key]]


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _name(scale: float) -> str:
    return f"{scale:g}"
