"""`make node` brings what a node needs where it can, and goes on where it cannot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.bare_machine import BareMachine
from tests.support.node.needs import PACKAGES

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "node.sh"


@pytest.fixture
def machine(tmp_path: Path) -> BareMachine:
    return BareMachine.of_root(tmp_path / "bin")


def test_root_on_a_debian_gets_all_that_the_tests_ask_for(machine: BareMachine) -> None:
    """Else they would be skipped for want of a package that nobody named."""
    said, asked = machine.run(SCRIPT)
    update, install = asked.splitlines()
    assert update.endswith("update")
    assert {*PACKAGES.split(), "buildah", "mmdebstrap"} == set(
        install.partition("--no-install-recommends ")[2].split()
    )
    assert said.startswith("== installing containerd ")


def test_only_what_is_missing_is_installed(machine: BareMachine) -> None:
    machine.program("dpkg", '[ "$2" != runc ]')
    assert machine.run(SCRIPT)[1].splitlines()[1].endswith("install --no-install-recommends runc")
    machine.program("dpkg", "exit 0")
    machine.asked.unlink()
    assert machine.run(SCRIPT) == ("", "")


@pytest.mark.parametrize("lacking", ["apt-get", "dpkg", "id"])
def test_where_it_cannot_be_installed_that_is_said_and_nothing_fails(machine: BareMachine, lacking: str) -> None:
    """No Debian; no root."""
    (machine.folder / lacking).unlink()
    if lacking == "id":
        machine.program("id", "echo 1000")
    said, asked = machine.run(SCRIPT)
    assert "tests on a node are skipped" in said
    assert asked == ""


def test_what_apt_complains_of_is_said_and_nothing_fails(machine: BareMachine) -> None:
    machine.program("apt-get", "echo noise; echo 'E: no network' >&2; exit 100")
    assert "cannot install containerd " in machine.run(SCRIPT)[0]
    assert machine.run(SCRIPT)[0].endswith(": E: no network\n")


def test_each_file_of_these_tests_is_run_by_a_part_of_the_gate() -> None:
    """They are no part of the usual tests, so that one which nobody names would never run."""
    makefile = (ROOT / "Makefile").read_text()
    (named,) = re.findall(r"^NODE_TESTS \?= \$\(patsubst %,tests/node/test_%\.py,(.*)\)$", makefile, re.MULTILINE)
    assert 'NODE_TESTS="tests/node/test_alerts.py ' in makefile
    files = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "node").glob("test_*.py")}
    assert files == {*named.split(), "alerts"}
