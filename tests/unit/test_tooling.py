"""What sets up an editor, a container, hooks and updates is what the gate works with."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from tests import conftest
from tests.support.controlplane import pytest_plugin
from tests.workflows.maketargets import TARGETS

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()


def tracked() -> list[Path]:
    done = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a work tree of git")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_files_are_as_editors_are_told_to_write_them() -> None:
    """Else whoever only opens and saves a file of another's changes it."""
    wrong = []
    for path in tracked():
        text = path.read_bytes()
        if b"\0" not in text and (
            b"\r" in text or re.search(rb"[ \t]$", text, re.MULTILINE) or text[-1:] not in b"\n"
        ):
            wrong.append(str(path.relative_to(ROOT)))
    assert wrong == []


def test_python_is_as_wide_for_editors_as_for_the_linter() -> None:
    (width,) = re.findall(r"\[\*\.py\]\n(?:.+\n)*max_line_length = (\d+)", (ROOT / ".editorconfig").read_text())
    assert int(width) == tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["line-length"]


def test_the_hooks_run_what_the_gate_runs() -> None:
    """A commit that the hooks let pass would else fail in the workflow, or the other way round."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    (repo,) = config["repos"]
    assert repo["repo"] == "local", "hooks from elsewhere would have versions of their own"
    run = [hook["entry"].removeprefix("make ") for hook in repo["hooks"]]
    quick = re.findall(r"^quick: (.*) ##", MAKEFILE, re.MULTILINE)[0].split()
    assert sorted(run) == sorted(quick)


def test_updates_are_looked_for_where_there_is_something_to_update() -> None:
    updates = {
        one["package-ecosystem"]: ROOT / one["directory"].strip("/")
        for one in yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    }
    assert set(updates) == {"pip", "github-actions", "docker"}
    assert {path.name for path in updates["pip"].glob("*.txt")} >= {"runtime.txt", "dev.txt", "build.txt"}
    assert (updates["github-actions"] / ".github/workflows").is_dir()
    base = re.findall(r"^FROM (.*)$", (updates["docker"] / "Dockerfile").read_text(), re.MULTILINE)
    assert all(":" in image and "$" not in image for image in base), "an image in a variable gets no updates"


def test_the_container_to_develop_in_sets_up_what_the_gate_needs() -> None:
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    command, target = container["postCreateCommand"].split()
    assert command == "make"
    assert target in TARGETS
    file = (ROOT / ".devcontainer" / container["build"]["dockerfile"]).read_text()
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    assert f"Programming Language :: Python :: {re.findall(r'FROM python:([0-9.]+)', file)[0]}" in classifiers
    assert f"USER {container['remoteUser']}\n" in file


def test_the_hooks_of_the_control_plane_are_those_of_its_plugin() -> None:
    """A hook of the same name in the conftest silently replaces the one that is imported. Then the control plane
    is built within the time of a test, which is too short."""
    for name in pytest_plugin.__all__:
        assert getattr(conftest, name) is getattr(pytest_plugin, name), name


def test_a_new_definition_is_waited_for_by_what_the_server_serves() -> None:
    """`kubectl wait` fails at one that is so new that it has no conditions, which a test meets once in many runs."""
    allowed = {"tests/contract/test_kubectl.py", "tests/unit/test_tooling.py"}
    waits = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if "condition=Established" in path.read_text()
    }
    assert waits <= allowed
