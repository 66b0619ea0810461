"""Adding a kind takes what CONTRIBUTING says, and nothing else: the recipe is walked in a copy of the tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml
from tests.support.everykind import ROWS

from zilliz_jobs.api.jobresources import JOB_RESOURCES
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kinds.base import AnyKind

ROOT = Path(__file__).parents[2]
NOT_OF_THE_TREE = (".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "dist", "mutants", "*.egg-info")
LIFE = """
import asyncio
from tests.support.center_rig import Page
from tests.support.engine_rig import NAMESPACE, rig
from zilliz_local.cloud import MOVIES, CloudSimulator
from pathlib import Path
import sys


async def life() -> None:
    async with rig(Path(sys.argv[1]), CloudSimulator(speed=50)) as world:
        world.secret()
        world.connection()
        world.backup("first")
        await world.start()
        made = await world.until_state("backupjobs", "first", "Successful")
        spec = {"clusterId": MOVIES, "backupId": made["result"]["backupId"]}
        meta = {"name": "away", "namespace": NAMESPACE}
        world.kube.create({
            "apiVersion": "jobs.zilliz.com/v1alpha1", "kind": "DeleteBackupJob", "metadata": meta, "spec": spec,
        })
        status = await world.until_state("deletebackupjobs", "away", "Successful")
        assert status["target"] == f"{MOVIES}/{spec['backupId']}", status
        assert len(world.cloud.ledger.effects(kind="delete")) == 1
        page = Page(world)
        await page.begin(types=["DeleteBackup"])
        (row,) = [one["status"] for one in page.rows.values()]
        assert (row["type"], row["owner"]["reference"]) == ("DeleteBackup", "DeleteBackupJob/away"), row
        print("the kind lives")


