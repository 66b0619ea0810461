"""The kit's examples are copied into people's repositories: each must be taken as it is."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.gitops.kit import GROUP, KIT
from tests.support.controlplane.binaries import find_kubectl
from tests.support.taking import require_taken

Body = dict[str, Any]
FILES = sorted(KIT.rglob("*.yaml"))
KNOWN = {
    "argoproj.io/v1alpha1",
    "kustomize.toolkit.fluxcd.io/v1",
    "kustomize.config.k8s.io/v1beta1",
    "batch/v1",
    "v1",
}


def manifests(file: Path) -> list[Body]:
    return [one for one in yaml.safe_load_all(file.read_text()) if one]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(KIT)))
def test_the_server_and_the_operator_take_it(file: Path) -> None:
    assert file.read_text().startswith("# "), "it says what it shows"
    for manifest in manifests(file):
        if manifest["apiVersion"].startswith(f"{GROUP}/"):
            require_taken(manifest)
        else:
            assert manifest["apiVersion"] in KNOWN


def test_only_a_hook_has_a_generated_name() -> None:
    """Argo CD cannot apply another one twice; each sync would start the job anew."""
    generated = 0
    for manifest in (one for file in FILES for one in manifests(file)):
        meta = manifest.get("metadata") or {}
        if "generateName" in meta:
            generated += 1
            assert "argocd.argoproj.io/hook" in meta["annotations"]
    assert generated


def test_no_example_replaces_or_forces() -> None:
    """A job that is replaced is a new object, and runs a second time."""
    text = "".join(file.read_text() for file in FILES)
    assert not [word for word in ("Replace=true", "Force=true", "force: enabled", "force: true") if word in text]


@pytest.mark.parametrize("folder", ["connection", "backup"])
def test_what_flux_builds_of_it_is_taken_too(folder: str) -> None:
    command = [str(find_kubectl()), "kustomize", str(KIT / "flux" / "zilliz" / folder)]
    built = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    for manifest in yaml.safe_load_all(built):
        require_taken(manifest)
        assert manifest["metadata"]["name"] == {"connection": "default", "backup": "before-2-4"}[folder]


def test_paths_that_flux_is_told_are_folders_of_the_example() -> None:
    told = [m["spec"]["path"] for file in (KIT / "flux").glob("*.yaml") for m in manifests(file)]
    assert [path for path in told if path.startswith("./zilliz/") and not (KIT / "flux" / path).is_dir()] == []
    assert len([path for path in told if path.startswith("./zilliz/")]) == 2
