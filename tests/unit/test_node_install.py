"""`make node` brings what a node needs where it can, and goes on where it cannot."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from tests.support.node.needs import PACKAGES

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "node.sh"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs: nothing else is on the PATH. At first those of root on a Debian that has none of it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program(folder, "id", "echo 0")
    program(folder, "dpkg", "exit 1")
    program(folder, "apt-get", f'echo "$@" >> {tmp_path}/asked')
    return folder


def program(folder: Path, name: str, does: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/bash\n{does}\n", encoding="ascii")
    file.chmod(0o755)


def run(folder: Path) -> tuple[str, str]:
    """What it said, and what it had apt do."""
    done = subprocess.run(
        ["/bin/bash", str(SCRIPT)], env={"PATH": str(folder)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    asked = folder.with_name("asked")
    return done.stdout, asked.read_text(encoding="ascii") if asked.exists() else ""


def test_root_on_a_debian_gets_all_that_the_tests_ask_for(machine: Path) -> None:
    """Else they would be skipped for want of a package that nobody named."""
    said, asked = run(machine)
    update, install = asked.splitlines()
    assert update.endswith("update")
    assert {*PACKAGES.split(), "buildah", "mmdebstrap"} == set(
        install.partition("--no-install-recommends ")[2].split()
    )
    assert said.startswith("== installing containerd ")


def test_only_what_is_missing_is_installed(machine: Path) -> None:
    program(machine, "dpkg", '[ "$2" != runc ]')
    assert run(machine)[1].splitlines()[1].endswith("install --no-install-recommends runc")
    program(machine, "dpkg", "exit 0")
    machine.with_name("asked").unlink()
    assert run(machine) == ("", "")


@pytest.mark.parametrize("lacking", ["apt-get", "dpkg", "id"])
def test_where_it_cannot_be_installed_that_is_said_and_nothing_fails(machine: Path, lacking: str) -> None:
    """No Debian; no root."""
    (machine / lacking).unlink()
    if lacking == "id":
        program(machine, "id", "echo 1000")
    said, asked = run(machine)
    assert "tests on a node are skipped" in said
    assert asked == ""


def test_what_apt_complains_of_is_said_and_nothing_fails(machine: Path) -> None:
    program(machine, "apt-get", "echo noise; echo 'E: no network' >&2; exit 100")
    assert "cannot install containerd " in run(machine)[0]
    assert run(machine)[0].endswith(": E: no network\n")


def test_each_file_of_these_tests_is_run_by_a_part_of_the_gate() -> None:
    """They are no part of the usual tests, so that one which nobody names would never run."""
    makefile = (ROOT / "Makefile").read_text()
    (named,) = re.findall(r"^NODE_TESTS \?= \$\(patsubst %,tests/node/test_%\.py,(.*)\)$", makefile, re.MULTILINE)
    assert 'NODE_TESTS="tests/node/test_alerts.py ' in makefile
    files = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "node").glob("test_*.py")}
    assert files == {*named.split(), "alerts"}
