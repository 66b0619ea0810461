"""The Job and the Secret of a run."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess

import pytest
from tests.unit.kinds.vts.specs import TOKEN, compare

from zilliz_jobs.api.migrationengine import Worker
from zilliz_jobs.kinds.migrations.vts import manifests
from zilliz_jobs.kinds.migrations.vts.manifests import Body, Owner, belongs_to, config_secret, job_name, worker_job

OWNER = Owner("shop", "from-postgres", "0f4c5f0e-6f0b-4b7a-9c55-1f8f4a6b1c11")
IMAGE = "registry.example.com/vts@sha256:" + "a" * 64
TEXT = '{"sink": "CANARY"}'
PLACED = {
    "resources": {"limits": {"memory": "6Gi", "cpu": "2"}},
    "nodeSelector": {"pool": "batch"},
    "tolerations": [{"key": "batch", "operator": "Exists"}],
    "imagePullSecrets": [{"name": "registry"}],
}


def job(worker: Body | None = None, run: int = 0) -> Body:
    return worker_job(OWNER, TOKEN, run, image=IMAGE, worker=Worker.model_validate(worker) if worker else None)


def made(body: Body) -> Body:
    """As Kubernetes answers a creation."""
    return {**body, "metadata": {**body["metadata"], "uid": "job-uid"}}


@pytest.mark.parametrize(("name", "worker"), [("job", None), ("job-placed", PLACED)])
def test_the_whole_job(name: str, worker: Body | None) -> None:
    compare(f"{name}.json", json.dumps(job(worker), indent=1) + "\n")


def test_the_secret_goes_with_the_job_and_holds_all_that_the_pod_mounts() -> None:
    secret = config_secret(made(job()), TEXT)
    (owner,) = secret["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("Job", job_name(TOKEN), "job-uid")
    assert manifests.is_owned_by(secret, made(job()))
    files = {name: base64.b64decode(value).decode() for name, value in secret["data"].items()}
    assert files == {"job.json": TEXT, **manifests.engine_files()}
    (volume, _) = job()["spec"]["template"]["spec"]["volumes"]
    assert volume["secret"]["secretName"] == secret["metadata"]["name"]


def test_nothing_secret_is_in_the_job() -> None:
    assert "CANARY" not in json.dumps(job())


def test_the_pod_is_restricted() -> None:
    pod = job()["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert "serviceAccountName" not in pod
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_until_it_starts_the_object_owns_the_job() -> None:
    (owner,) = job()["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("MigrationJob", OWNER.name, OWNER.uid)
    assert "blockOwnerDeletion" not in owner, "it takes a right on finalizers"


@pytest.mark.parametrize(
    ("resources", "memory"),
    [
        ({}, ("2Gi", "2Gi")),
        ({"limits": {"memory": "6Gi"}}, ("6Gi", "6Gi")),
        ({"requests": {"memory": "4Gi"}}, ("4Gi", "4Gi")),
        ({"requests": {"memory": "1Gi"}, "limits": {"memory": "4Gi"}}, ("1Gi", "4Gi")),
    ],
)
def test_memory_that_is_named_once_counts_for_both(resources: Body, memory: tuple[str, str]) -> None:
    found = manifests.resources(Worker.model_validate({"resources": resources}))
    assert (found["requests"]["memory"], found["limits"]["memory"]) == memory


def test_names_fit_into_a_label_and_differ_by_run() -> None:
    names = {job_name(TOKEN, run) for run in range(10)}
    assert len(names) == 10
    assert max(map(len, names)) <= 63


def test_what_stands_under_the_name_is_ours_only_with_uid_token_and_run() -> None:
    body = job(run=1)
    assert belongs_to(body, OWNER, TOKEN, 1)
    assert not belongs_to(body, OWNER, TOKEN, 0)
    assert not belongs_to(body, OWNER, TOKEN[::-1], 1)
    assert not belongs_to(body, Owner("shop", OWNER.name, "another"), TOKEN, 1)
    assert not belongs_to({"metadata": {"name": body["metadata"]["name"]}}, OWNER, TOKEN, 1)


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_the_run_script_is_bash() -> None:
    script = manifests.engine_files()["run.sh"]
    checked = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr
