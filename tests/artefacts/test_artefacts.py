"""What a release publishes is installed from where it is published."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.artefacts.conftest import PLATFORM, ROOT, Release
from tests.image.container import ran

from zilliz_jobs import __version__

pytestmark = pytest.mark.timeout(1800)  # the image is built, on a machine that does other things too

NAME = f"zilliz-jobs-operator-{__version__}"
PIP = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet"]


def test_everything_is_there_and_has_the_sum_that_is_told(release: Release) -> None:
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, cwd=release.dist, check=False).returncode == 0
    told = [line.split()[1] for line in (release.dist / "SHA256SUMS").read_text().splitlines()]
    assert sorted(told) == sorted(
        [
            *(f"zilliz_jobs_{one}-{__version__}{end}" for one in ("operator", "local") for end in WHEEL_AND_SOURCE),
            *(f"{NAME}{end}" for end in (".tgz", ".oci.tar", ".cdx.json", ".intoto.json")),
            f"{NAME}.{PLATFORM.replace('/', '-')}.cdx.json",
        ]
    )


WHEEL_AND_SOURCE = ("-py3-none-any.whl", ".tar.gz")


@pytest.mark.parametrize("end", WHEEL_AND_SOURCE, ids=["wheels", "archives of the source"])
def test_both_distributions_are_installed_by_pip_from_their_files(release: Release, end: str, tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    locks = ["-r", ROOT / "requirements/runtime.txt", "-r", ROOT / "requirements/build.txt"]
    subprocess.run([python, *PIP, "--require-hashes", *locks], check=True)
    files = sorted(release.dist.glob(f"zilliz_jobs_*{end}"))
    assert len(files) == 2
    subprocess.run([python, *PIP, "--no-index", "--no-build-isolation", *files], check=True)
    for words in (["--help"], ["crds"], ["demo", "--help"]):
        done = subprocess.run(
            [python.with_name("zilliz-jobs"), *words], cwd=tmp_path, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
    code = "import zilliz_jobs; print(zilliz_jobs.__file__)"
    where = subprocess.check_output([python, "-c", code], cwd=tmp_path, text=True)
    assert where.startswith(str(tmp_path)), "not that of the tree"


def test_the_image_is_pulled_by_its_digest_and_says_its_version(release: Release, tmp_path: Path) -> None:
    index = json.loads(release.run(release.tools.crane, "manifest", release.image).stdout)
    platforms = [f"{one['platform']['os']}/{one['platform']['architecture']}" for one in index["manifests"]]
    assert platforms == [PLATFORM]
    image = release.store.pull(release.image)
    told = ran(image, tmp_path, "--version")
    assert (told.stdout.strip(), told.returncode) == (__version__, 0), told.stderr
    assert "@sha256:" in image.config["Labels"]["org.opencontainers.image.base.name"]


def test_the_bill_of_the_image_names_what_is_in_it(release: Release) -> None:
    bill = json.loads((release.dist / f"{NAME}.{PLATFORM.replace('/', '-')}.cdx.json").read_text())
    purls = {one["purl"].partition("@")[0] for one in bill["components"]}
    assert {"pkg:deb/debian/libc6", "pkg:pypi/kopf", "pkg:pypi/zilliz-jobs-operator"} <= purls
    lock = json.loads((release.dist / f"{NAME}.cdx.json").read_text())
    assert {one["purl"].partition("@")[0] for one in lock["components"]} <= purls


def test_the_chart_is_installed_from_the_registry_with_nothing_to_set(release: Release, tmp_path: Path) -> None:
    place = f"oci://{release.chart.partition('@')[0]}"
    version = ["--version", __version__, "--plain-http"]
    release.run(release.tools.helm, "pull", place, *version, "--destination", tmp_path)
    assert (tmp_path / f"{NAME}.tgz").read_bytes() == (release.dist / f"{NAME}.tgz").read_bytes()
    rendered = release.run(release.tools.helm, "template", "it", place, *version).stdout
    (deployment,) = [body for body in yaml.safe_load_all(rendered) if body and body["kind"] == "Deployment"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"{release.image.partition('@')[0]}:{__version__}"
    digest = release.run(release.tools.crane, "digest", container["image"]).stdout.strip()
    assert release.image.endswith(digest), "the tag of the chart is the image that was signed"
    slip = release.run(release.tools.helm, "template", "it", place, *version, "--set", "replicas=2", check=False)
    assert slip.returncode != 0, "the schema of the values came along"
