"""`make test` brings a browser where it can, and goes on where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.bare_machine import BareMachine

SCRIPT = Path(__file__).parents[2] / "tools" / "browser.sh"
BOTH = "install --no-install-recommends chromium fonts-noto-cjk"


@pytest.fixture
def machine(tmp_path: Path) -> BareMachine:
    return BareMachine.of_root(tmp_path / "bin")


def test_root_on_a_debian_gets_a_browser_and_its_letters(machine: BareMachine) -> None:
    said, asked = machine.run(SCRIPT)
    assert said == "== installing chromium fonts-noto-cjk (once)\n"
    assert asked.splitlines()[0].endswith("update")
    assert asked.splitlines()[1].endswith(BOTH)


@pytest.mark.parametrize("browser", ["chromium", "chromium-browser", "google-chrome"])
def test_a_browser_that_is_there_is_taken(machine: BareMachine, browser: str) -> None:
    """The tests look for the same three."""
    machine.program(browser, "")
    assert machine.run(SCRIPT)[1].splitlines()[1].endswith("install --no-install-recommends fonts-noto-cjk")
    machine.program("dpkg", "exit 0")
    machine.asked.unlink()
    assert machine.run(SCRIPT) == ("", "")


@pytest.mark.parametrize("lacking", ["apt-get", "id"])
def test_where_it_cannot_be_installed_that_is_said_and_nothing_fails(machine: BareMachine, lacking: str) -> None:
    """No Debian; no root."""
    (machine.folder / lacking).unlink()
    if lacking == "id":
        machine.program("id", "echo 1000")
    said, asked = machine.run(SCRIPT)
    assert "tests of the page are skipped" in said
    assert asked == ""


def test_what_apt_complains_of_is_said_and_nothing_fails(machine: BareMachine) -> None:
    machine.program("apt-get", "echo noise; echo 'E: no network' >&2; exit 100")
    assert machine.run(SCRIPT)[0].endswith("cannot install chromium fonts-noto-cjk: E: no network\n")
