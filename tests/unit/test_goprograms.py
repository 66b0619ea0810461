"""A program of the tests is built by the Go that it asks for, once for each of its sources and settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.gobinary import GoProgram

GO = """#!/bin/sh
test "$1" = list && exit 0
while test "$1" != -o; do shift; done
echo "$GOTOOLCHAIN" >"$2"
echo once >>"$BUILDS"
"""


@pytest.fixture
def program(tmp_path: Path) -> GoProgram:
    (tmp_path / "go.mod").write_text("module example.test/program\n")
    return GoProgram(name="program", folder=tmp_path, package=".", files=("go.mod",), takes="no time")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Of somebody who says which Go to take, with a go that notes what it is told."""
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text(GO)
    go.chmod(0o755)
    return {
        "PATH": f"{go.parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "GOTOOLCHAIN": "local",
        "BUILDS": str(tmp_path / "builds"),
    }


def test_a_program_that_asks_for_a_newer_go_is_built_by_it(program: GoProgram, environ: dict[str, str]) -> None:
    """Else it could not be built where the images of Go say that only the installed one may be used."""
    assert program.binary(environ).read_text() == "local\n"
    newer = replace(program, toolchain="go1.27.3")
    assert newer.binary(environ).read_text() == "go1.27.3\n", "what another Go has built is not taken for it"


def test_a_program_is_built_once(program: GoProgram, environ: dict[str, str], tmp_path: Path) -> None:
    first = program.binary(environ)
    assert program.binary(environ) == first
    (tmp_path / "go.mod").write_text("module example.test/another\n")
    assert program.binary(environ) != first
    assert (tmp_path / "builds").read_text().split() == ["once", "once"]