asyncio.run(life())
"""
LISTED = {
    "operator/zilliz_jobs/api/jobresources.py": (
        (
            "from zilliz_jobs.api.collectionjobs import CLONE_COLLECTION_JOB, SAMPLE_COLLECTION_JOB",
            "from zilliz_jobs.api.deletebackupjob import DELETE_BACKUP_JOB",
        ),
        ("    BACKUP_JOB,", "    DELETE_BACKUP_JOB,"),
    ),
    "operator/zilliz_jobs/kinds/__init__.py": (
        (
            "from zilliz_jobs.kinds.backups.backup import BackupKind",
            "from zilliz_jobs.kinds.backups.deletebackup import DeleteBackupKind",
        ),
        ("    BackupKind(),", "    DeleteBackupKind(),"),
    ),
    "docs/backupjob.md": (("# BackupJob", "\nA DeleteBackupJob deletes one:\n{manifest}"),),
    "CHANGELOG.md": (("### Added", "- `DeleteBackupJob` deletes a backup for good."),),
    "README.md": (("|---|---|---|---|", "| `DeleteBackupJob` | deletion of a backup | no | if allowed |"),),
    "tests/support/everykind.py": (
        (
            "ROWS = (",
            '    Row("deletion of a backup", "79-delete-backup.yaml", "", False, *AGAIN, spec=RESUBMIT),',
        ),
    ),
}
"""The lines that a kind adds to files that are there, each below another line."""
WRITTEN = {
    "charts/zilliz-jobs-operator/files/crds/deletebackupjobs.yaml": "kind: DeleteBackupJob",
    "charts/zilliz-jobs-operator/files/crds/jobcenters.yaml": "- DeleteBackup",
    "charts/zilliz-jobs-operator/files/crds/jobschedules.yaml": "deleteBackupJob:",
    "charts/zilliz-jobs-operator/templates/_kinds.tpl": "[backupjobs, deletebackupjobs, ",
    "charts/zilliz-jobs-operator/values.schema.json": '"DeleteBackupJob"',
    "crds/deletebackupjobs.yaml": "- zdb",
    "crds/jobcenters.yaml": "- DeleteBackup",
    "crds/jobschedules.yaml": "deleteBackupJob:",
    "deploy/gitops/argocd/argocd-cm.yaml": "resource.customizations.health.jobs.zilliz.com_DeleteBackupJob",
    "deploy/gitops/argocd/resource_customizations/jobs.zilliz.com/_/actions/discovery.lua": (
        'DeleteBackupJob = { retry = "resubmit" }'
    ),
    "deploy/gitops/flux/02-gate.yaml": "kind: DeleteBackupJob",
    "deploy/kustomize/clusterrole.yaml": "- deletebackupjobs/status",
    "docs/reference/README.md": "deletebackupjobs.md",
    "docs/reference/deletebackupjobs.md": "| `backupId` |",
    "docs/reference/jobcenters.md": "`DeleteBackup`",
    "docs/reference/jobschedules.md": "deleteBackupJob",
    "docs/reference/requests.md": "`DeleteBackupJob`",
    "pyproject.toml": "zilliz_jobs.kinds.backups.deletebackup",
}
"""What `make generate` writes for it: each file, and a text that it has then."""
ITS_TESTS = (
    "tests/unit/test_kindlists.py",
    "tests/unit/test_structure.py",
    "tests/built/chart/test_templates.py::test_the_definitions_are_those_of_the_operator",
    "tests/built/chart/test_templates.py::test_the_roles_know_all_kinds_and_those_that_may_be_held",
    "tests/built/chart/test_templates.py::test_the_base_for_kustomize_gives_the_same_rights",
    "tests/built/chart/test_templates.py::test_people_may_not_write_what_the_operator_says",
    "tests/unit/cli/test_requestrules.py",
    "tests/built/gitops/test_health.py::test_all_kinds_have_a_health_and_flux_knows_those_that_stand_in_git",
    "tests/unit/jobcenter/test_rows.py",
    "tests/unit/kinds/test_words.py",
    "tests/unit/test_docs.py",
)
"""Tests that go over all kinds, or over all modules, and are quick."""


def pieces() -> dict[str, str]:
    """The files that the recipe shows, by path."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    found = re.findall(r"^( *)```\w+ title=(\S+)\n(.*?)^\1```$", text, flags=re.M | re.S)
    return {path: textwrap.dedent(body) for _, path, body in found}


def contents(tree: Path) -> dict[str, bytes]:
    """What is in the files of a tree, by path; without what tools leave there."""
    folders = [*tree.iterdir()]
    ignored = shutil.ignore_patterns(*NOT_OF_THE_TREE)
    found = {}
    while folders:
        one = folders.pop()
        if ignored(str(one.parent), [one.name]):
            continue
        if one.is_dir():
            folders += one.iterdir()
        else:
            found[str(one.relative_to(tree))] = one.read_bytes()
    return found


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A copy of the tree, and what was in it."""
    house = tmp_path_factory.mktemp("house") / "tree"
    shutil.copytree(ROOT, house, ignore=shutil.ignore_patterns(*NOT_OF_THE_TREE))
    return house, contents(house)


@pytest.fixture(scope="module")
def house(copied: tuple[Path, dict[str, bytes]]) -> Path:
    """The copy with the recipe's kind added as the recipe says, and then `make generate`."""
    house, _ = copied
    if (ROOT / ".mypy_cache").is_dir():
        shutil.copytree(ROOT / ".mypy_cache", house / ".mypy_cache")
    new = pieces()
    for path, body in new.items():
        (house / path).write_text(body)
    (manifest,) = (body for path, body in new.items() if path.startswith("examples/"))
    for path, lines in LISTED.items():
        text = (house / path).read_text()
        for anchor, line in lines:
            assert f"{anchor}\n" in text, f"the recipe's place in {path} is gone"
            told = line.format(manifest=f"\n```yaml\n{manifest}```") if "{manifest}" in line else line
            text = text.replace(f"{anchor}\n", f"{anchor}\n{told}\n", 1)
        (house / path).write_text(text)
    venv = Path(sys.executable).parents[1]
    run(house, "make", "generate", f"VENV={venv}", f"--assume-old={venv / '.dev'}")
    return house


