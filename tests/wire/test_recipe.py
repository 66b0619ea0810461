"""Adding a kind takes what CONTRIBUTING says, and nothing else: the recipe is walked in a copy of the tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest
import yaml

from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kinds.base import AnyKind

ROOT = Path(__file__).parents[2]
LIFE = """
import asyncio
from tests.wire.engine_rig import NAMESPACE, rig
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
        print("the kind lives")


asyncio.run(life())
"""


def pieces() -> dict[str, str]:
    """The files that the recipe shows, by path."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    found = re.findall(r"^( *)```python title=(\S+)\n(.*?)^\1```$", text, flags=re.M | re.S)
    return {path: textwrap.dedent(body) for _, path, body in found}


def listed_after(path: Path, anchor: str, line: str) -> None:
    text = path.read_text()
    assert anchor in text, f"the recipe's place in {path.name} is gone"
    path.write_text(text.replace(anchor, f"{anchor}\n{line}", 1))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with the recipe's kind added as the recipe says."""
    house = tmp_path_factory.mktemp("house")
    skip = shutil.ignore_patterns("__pycache__")
    for name in ("operator", "tests", "examples", "crds"):
        shutil.copytree(ROOT / name, house / name, ignore=skip)
    shutil.copy(ROOT / "pyproject.toml", house)
    for path, body in pieces().items():
        (house / path).write_text(body)
    jobs = house / "operator/zilliz_jobs"
    listed_after(
        jobs / "api/resources.py",
        "from zilliz_jobs.api.connection import ZILLIZ_CONNECTION",
        "from zilliz_jobs.api.deletebackupjob import DELETE_BACKUP_JOB",
    )
    listed_after(jobs / "api/resources.py", "    BACKUP_JOB,", "    DELETE_BACKUP_JOB,")
    listed_after(
        jobs / "kinds/__init__.py",
        "from zilliz_jobs.kinds.base import AnyKind",
        "from zilliz_jobs.kinds.deletebackup import DeleteBackupKind",
    )
    listed_after(jobs / "kinds/__init__.py", "    BackupKind(),", "    DeleteBackupKind(),")
    listed_after(
        house / "pyproject.toml", '    "zilliz_jobs.kinds.backups.backup",', '    "zilliz_jobs.kinds.deletebackup",'
    )
    return house


def run(house: Path, *command: str) -> str:
    environment = os.environ | {"PYTHONPATH": f"{house / 'operator'}{os.pathsep}{house}"}
    done = subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_recipe_shows_whole_files() -> None:
    assert set(pieces()) == {
        "operator/zilliz_jobs/api/deletebackupjob.py",
        "operator/zilliz_jobs/kinds/deletebackup.py",
    }


@pytest.mark.timeout(900)  # mypy starts with an empty cache, on whatever machine
def test_the_new_kind_keeps_the_layers_and_the_style(house: Path) -> None:
    bin_dir = Path(sys.executable).parent
    run(house, str(bin_dir / "lint-imports"), "--no-cache")
    run(house, str(bin_dir / "ruff"), "check", "--quiet", *pieces())
    run(house, str(bin_dir / "ruff"), "format", "--check", "--quiet", *pieces())
    run(house, str(bin_dir / "mypy"), "--no-error-summary")


def test_its_crd_and_its_page_are_made(house: Path) -> None:
    run(house, sys.executable, "-m", "zilliz_jobs.cli.app", "crds", "crds")
    crd = yaml.safe_load((house / "crds/deletebackupjobs.yaml").read_text())
    assert crd["spec"]["names"]["shortNames"] == ["zdb"]
    run(house, sys.executable, "-m", "zilliz_jobs.cli.app", "reference", "docs/reference")
    assert "backupId" in (house / "docs/reference/deletebackupjobs.md").read_text()
    assert "`DeleteBackupJob`" in (house / "docs/reference/requests.md").read_text()


def test_it_is_submitted_and_followed_to_its_end(house: Path, tmp_path: Path) -> None:
    (house / "life.py").write_text(LIFE)
    assert "the kind lives" in run(house, sys.executable, "life.py", str(tmp_path))


# -- and every kind of the project has gone the same way


@pytest.mark.parametrize("kind", JOB_KINDS, ids=lambda kind: kind.resource.kind)
def test_every_kind_has_what_the_recipe_lists(kind: AnyKind) -> None:
    resource, module = kind.resource, type(kind).__module__
    assert resource in RESOURCES
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (apart,) = (c for c in contracts if c["name"] == "kinds do not import one another")
    assert module in apart["modules"]
    assert (ROOT / "crds" / f"{resource.plural}.yaml").is_file()
    assert (ROOT / "docs/reference" / f"{resource.plural}.md").is_file()
    said = f"kind: {resource.kind}\n"
    assert any(said in page.read_text() for page in (ROOT / "examples").glob("*.yaml")), "no example"
    assert any(said in page.read_text() for page in (ROOT / "docs").glob("*.md")), "no page"
    for page in ("CHANGELOG.md", "README.md"):
        assert f"`{resource.kind}`" in (ROOT / page).read_text(), f"not in {page}"
