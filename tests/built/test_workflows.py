"""What the workflows run must be what a person runs, and nothing that somebody else can exchange."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.controlplane.binaries import UnavailableError
from tests.workflows.actionlint import ACTIONLINT, complaints
from tests.workflows.maketargets import TARGETS

pytestmark = pytest.mark.timeout(900)  # actionlint is built once

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
each_workflow = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)


def read(path: Path) -> dict[Any, Any]:
    return dict(yaml.safe_load(path.read_text()))


def jobs(path: Path) -> dict[str, Any]:
    return dict(read(path)["jobs"])


def commands(job: dict[str, Any]) -> Iterator[str]:
    yield from (step["run"] for step in job["steps"] if "run" in step)


def made(job: dict[str, Any]) -> list[str]:
    """The targets that it makes, in order."""
    return [word for command in commands(job) for word in command.split()[1:] if "=" not in word]


@pytest.fixture(scope="session")
def actionlint() -> Path:
    try:
        return ACTIONLINT.binary()
    except UnavailableError as error:
        if os.environ.get("CI", "").lower() not in ("", "0", "false"):
            pytest.fail(f"NO ACTIONLINT, and CI is set: {error}", pytrace=False)
        pytest.skip(f"NO ACTIONLINT: {error}")


def test_there_are_the_three() -> None:
    assert [path.stem for path in WORKFLOWS] == ["quick", "release", "test"]


@each_workflow
def test_it_runs_make_targets_that_exist_and_nothing_else(workflow: Path) -> None:
    """Whatever fails there can be run here in the same words."""
    for job in jobs(workflow).values():
        assert all(re.fullmatch(r"make( [a-z]+)+", command) for command in commands(job))
        assert not set(made(job)) - TARGETS


@each_workflow
def test_the_actions_that_it_uses_cannot_be_exchanged(workflow: Path) -> None:
    """A tag can be moved to other code; a commit cannot. The comment tells people and updates which release it is."""
    used = re.findall(r"^ *(?:- )?uses: *(.*)$", workflow.read_text(), re.MULTILINE)
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []


def test_an_action_has_one_version_in_all_workflows() -> None:
    used = {line for path in WORKFLOWS for line in re.findall(r"uses: *(\S+@\S+ # \S+)", path.read_text())}
    names = [line.partition("@")[0] for line in used]
    assert len(names) == len(set(names)), sorted(used)


@each_workflow
def test_it_may_no_more_than_read_unless_a_job_says_otherwise(workflow: Path) -> None:
    assert read(workflow)["permissions"] == {"contents": "read"}
    writers = {name for name, job in jobs(workflow).items() if "permissions" in job}
    assert writers == ({"publish"} if workflow.stem == "release" else set())
    checkouts = [
        step for job in jobs(workflow).values() for step in job["steps"] if "actions/checkout" in step.get("uses", "")
    ]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@each_workflow
def test_it_ends(workflow: Path) -> None:
    assert all(job["timeout-minutes"] <= 240 for job in jobs(workflow).values())


@each_workflow
def test_actionlint_has_nothing_to_say(actionlint: Path, workflow: Path) -> None:
    assert complaints(actionlint, [workflow]) == []


def test_actionlint_would_say_what_is_wrong(actionlint: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    text = (ROOT / ".github" / "workflows" / "quick.yml").read_text()
    wrong.write_text(text.replace("matrix.python }}", "matrix.pyhton }}"))
    assert any('"pyhton" is not defined' in line for line in complaints(actionlint, [wrong]))


def test_quick_runs_on_every_python_that_the_package_promises() -> None:
    """A version that may fail is promised to nobody."""
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    promised = re.findall(r"Python :: (3\.\d+)$", "\n".join(classifiers), re.MULTILINE)
    (job,) = jobs(ROOT / ".github/workflows/quick.yml").values()
    matrix = job["strategy"]["matrix"]
    assert (matrix["python"], matrix["may-fail"]) == (promised, [False])
    assert job["continue-on-error"] == "${{ matrix.may-fail }}"
    tried = [one["python"] for one in matrix["include"] if one["may-fail"]]
    assert len(tried) == len(matrix["include"])
    assert not set(tried) & set(promised)


def test_nothing_is_published_that_was_not_verified() -> None:
    workflow = ROOT / ".github" / "workflows" / "release.yml"
    parts = jobs(workflow)
    assert set(parts) == {"verify", "publish"}
    assert made(parts["verify"]) == ["tagged", "verify"]
    assert parts["publish"]["needs"] == "verify"
    assert made(parts["publish"]) == ["tagged", "release", "login", "push", "sign", "upload"]
    assert "cache" not in re.sub(r"#.*", "", workflow.read_text()), "what others could have filled"


def test_the_chart_is_packed_by_the_helm_that_it_was_tested_with() -> None:
    tested = re.findall(r"helm\.sh/helm/v4 (v\S+)", (ROOT / "tests/support/controlplane/go.mod").read_text())
    assert tested == re.findall(r"version: (v4\S+)", (ROOT / ".github/workflows/release.yml").read_text())
