"""A file of a release that no sum and no statement names could be exchanged without anybody seeing it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tools.provenance import BY_HAND, SUMS, write
from tools.release import ReleaseError, version

BASE = f"registry.test/python@sha256:{'a' * 64}"
PUBLISHED = (
    f"zilliz_jobs_operator-{version()}-py3-none-any.whl",
    f"zilliz_jobs_local-{version()}.tar.gz",
    f"zilliz-jobs-operator-{version()}.tgz",
    f"zilliz-jobs-operator-{version()}.oci.tar",
    f"zilliz-jobs-operator-{version()}.linux-amd64.cdx.json",
)


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    for name in (*PUBLISHED, "image.ref", f"{PUBLISHED[0]}.sigstore.json"):
        (tmp_path / name).write_text(name)
    return tmp_path


def stated(dist: Path, environ: dict[str, str]) -> dict[str, Any]:
    write(dist, environ)
    return dict(json.loads((dist / f"zilliz-jobs-operator-{version()}.intoto.json").read_text()))


def test_every_file_that_is_published_has_its_digest_in_the_statement(dist: Path) -> None:
    subjects = {one["name"]: one["digest"]["sha256"] for one in stated(dist, {})["subject"]}
    assert subjects == {name: hashlib.sha256(name.encode()).hexdigest() for name in PUBLISHED}


def test_the_sums_are_what_sha256sum_reads_and_hold_the_statement_too(dist: Path) -> None:
    stated(dist, {})
    check = ["sha256sum", "--check", "--strict", "--quiet", SUMS]
    assert subprocess.run(check, cwd=dist, check=False).returncode == 0
    assert len((dist / SUMS).read_text().splitlines()) == len(PUBLISHED) + 1
    (dist / PUBLISHED[0]).write_text("altered")
    assert subprocess.run(check, cwd=dist, capture_output=True, check=False).returncode != 0


def test_it_tells_commit_base_and_who_built_it(dist: Path) -> None:
    how = stated(dist, {"BASE": BASE, "REVISION": "c0ffee", "BUILDER_ID": "https://builder.test/workflow"})[
        "predicate"
    ]
    assert how["buildDefinition"]["resolvedDependencies"] == [
        {"uri": "urn:zilliz-jobs-operator:source", "digest": {"gitCommit": "c0ffee"}},
        {"uri": "registry.test/python", "digest": {"sha256": "a" * 64}},
    ]
    assert how["runDetails"]["builder"]["id"] == "https://builder.test/workflow"
    assert json.loads((dist / "predicate.json").read_text()) == how
    by_hand = stated(dist, {})["predicate"]
    assert by_hand["runDetails"]["builder"]["id"] == BY_HAND, "and not that of a workflow"


def test_nothing_that_its_maker_keeps_secret_is_in_it(dist: Path) -> None:
    secret = {"REGISTRY_PASSWORD": "s3cret", "GH_TOKEN": "s3cret", "REGISTRY": "registry.test/team"}
    assert "s3cret" not in json.dumps(stated(dist, secret))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="run make release"):
        write(tmp_path, {})
