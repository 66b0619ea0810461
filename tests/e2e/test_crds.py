"""A real API server takes our CRDs, and its answers to bad manifests are sentences that a user can act on."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.controlplane import ControlPlane
from tests.support.controlplane.client import MERGE
from tests.support.user import PLURALS

pytestmark = pytest.mark.controlplane

asyncio.set_event_loop(None)  # see tests/unit/kube/conftest.py

CRDS = Path(__file__).parents[2] / "crds"
API = "jobs.zilliz.com/v1alpha1"
SUBMITTED = {"submission": {"token": "6f1c", "evidence": "Sending"}}
STATUS_ALONE_SINCE = (1, 31)
"""Of a status that is written, an older API server checks the spec beside it too, also where it is unchanged."""
ENDED = {"completionTime": "2026-01-02T03:04:05Z"}

Spec = dict[str, Any]
BACKUP: Spec = {"clusterId": "in01-1", "collections": ["a", "b"]}
IMPORT: Spec = {
    "clusterId": "in01-1",
    "collection": "books",
    "objectStorage": {"urls": ["s3://bucket/books/"], "credentialsSecretRef": {"name": "s3"}},
}
BY_ID: Spec = {"clusterId": "in01-1", "backupId": "b-1"}
BY_JOB: Spec = {"backupJobRef": {"name": "nightly"}}
NEW: Spec = {"projectId": "proj-1", "cuSize": 1}
FILMS: Spec = {"clusterId": "in01-2", "collections": [{"collection": "films"}]}
RESTORE: Spec = {"backup": BY_ID, "newCluster": NEW}
EXPORT: Spec = {"backup": BY_JOB, "integrationId": "integ-1", "directory": "d"}
CONNECTION: Spec = {"cloud": "Global", "projectId": "proj-1", "credentialsSecretRef": {"name": "key"}}


PASSWORD = "aB3/dE6+PASSWORD"
SECRET: Spec = {"credentialsSecretRef": {"name": "s3"}}


def with_url(url: str) -> list[tuple[str, str, Spec]]:
    """(field, kind, spec) of each sort of field that takes a URL, with this one in it."""
    old, books = {"clusterId": "in01-2"}, [{"source": "books"}]
    return [
        ("urls", "ImportJob", {**IMPORT, "objectStorage": {"urls": ["s3://bucket/a/", url]}}),
        ("a backup", "MigrationJob", {"source": {"milvusBackup": {"objectStorage": {"url": url}}}, "target": old}),
        (
            "a uri",
            "MigrationJob",
            {"source": {"qdrant": {"uri": url, **SECRET}}, "target": old, "collections": books},
        ),
        ("an endpoint", "ZillizConnection", {"endpoint": url, **SECRET}),
    ]


def without_url_rules(schema: Any) -> Any:
    """The same CRD as it was before it had the rules of URLs."""
    if isinstance(schema, list):
        return [without_url_rules(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    is_url = schema.get("type") == "string" and "x-kubernetes-validations" in schema
    return {k: without_url_rules(v) for k, v in schema.items() if not (is_url and k == "x-kubernetes-validations")}


def until_taken(ask: Callable[[], str]) -> None:
    """A changed CRD is not in force at once."""
    deadline = time.monotonic() + 20
    while complaint := ask():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.3)


class Author:
    """Someone who writes manifests in a namespace of his own."""

    def __init__(self, cluster: ControlPlane, namespace: str) -> None:
        self.namespace = namespace
        self._client = cluster.client
        self._made: list[str] = []

    def create(self, kind: str, spec: Spec, *, name: str = "x", **query: str) -> str:
        """What the server says to it; '' where it takes it."""
        body = {"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": spec}
        path = self._path(kind).rpartition("/")[0]
        return self._client.call("POST", path, body, fieldValidation="Strict", **query).message

    def edit(self, kind: str, change: Spec) -> str:
        return self.merge(kind, {"spec": change})

    def operator_writes(self, kind: str, status: Spec) -> str:
        return self.merge(kind, {"status": status}, "/status")

    def merge(self, kind: str, change: Spec, subresource: str = "") -> str:
        return self._client.call("PATCH", self._path(kind) + subresource, change, kind=MERGE).message

    def read(self, kind: str) -> dict[str, Any]:
        found: dict[str, Any] = self._client.call("GET", self._path(kind)).ok()
        return found

    def clear(self) -> None:
        """Else operators of later tests would have to do with all these jobs."""
        for path in self._made:
            self._client.call("DELETE", path)

    def _path(self, kind: str) -> str:
        path = f"/apis/{API}/namespaces/{self.namespace}/{PLURALS[kind]}/x"
        if path not in self._made:
            self._made.append(path)
        return path


@pytest.fixture
def user(cluster: ControlPlane, cluster_namespace: str) -> Iterator[Author]:
    user = Author(cluster, cluster_namespace)
    yield user
    user.clear()


@pytest.mark.parametrize("file", sorted(CRDS.glob("*.yaml")), ids=lambda f: f.stem)
def test_the_crd_is_taken_without_a_complaint(cluster: ControlPlane, file: Path) -> None:
    """Above all: its rules are not too costly, and its schema is structural."""
    name = yaml.safe_load(file.read_text())["metadata"]["name"]
    found = cluster.client.get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}")
    conditions = {condition["type"]: condition["status"] for condition in found["status"]["conditions"]}
    assert conditions["Established"] == "True"
    assert conditions["NamesAccepted"] == "True"
    assert conditions.get("NonStructuralSchema", "False") == "False"


def test_a_new_object_is_unfinished_for_kstatus_and_has_the_default_connection(user: Author) -> None:
    assert user.create("BackupJob", BACKUP) == ""
    body = user.read("BackupJob")
    assert body["status"] == {"observedGeneration": -1, "state": "Pending"}
    assert body["spec"]["connectionRef"] == {"name": "default"}
    assert user.edit("BackupJob", {"connectionRef": {"name": None}}) == ""
    assert user.read("BackupJob")["spec"]["connectionRef"] == {"name": "default"}


EDITS = [
    pytest.param("BackupJob", BACKUP, {"clusterId": "in01-2"}, id="another cluster"),
    pytest.param("BackupJob", BACKUP, {"collections": ["a"]}, id="a shorter list"),
    pytest.param("BackupJob", BACKUP, {"collections": None}, id="an optional field removed"),
    pytest.param("BackupJob", BACKUP, {"database": "d"}, id="an optional field added"),
    pytest.param("BackupJob", BACKUP, {"connectionRef": {"name": "other"}}, id="another connection"),
    pytest.param("BackupJob", BACKUP, {"adopt": {"jobId": "j"}}, id="a job adopted late"),
    pytest.param("RestoreJob", RESTORE, {"backup": {"backupId": "b-2"}}, id="another backup"),
    pytest.param("RestoreJob", RESTORE, {"newCluster": {"name": "n"}}, id="a name added to the new cluster"),
    pytest.param("RestoreJob", RESTORE, {"newCluster": None, "existingCluster": FILMS}, id="another way to restore"),
    pytest.param("ExportJob", EXPORT, {"directory": "e"}, id="another directory"),
    pytest.param("ImportJob", IMPORT, {"objectStorage": {"urls": ["s3://b/c"]}}, id="another file"),
    pytest.param("ImportJob", IMPORT, {"objectStorage": {"credentialsSecretRef": None}}, id="no Secret any more"),
    pytest.param("ImportJob", IMPORT, {"options": {"timeoutSeconds": 5}}, id="an option added"),
    pytest.param(
        "ImportJob", IMPORT, {"objectStorage": None, "volume": {"name": "v", "paths": ["a"]}}, id="another source"
    ),
]


@pytest.mark.parametrize(("kind", "spec", "change"), EDITS)
@pytest.mark.parametrize("status", [pytest.param(SUBMITTED, id="submitted"), pytest.param(ENDED, id="ended")])
def test_what_was_asked_of_the_cloud_is_fixed_once_it_was_asked(
    user: Author, kind: str, spec: Spec, change: Spec, status: Spec
) -> None:
    assert user.create(kind, spec) == ""
    assert user.operator_writes(kind, status) == ""
    complaint = user.edit(kind, change)
    assert f"this {kind} was submitted or has ended" in complaint
    assert f"for other work create a new {kind}" in complaint
    assert "suspend, startDeadlineSeconds" in complaint
    assert user.operator_writes(kind, {"state": "Failed"}) == "", "the operator can go on"


@pytest.mark.parametrize(("kind", "spec", "change"), EDITS)
def test_a_mistake_can_be_corrected_before_the_submission(user: Author, kind: str, spec: Spec, change: Spec) -> None:
    assert user.create(kind, spec) == ""
    assert user.operator_writes(kind, {"state": "Pending", "message": "waiting for the connection"}) == ""
    assert user.edit(kind, change) == ""


def test_no_two_edits_get_round_the_rule(user: Author) -> None:
    """A rule on the field alone lets it be removed, and then be added with another value."""
    assert user.create("BackupJob", BACKUP) == ""
    assert user.operator_writes("BackupJob", SUBMITTED) == ""
    for change in (
        {"collections": None},
        {"collections": ["c"]},
        {"database": "d"},
        {"database": None, "suspend": True},
    ):
        user.edit("BackupJob", change)
    body = user.read("BackupJob")
    assert body["spec"]["collections"] == ["a", "b"]
    assert "database" not in body["spec"]


@pytest.mark.parametrize("kind", ["BackupJob", "ImportJob"])
def test_what_steers_a_job_may_change_while_it_runs(user: Author, kind: str) -> None:
    assert user.create(kind, BACKUP if kind == "BackupJob" else IMPORT) == ""
    assert user.operator_writes(kind, SUBMITTED) == ""
    for change in (
        {"suspend": True},
        {"retryPolicy": {"limit": 3, "onSubmissionUnknown": "Fail"}},
        {"retryPolicy": None},
        {"startDeadlineSeconds": 5, "activeDeadlineSeconds": 60, "stallDeadlineSeconds": 60},
        {"ttlSecondsAfterFinished": 0},
    ):
        assert user.edit(kind, change) == ""


@pytest.mark.parametrize(
    ("kind", "spec", "sentence"),
    [
        pytest.param("BackupJob", {}, "spec.clusterId: Required", id="no cluster"),
        pytest.param("ImportJob", {**IMPORT, "projectId": "p", "regionId": "r"}, "name one target", id="two targets"),
        pytest.param(
            "ImportJob", {**IMPORT, "clusterId": None, "projectId": "p"}, "name one target", id="half a target"
        ),
        pytest.param("ImportJob", {**IMPORT, "objectStorage": None}, "exactly one source", id="no source"),
        pytest.param("RestoreJob", {"newCluster": NEW}, "name the backup", id="no backup"),
        pytest.param("RestoreJob", {**RESTORE, "backup": {**BY_ID, **BY_JOB}}, "name one backup", id="two backups"),
        pytest.param("RestoreJob", {**RESTORE, "backup": {"clusterId": "c"}}, "name one backup", id="half a backup"),
        pytest.param("RestoreJob", {**RESTORE, "existingCluster": FILMS}, "exactly one target", id="two restores"),
        pytest.param("RestoreJob", {"backup": BY_JOB}, "exactly one target", id="restored to nowhere"),
        pytest.param(
            "RestoreJob",
            {"backup": BY_JOB, "existingCluster": {**FILMS, "collections": FILMS["collections"] * 2}},
            "under a name of its own",
            id="two into one",
        ),
        pytest.param("ExportJob", {**EXPORT, "directory": None}, "name where to export to", id="no directory"),
        pytest.param("BackupJob", {**BACKUP, "deletionPolicy": "cancel"}, '"Retain", "Cancel"', id="lower case"),
        pytest.param("ZillizConnection", {**CONNECTION, "endpoint": "https://x"}, "exactly one of", id="two clouds"),
        pytest.param("ZillizConnection", {**CONNECTION, "importApi": "V1"}, "needs regionId", id="no region"),
        *[
            pytest.param(kind, spec, "no user and no password", id=f"a login in {where}")
            for where, kind, spec in with_url(f"s3://AKIA1:{PASSWORD}@bucket/books/")
        ],
    ],
)
def test_a_wrong_manifest_is_refused_with_a_sentence(user: Author, kind: str, spec: Spec, sentence: str) -> None:
    complaint = user.create(kind, {key: value for key, value in spec.items() if value is not None})
    assert sentence in complaint
    assert PASSWORD not in complaint, "what is told of a refusal stands in the logs of pipelines"


@pytest.mark.parametrize("url", ["s3://bucket/a@b//c@d.parquet", "https://host:9000/b/a.parquet?sv=1&sig=c@d"])
def test_an_at_sign_in_a_path_or_a_query_is_no_login(user: Author, url: str) -> None:
    assert user.create("ImportJob", {**IMPORT, "objectStorage": {"urls": [url]}}) == ""


@pytest.mark.parametrize(("kind", "spec"), [pytest.param(k, s, id=where) for where, k, s in with_url("s3://a:b@c/")])
def test_an_object_of_before_the_rule_can_still_be_changed(
    cluster: ControlPlane, user: Author, kind: str, spec: Spec
) -> None:
    """Else a running job could not be suspended, nor its finalizer removed."""
    (crd,) = (
        path for path in CRDS.glob("*.yaml") if yaml.safe_load(path.read_text())["spec"]["names"]["kind"] == kind
    )
    try:
        cluster.kubectl("apply", "-f", "-", input=json.dumps(without_url_rules(yaml.safe_load(crd.read_text()))))
        until_taken(lambda: user.create(kind, spec))
    finally:
        cluster.kubectl("apply", "-f", str(crd))
    until_taken(lambda: "" if user.create(kind, spec, name="y", dryRun="All") else "not yet refused")
    for change in ({"suspend": True}, {"suspend": False}):
        assert user.edit(kind, change) == ""
    refused = user.operator_writes(kind, {"observedGeneration": 1})
    assert ("no user and no password" in refused) if cluster.version() < STATUS_ALONE_SINCE else (refused == "")
    assert user.merge(kind, {"metadata": {"annotations": {"a": "b"}}}) == ""


def test_an_adopted_import_needs_no_source(user: Author) -> None:
    spec = {"clusterId": "in01-1", "collection": "books", "adopt": {"jobId": "job-1"}}
    assert user.create("ImportJob", spec) == ""


@pytest.mark.parametrize("kind", ["RestoreJob", "ExportJob"])
def test_an_adopted_restore_or_export_needs_nothing_else(user: Author, kind: str) -> None:
    assert user.create(kind, {"adopt": {"jobId": "job-1"}}) == ""


@pytest.mark.parametrize(
    "change",
    [
        {"projectId": "proj-2"},
        {"projectId": None},
        {"regionId": "gcp-us-west1"},
        {"cloud": None, "endpoint": "https://x"},
        {"cloud": "China"},
    ],
    ids=lambda change: " ".join(change),
)
def test_a_connection_stays_with_its_account(user: Author, change: Spec) -> None:
    """To another endpoint running jobs would look lost, and lost jobs may be submitted again."""
    assert user.create("ZillizConnection", CONNECTION) == ""
    complaint = user.edit("ZillizConnection", change)
    assert "cannot be changed" in complaint
    assert "create a new ZillizConnection" in complaint


def test_a_connection_can_get_another_key(user: Author) -> None:
    assert user.create("ZillizConnection", CONNECTION) == ""
    for change in ({"credentialsSecretRef": {"name": "new"}}, {"suspend": True}, {"requestsPerSecond": 5}):
        assert user.edit("ZillizConnection", change) == ""


def test_no_word_in_a_status_is_refused(user: Author) -> None:
    """One value that a schema refuses would refuse the whole write, handle included."""
    assert user.create("BackupJob", BACKUP) == ""
    odd = {
        "state": "Shrugging",
        "progressPercent": 4711,
        "startTime": "yesterday",
        "attempts": [{}],
        "cancel": {"outcome": ""},
        "conditions": [{"type": "Odd"}],
        "message": "x" * 20_000,
    }
    assert user.operator_writes("BackupJob", odd) == ""


def test_the_columns_are_those_that_people_look_for(
    user: Author, cluster: ControlPlane, cluster_namespace: str
) -> None:
    assert user.create("BackupJob", BACKUP) == ""
    status = {"state": "InProgress", "progressPercent": 7, "target": "in01-1", "jobId": "job-1"}
    assert user.operator_writes("BackupJob", status) == ""
    header, row = cluster.kubectl("-n", cluster_namespace, "get", "zilliz").stdout.splitlines()[:2]
    assert header.split() == ["NAME", "STATE", "REASON", "PROGRESS", "TARGET", "JOB-ID", "AGE"]
    assert row.split()[1:5] == ["InProgress", "7", "in01-1", "job-1"]
    wide = cluster.kubectl("-n", cluster_namespace, "get", "zbk", "-o", "wide").stdout.splitlines()[0]
    assert wide.split()[7:] == ["STARTED", "FINISHED", "CONNECTION", "MESSAGE"]
