"""`make test` brings a browser where it can, and goes on where it cannot."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "browser.sh"
BOTH = "install --no-install-recommends chromium fonts-noto-cjk"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs: nothing else is on the PATH. At first those of root on a Debian without a browser."""
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


def test_root_on_a_debian_gets_a_browser_and_its_letters(machine: Path) -> None:
    said, asked = run(machine)
    assert said == "== installing chromium fonts-noto-cjk (once)\n"
    assert asked.splitlines()[0].endswith("update")
    assert asked.splitlines()[1].endswith(BOTH)


@pytest.mark.parametrize("browser", ["chromium", "chromium-browser", "google-chrome"])
def test_a_browser_that_is_there_is_taken(machine: Path, browser: str) -> None:
    """The tests look for the same three."""
    program(machine, browser, "")
    assert run(machine)[1].splitlines()[1].endswith("install --no-install-recommends fonts-noto-cjk")
    program(machine, "dpkg", "exit 0")
    machine.with_name("asked").unlink()
    assert run(machine) == ("", "")


@pytest.mark.parametrize("lacking", ["apt-get", "id"])
def test_where_it_cannot_be_installed_that_is_said_and_nothing_fails(machine: Path, lacking: str) -> None:
    """No Debian; no root."""
    (machine / lacking).unlink()
    if lacking == "id":
        program(machine, "id", "echo 1000")
    said, asked = run(machine)
    assert "tests of the page are skipped" in said
    assert asked == ""


def test_what_apt_complains_of_is_said_and_nothing_fails(machine: Path) -> None:
    program(machine, "apt-get", "echo noise; echo 'E: no network' >&2; exit 100")
    assert run(machine)[0].endswith("cannot install chromium fonts-noto-cjk: E: no network\n")
