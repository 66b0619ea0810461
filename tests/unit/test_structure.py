"""The house rules that neither the linter nor the layers know. If these fail, a room has become too crowded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "operator"
MODULES = sorted(SOURCE.rglob("*.py"))
MAX_LINES, MOST_OF_ONE_STATE_MACHINE = 300, 400
STATE_MACHINES = {
    "zilliz_jobs/core/absorb.py",
    "zilliz_jobs/jobs/controller.py",
    "zilliz_jobs/jobs/actions.py",
    "zilliz_jobs/engine/runtime.py",
    "zilliz_jobs/jobs/reconciler.py",
    "zilliz_jobs/kinds/base.py",
}
"""Each is one thing that would be harder to follow in two files."""


def test_the_tree_is_where_it_is_looked_for() -> None:
    assert len(MODULES) > 100


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_can_be_read_in_one_sitting(module: Path) -> None:
    lines = len(module.read_text(encoding="utf-8").splitlines())
    whole = str(module.relative_to(SOURCE)) in STATE_MACHINES
    assert lines <= (MOST_OF_ONE_STATE_MACHINE if whole else MAX_LINES), "redesign the room, do not squeeze it"


def test_no_name_of_kopf_is_used_that_is_private() -> None:
    """Any release of kopf may move those; the operator would not start then."""
    private = re.compile(r"\bkopf\.(\w+\.)*_|from kopf(\.\w+)* import \(?\s*_")
    assert private.search("from kopf._cogs.clients import errors")
    found = [str(path.relative_to(SOURCE)) for path in MODULES if private.search(path.read_text(encoding="utf-8"))]
    assert found == []


def test_nothing_but_the_kinds_asks_which_kind_an_object_is() -> None:
    asks = re.compile(r"""\bkind\s*(==|!=|in)\s*(["'(\[{]|[A-Z_]+_JOB\b)""")
    rooms = {"engine", "jobs", "jobcenter", "accounts", "polling", "control", "core"}
    others = [path for path in MODULES if path.relative_to(SOURCE).parts[1] in rooms]
    assert len(others) > 80
    found = [str(path.relative_to(SOURCE)) for path in others if asks.search(path.read_text(encoding="utf-8"))]
    assert found == []


def test_only_the_composition_root_names_the_list_of_kinds() -> None:
    """All other rooms are given the kinds, so that they can be tried with any."""
    rooms = {"jobs", "jobcenter", "accounts", "polling", "control", "core"}
    others = [path for path in MODULES if path.relative_to(SOURCE).parts[1] in rooms]
    found = [str(path.relative_to(SOURCE)) for path in others if "JOB_KINDS" in path.read_text(encoding="utf-8")]
    assert found == []


def test_nobody_reads_the_machines_clock_in_passing() -> None:
    """What stands in an object is in the API server's time, and the machine's may be hours off."""
    reads = re.compile(r"datetime\.(now|utcnow|today)\(|date\.today\(|\btime\.time(_ns)?\(")
    operator = [path for path in MODULES if "zilliz_jobs" in path.parts and "cli" not in path.parts]
    found = [str(path.relative_to(SOURCE)) for path in operator if reads.search(path.read_text(encoding="utf-8"))]
    assert found == ["zilliz_jobs/control/clock.py"]
