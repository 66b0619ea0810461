"""Who installs the chart of a release gets the image of that release, with no value to set."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.built.chart.rendering import Chart, the

from zilliz_jobs import __version__

pytestmark = pytest.mark.controlplane

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("named", "image"),
    [
        (["REGISTRY=registry.test/team"], f"registry.test/team/zilliz-jobs-operator:{__version__}"),
        ([], f"zilliz-jobs-operator:{__version__}"),
    ],
    ids=["in the registry that it is pushed to", "to be named, where there is none"],
)
def test_its_image_is_the_one_of_its_release(helm_binary: Path, tmp_path: Path, named: list[str], image: str) -> None:
    for name in ("Makefile", "release.mk", "pyproject.toml", "CHANGELOG.md"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    for name in ("charts", "examples", "tools"):
        shutil.copytree(ROOT / name, tmp_path / name)
    before = (tmp_path / "charts/zilliz-jobs-operator/values.yaml").read_text()
    # The environment of these tests as it is: nothing is set up anew.
    environment = [f"VENV={sys.prefix}", "-o", f"{sys.prefix}/.dev"]
    subprocess.run(["make", "-C", str(tmp_path), "chart", f"HELM={helm_binary}", *environment, *named], check=True)
    packed = tmp_path / "dist" / f"zilliz-jobs-operator-{__version__}.tgz"
    shown = Chart(helm_binary, packed)
    (container,) = the(shown.render(), "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == image
    assert (tmp_path / "charts/zilliz-jobs-operator/values.yaml").read_text() == before
    assert [path.name for path in (tmp_path / "dist").iterdir()] == [packed.name]
    told = yaml.safe_load(subprocess.check_output([helm_binary, "show", "chart", packed]))
    assert ("artifacthub.io/images" in told["annotations"]) is bool(named), "no image is shown that nobody can pull"