def run(house: Path, *command: str) -> str:
    environment = os.environ | {"PYTHONPATH": f"{house / 'operator'}{os.pathsep}{house}"}
    done = subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_recipe_shows_whole_files() -> None:
    assert set(pieces()) == {
        "operator/zilliz_jobs/api/deletebackupjob.py",
        "operator/zilliz_jobs/kinds/backups/deletebackup.py",
        "examples/79-delete-backup.yaml",
    }


def test_no_other_file_changes(house: Path, copied: tuple[Path, dict[str, bytes]]) -> None:
    """A list of kinds that nobody knows of is one that the next kind is left out of."""
    before, after = copied[1], contents(house)
    changed = {path for path in before | after if before.get(path) != after.get(path)}
    assert changed == {*pieces(), *LISTED, *WRITTEN}


@pytest.mark.parametrize("path", WRITTEN)
def test_what_is_generated_knows_the_new_kind(house: Path, path: str) -> None:
    assert WRITTEN[path] in (house / path).read_text()


def test_the_base_for_kustomize_lets_the_operator_work_on_it(house: Path) -> None:
    role, _ = yaml.safe_load_all((house / "deploy/kustomize/clusterrole.yaml").read_text())
    allowed = {(one, verb) for rule in role["rules"] for one in rule["resources"] for verb in rule["verbs"]}
    mine = {(one.partition("/")[2], verb) for one, verb in allowed if one.startswith("deletebackupjobs")}
    verbs = {"get", "list", "watch", "delete", "create"}  # the last one for a schedule of it
    assert mine == {("status", "patch"), *(("", verb) for verb in verbs)}


@pytest.mark.timeout(900)  # mypy may start with an empty cache, on whatever machine
def test_the_new_kind_keeps_the_layers_and_the_style(house: Path) -> None:
    bin_dir = Path(sys.executable).parent
    code = [path for path in pieces() if path.endswith(".py")]
    touched = [path for path in LISTED if path.endswith(".py")]
    run(house, str(bin_dir / "lint-imports"), "--no-cache")
    run(house, str(bin_dir / "ruff"), "check", "--quiet", *code)
    run(house, str(bin_dir / "ruff"), "format", "--check", "--quiet", *code)
    run(house, str(bin_dir / "mypy"), "--no-error-summary", *code, *touched)


def test_the_tests_that_go_over_all_kinds_take_it(house: Path) -> None:
    run(house, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *ITS_TESTS)


def test_it_is_submitted_and_followed_to_its_end(house: Path, tmp_path: Path) -> None:
    script = tmp_path / "life.py"
    script.write_text(LIFE)
    assert "the kind lives" in run(house, sys.executable, str(script), str(tmp_path))


# -- and every kind of the project has gone the same way


@pytest.mark.parametrize("kind", JOB_KINDS, ids=lambda kind: kind.resource.kind)
def test_every_kind_has_what_the_recipe_lists(kind: AnyKind) -> None:
    resource = kind.resource
    assert resource in JOB_RESOURCES
    assert (ROOT / "crds" / f"{resource.plural}.yaml").is_file()
    assert (ROOT / "docs/reference" / f"{resource.plural}.md").is_file()
    assert resource.kind in (ROOT / "docs" / resource.guide).read_text()
    said = f"kind: {resource.kind}\n"
    assert any(said in page.read_text() for page in (ROOT / "examples").glob("*.yaml")), "no example"
    assert any(said in page.read_text() for page in (ROOT / "docs").glob("*.md")), "no page"
    for page in ("CHANGELOG.md", "README.md"):
        assert f"`{resource.kind}`" in (ROOT / page).read_text(), f"not in {page}"
    assert resource.kind in {row.manifest["kind"] for row in ROWS}, "no row in tests/support/everykind.py"
