"""The examples are what users copy first: each must be taken by the API server, and by the operator."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.taking import require_taken

from zilliz_jobs.api.model import API_VERSION
from zilliz_jobs.api.parse import parse_spec
from zilliz_jobs.api.projectjob import PROJECT_JOB
from zilliz_jobs.api.resources import RESOURCES
from zilliz_local.cloud import MOVIES, PROJECT, SHOP
from zilliz_local.demo.examples import PLACEHOLDER, Substitutions, directory, load

EXAMPLES = Path(__file__).parents[3] / "examples"
FILES = sorted(path.name for path in EXAMPLES.glob("*.yaml"))
BY_KIND = {resource.kind: resource for resource in RESOURCES}
VALUES = Substitutions("here", "http://127.0.0.1:1", "key", "access", "secret", "job-1", "backup-1")

each_file = pytest.mark.parametrize("file", FILES)


def manifests() -> list[tuple[str, dict[str, Any]]]:
    return [(file, manifest) for file in FILES for manifest in load(file)]


def test_the_demo_finds_the_examples_of_the_checkout() -> None:
    assert directory().resolve() == EXAMPLES


def test_every_kind_has_an_example() -> None:
    written_by_people = {*BY_KIND} - {PROJECT_JOB.kind}
    assert {manifest["kind"] for _, manifest in manifests()} == {*written_by_people, "Secret"}


@each_file
def test_the_server_and_the_operator_take_it(file: str) -> None:
    for manifest in load(file):
        assert "namespace" not in manifest["metadata"], "examples go where kubectl points"
        if manifest["kind"] == "Secret":
            assert manifest["metadata"]["labels"] == {"jobs.zilliz.com/credentials": "true"}
            continue
        assert manifest["apiVersion"] == API_VERSION
        require_taken(manifest)


@each_file
def test_it_says_what_it_shows(file: str) -> None:
    assert (EXAMPLES / file).read_text(encoding="utf-8").startswith("# ")


def test_the_order_of_the_files_is_the_order_to_apply_them() -> None:
    kinds = [manifest["kind"] for _, manifest in manifests()]
    assert kinds[:2] == ["Secret", "ZillizConnection"]
    assert kinds.index("Secret", 1) < kinds.index("ImportJob"), "a job's Secret comes before it"


def test_names_that_examples_refer_to_are_names_of_examples() -> None:
    secrets = {m["metadata"]["name"] for _, m in manifests() if m["kind"] == "Secret"}
    text = "".join((EXAMPLES / file).read_text(encoding="utf-8") for file in FILES)
    named = re.findall(r"credentialsSecretRef:\n\s+name: (\S+)", text)
    assert named
    assert set(named) <= secrets


def test_the_backup_job_that_others_wait_for_is_an_example_before_them() -> None:
    seen: set[str] = set()
    waiting = 0
    for _, manifest in manifests():
        if manifest["kind"] == "BackupJob":
            seen.add(manifest["metadata"]["name"])
        if reference := manifest.get("spec", {}).get("backup", {}).get("backupJobRef"):
            assert reference["name"] in seen
            waiting += 1
    assert waiting


def test_no_example_holds_a_key() -> None:
    for _, manifest in manifests():
        assert all(value.startswith(PLACEHOLDER) for value in manifest.get("stringData", {}).values())


def test_clusters_of_the_examples_exist_in_the_simulated_cloud() -> None:
    text = "".join((EXAMPLES / file).read_text(encoding="utf-8") for file in FILES)
    assert set(re.findall(r"clusterId: (\S+)", text)) == {MOVIES, SHOP}
    assert {m["spec"]["projectId"] for _, m in manifests() if "projectId" in m.get("spec", {})} <= {PROJECT}


def test_connections_that_jobs_name_are_in_the_same_file() -> None:
    for file in FILES:
        made = {m["metadata"]["name"] for m in load(file) if m["kind"] == "ZillizConnection"}
        named = {m["spec"]["connectionRef"]["name"] for m in load(file) if "connectionRef" in m.get("spec", {})}
        assert named <= made | {"default"}


@each_file
def test_what_the_demo_makes_of_it_is_valid_too_and_holds_no_placeholder(file: str) -> None:
    for manifest in load(file):
        made = VALUES.into(manifest)
        assert PLACEHOLDER not in yaml.safe_dump(made)
        assert made["metadata"]["namespace"] == "here"
        if manifest["kind"] in BY_KIND:
            parse_spec(BY_KIND[manifest["kind"]], made)
        told = VALUES.note(manifest)
        assert bool(told) == ({k: v for k, v in made.items() if k != "metadata"} != _without_metadata(manifest)), (
            "the demo tells every change, and only changes"
        )


def _without_metadata(manifest: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in manifest.items() if key != "metadata"}
