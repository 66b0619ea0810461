"""`make quick` needs no Go and no server: tests that ask a program which has to be built stand in `tests/built`."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__)
BUILT = re.compile(
    r"\b(helm_binary|cluster_binaries|real_cluster\w*|cluster_namespace)\b|gitops\.fixtures|\.binary\(\)"
)
ABOUT = {"test_goprograms.py", "test_tooling.py", HERE.name}
"""Tests of the building itself, which give it a toolchain of their own."""


def asking(folder: Path) -> list[str]:
    """The modules that ask for such a program."""
    modules = (path for path in sorted(folder.rglob("*.py")) if path.name not in ABOUT)
    return [str(path.relative_to(folder)) for path in modules if BUILT.search(path.read_text())]


def test_no_unit_test_asks_for_a_program_that_is_built() -> None:
    assert asking(HERE.parent) == []


def test_those_that_do_are_found() -> None:
    assert {"test_workflows.py", "chart/conftest.py", "gitops/test_health.py"} <= {*asking(HERE.parents[1] / "built")}
