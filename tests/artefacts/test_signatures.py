"""What was signed is verified, and what somebody altered is refused. A key of the test stands for the workflow's."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.artefacts.conftest import Release, missing
from tests.artefacts.programs import COSIGN
from tests.support.controlplane.binaries import UnavailableError

from zilliz_jobs import __version__

pytestmark = pytest.mark.timeout(1800)  # the image is built, on a machine that does other things too

CHART = f"zilliz-jobs-operator-{__version__}.tgz"


@dataclass(frozen=True)
class Signed:
    """A release that `make sign` signed. `key`: the public half."""

    release: Release
    cosign: Path
    key: Path

    def verify(self, how: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
        by_key = ["--insecure-ignore-tlog", "--key", self.key]
        return self.release.run(self.cosign, how, *by_key, *words, check=False)


@pytest.fixture(scope="module")
def signed(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Signed:
    try:
        cosign = COSIGN.binary()
    except UnavailableError as error:
        missing(error)
    keys = tmp_path_factory.mktemp("keys")
    given = release.store.environment | {"COSIGN_PASSWORD": "a password of the tests"}
    subprocess.run([cosign, "generate-key-pair"], cwd=keys, env=given, check=True, capture_output=True)
    # No identity is asked for at an issuer, and nothing is told to a public log.
    flags = f"--key {keys}/cosign.key --use-signing-config=false --tlog-upload=false"
    command = [*release.make, f"COSIGN={cosign}", f"SIGN={flags}", "sign"]
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return Signed(release, cosign, keys / "cosign.pub")


def test_every_file_is_verified_and_an_altered_one_is_refused(signed: Signed, tmp_path: Path) -> None:
    dist = signed.release.dist
    names = [line.split()[1] for line in (dist / "SHA256SUMS").read_text().splitlines()]
    for name in ("SHA256SUMS", *names):
        done = signed.verify("verify-blob", "--bundle", f"{dist / name}.sigstore.json", dist / name)
        assert done.returncode == 0, done.stderr
    altered = tmp_path / CHART
    shutil.copyfile(dist / CHART, altered)
    with altered.open("ab") as file:
        file.write(b"\0")
    assert signed.verify("verify-blob", "--bundle", f"{dist / CHART}.sigstore.json", altered).returncode != 0


def test_image_and_chart_are_verified_and_an_altered_image_is_refused(signed: Signed) -> None:
    release = signed.release
    for ref in (release.image, release.chart):
        done = signed.verify("verify", ref)
        assert done.returncode == 0, done.stderr
    place = release.image.partition("@")[0]
    release.run(release.tools.crane, "mutate", release.image, "--label", "altered=yes", "--tag", f"{place}:altered")
    digest = release.run(release.tools.crane, "digest", f"{place}:altered").stdout.strip()
    assert not release.image.endswith(digest)
    assert signed.verify("verify", f"{place}@{digest}").returncode != 0


@pytest.mark.parametrize("kind", ["cyclonedx", "slsaprovenance1"])
def test_bills_and_provenance_are_attested_to_the_image(signed: Signed, kind: str) -> None:
    done = signed.verify("verify-attestation", "--type", kind, signed.release.image)
    assert done.returncode == 0, done.stderr
