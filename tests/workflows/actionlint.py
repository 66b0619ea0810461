"""actionlint, which knows the syntax of workflows, their expressions and contexts."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support.gobinary import GoProgram

ACTIONLINT = GoProgram(
    name="actionlint",
    folder=Path(__file__).parent,
    package="github.com/rhysd/actionlint/cmd/actionlint",
    files=("go.mod", "go.sum"),
    takes="half a minute",
)


def complaints(binary: Path, workflows: Sequence[Path]) -> list[str]:
    """A line each. Other linters that this machine may have are left out: the same everywhere."""
    command = [str(binary), "-oneline", "-no-color", "-shellcheck=", "-pyflakes=", *map(str, workflows)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"cannot run actionlint: {done.stderr.strip()}")
    return done.stdout.splitlines()
