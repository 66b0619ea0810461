"""The CRD of JobSchedule on a real API server: taken, and each wrong schedule refused with a sentence that helps."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.controlplane import ControlPlane
from tests.support.published import until_served

from zilliz_jobs.api.crd import render
from zilliz_jobs.api.jobschedule import JOB_SCHEDULE

pytestmark = pytest.mark.controlplane

API = "jobs.zilliz.com/v1alpha1"
CRD = f"crd/{JOB_SCHEDULE.crd_name}"

Spec = dict[str, Any]
BACKUP: Spec = {"clusterId": "in01-1"}
BACKED: Spec = {"name": "backup", "backupJob": BACKUP}
BY_JOB: Spec = {"backupJobRef": {"name": "backup"}}
EXPORTED: Spec = {"name": "export", "exportJob": {"backup": BY_JOB, "integrationId": "i-1", "directory": "d"}}
IMPORTED: Spec = {
    "name": "import",
    "importJob": {"clusterId": "in01-1", "collection": "books", "volume": {"name": "v", "paths": ["a"]}},
}
SUSPENDED: Spec = {"name": "sleep", "suspendClusterJob": {"clusterId": "in01-1"}}
NEW: Spec = {"projectId": "p-1", "cuSize": 1}


def restored(**spec: Any) -> Spec:
    return {"name": "restore", "restoreJob": {"backup": BY_JOB, **spec}}


def into(*names: str | None) -> Spec:
    rows = [{"collection": "films"} | ({"destCollection": name} if name else {}) for name in names]
    return {"existingCluster": {"clusterId": "in01-2", **({"collections": rows} if rows else {})}}


def migrated(target: Spec, **spec: Any) -> Spec:
    return {
        "name": "migrate",
        "migrationJob": {"source": {"zillizCluster": {"clusterId": "a"}}, "target": target} | spec,
    }


CLUSTER = {"projectId": "p", "regionId": "r", "plan": "Standard", "cuType": "TieredStorage", "cuSize": 1}


class User:
    def __init__(self, cluster: ControlPlane, namespace: str) -> None:
        self._cluster, self._namespace = cluster, namespace

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        done = self._cluster.kubectl("-n", self._namespace, *args, input=stdin, check=False)
        return done.stderr if done.returncode else ""

    def create(self, *jobs: Spec, name: str = "x", **spec: Any) -> str:
        whole = {"schedules": ["0 3 * * *"], "jobs": list(jobs), **spec}
        manifest = {"apiVersion": API, "kind": "JobSchedule", "metadata": {"name": name}, "spec": whole}
        return self.kubectl("create", "-f", "-", stdin=json.dumps(manifest))

    def read(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self._cluster.kubectl("-n", self._namespace, "get", "jobschedule", "x", "-o", "json").stdout
        )
        return found


@pytest.fixture(scope="module")
def cluster(real_cluster: ControlPlane) -> ControlPlane:
    real_cluster.kubectl("apply", "--server-side", "-f", "-", input=render(JOB_SCHEDULE))
    until_served(real_cluster, API, {JOB_SCHEDULE.plural})
    return real_cluster


@pytest.fixture
def user(cluster: ControlPlane, cluster_namespace: str) -> User:
    return User(cluster, cluster_namespace)


def test_the_crd_is_taken_without_a_complaint(cluster: ControlPlane) -> None:
    found = json.loads(cluster.kubectl("get", CRD, "-o", "json").stdout)
    conditions = {condition["type"]: condition["status"] for condition in found["status"]["conditions"]}
    assert conditions["Established"] == "True"
    assert conditions.get("NonStructuralSchema", "False") == "False"


@pytest.mark.parametrize(
    "jobs",
    [
        pytest.param([BACKED], id="a backup"),
        pytest.param([EXPORTED, BACKED], id="in any order"),
        pytest.param([BACKED, restored(**into("films_$(RUN)"))], id="restored under a new name"),
        pytest.param([BACKED, restored(newCluster=NEW)], id="a new cluster with the name of its object"),
        pytest.param([migrated({"newCluster": CLUSTER})], id="migrated into a new cluster"),
        pytest.param([IMPORTED, {**SUSPENDED, "after": ["import"]}], id="one after another"),
        pytest.param([{**BACKED, "backupJob": {**BACKUP, "suspend": False}}], id="suspend false says nothing"),
        pytest.param(
            [{**BACKED, "metadata": {"labels": {"team": "a"}, "annotations": {"example.com/why": "x" * 1000}}}],
            id="marks of one's own",
        ),
        pytest.param(
            [{**SUSPENDED, "name": f"j{n}", "after": [f"j{m}" for m in range(n)]} for n in range(10)],
            id="ten in a row",
        ),
    ],
)
def test_a_good_schedule_is_taken_as_it_was_written(user: User, jobs: list[Spec]) -> None:
    """No default is added below jobs: what Git does not have would be a difference for ever."""
    assert user.create(*jobs) == ""
    assert user.read()["spec"]["jobs"] == jobs
    assert user.read()["status"] == {"observedGeneration": -1}


CIRCLE = "wait for one another in a circle"
ONE_KIND = "exactly one kind: backupJob, restoreJob"
NAMED_ANEW = "write $(RUN) into it"
MARKS = "leave them out"


@pytest.mark.parametrize(
    ("jobs", "sentence"),
    [
        pytest.param([], "at least 1 items", id="no job"),
        pytest.param([{"name": "a"}], ONE_KIND, id="no kind"),
        pytest.param([BACKED | SUSPENDED], ONE_KIND, id="two kinds"),
        pytest.param([BACKED, BACKED], "Duplicate value", id="two of a name"),
        pytest.param([BACKED | {"name": "1st"}], "should match", id="a digit first"),
        pytest.param([BACKED | {"name": "a" * 21}], "20", id="a long name"),
        pytest.param([{"name": "a", "backupJob": {}}], "backupJob.clusterId: Required", id="no cluster"),
        pytest.param([{"name": "a", "exportJob": {"backup": BY_JOB}}], "name where to export", id="a kind's rule"),
        pytest.param(
            [{"name": "a", "backupJob": BACKUP | {"adopt": {"jobId": "j"}}}], "leave out adopt", id="an adoption"
        ),
        pytest.param([{"name": "a", "backupJob": BACKUP | {"suspend": True}}], "spec.suspend", id="suspended"),
        pytest.param([BACKED | {"after": ["b"]}], "after names jobs of the same", id="after nobody"),
        pytest.param([BACKED | {"after": ["backup"]}], "after names jobs of the same", id="after itself"),
        pytest.param([EXPORTED], "has a backupJob; for a backup that exists", id="a backup of nobody"),
        pytest.param([EXPORTED, SUSPENDED | {"name": "backup"}], "has a backupJob", id="no backup of that name"),
        pytest.param([BACKED | {"after": ["export"]}, EXPORTED], CIRCLE, id="a circle of two"),
        pytest.param(
            [{**SUSPENDED, "name": f"j{n}", "after": [f"j{(n + 1) % 10}"]} for n in range(10)],
            CIRCLE,
            id="a circle of ten",
        ),
        pytest.param(
            [{**SUSPENDED, "name": f"j{n}", "after": [f"j{m}" for m in range(10) if m != n]} for n in range(10)],
            CIRCLE,
            id="all after all",
        ),
        pytest.param([BACKED, restored(**into("films"))], "destCollection", id="restored twice under one name"),
        pytest.param([BACKED, restored(**into("films_$(RUN)", None))], "destCollection", id="one without a new name"),
        pytest.param([BACKED, restored(**into())], "destCollection", id="all under their names"),
        pytest.param([BACKED, restored(newCluster=NEW | {"name": "n"})], NAMED_ANEW, id="one cluster for all runs"),
        pytest.param(
            [BACKED, restored(newCluster=NEW | {"credentialsSecretName": "s"})], NAMED_ANEW, id="one Secret for all"
        ),
        pytest.param([migrated({"newCluster": CLUSTER | {"name": "n"}})], NAMED_ANEW, id="migrated into one cluster"),
        pytest.param([migrated({"clusterId": "b"})], "in its destination", id="migrated twice"),
        pytest.param(
            [migrated({"clusterId": "b"}, collections=[{"source": "c", "destination": "d"}])],
            "in its destination",
            id="migrated twice under one name",
        ),
        pytest.param(
            [{"name": "a", "cloneCollectionJob": {"clusterId": "c", "collection": "a", "destCollection": "b"}}],
            NAMED_ANEW,
            id="cloned twice",
        ),
        pytest.param(
            [{"name": "a", "sampleCollectionJob": {"clusterId": "c", "collection": "a"}}], NAMED_ANEW, id="s"
        ),
        *[
            pytest.param([BACKED | {"metadata": {where: {mark: "x"}}}], MARKS, id=f"{where} {mark}")
            for where in ("labels", "annotations")
            for mark in (
                "jobs.zilliz.com/schedule",
                "argocd.argoproj.io/tracking-id",
                "helm.toolkit.fluxcd.io/name",
                "meta.helm.sh/release-name",
                "app.kubernetes.io/instance",
                "app.kubernetes.io/managed-by",
            )
        ],
    ],
)
def test_a_wrong_job_is_refused_with_a_sentence(user: User, jobs: list[Spec], sentence: str) -> None:
    assert sentence in user.create(*jobs)


@pytest.mark.parametrize(
    ("jobs", "taken"),
    [
        pytest.param([BACKED, EXPORTED], True, id="what can be cancelled"),
        pytest.param([migrated({"newCluster": CLUSTER})], True, id="an offline migration"),
        pytest.param([migrated({"newCluster": CLUSTER}, mode="ZeroDowntime")], False, id="one without a cancel"),
        pytest.param([BACKED, IMPORTED], False, id="an import"),
        pytest.param([SUSPENDED], False, id="a suspension"),
    ],
)
def test_only_what_can_be_cancelled_can_be_replaced(user: User, jobs: list[Spec], taken: bool) -> None:
    complaint = user.create(*jobs, concurrencyPolicy="Replace")
    assert (complaint == "") == taken
    assert taken or "use Forbid" in complaint


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        pytest.param({"startingDeadlineSeconds": 59}, "greater than or equal to 60", id="a short deadline"),
        pytest.param({"schedules": []}, "at least 1 items", id="never"),
        pytest.param({"concurrencyPolicy": "Queue"}, '"Forbid", "Allow", "Replace"', id="an unknown policy"),
        pytest.param({"name": "x" * 53}, "at most 52 characters", id="a long name"),
    ],
)
def test_a_wrong_schedule_is_refused_with_a_sentence(user: User, spec: Spec, sentence: str) -> None:
    assert sentence in user.create(BACKED, **spec)


def test_a_typo_in_a_template_is_told_at_once(user: User) -> None:
    """Not at three in the morning."""
    assert "unknown field" in user.create({"name": "a", "backupJob": {"clusterID": "in01-1", **BACKUP}})


def test_an_entry_may_become_of_another_kind(user: User) -> None:
    """Under server-side apply as well, where fields of a map are merged unless its items are atomic."""
    assert user.create(BACKED) == ""
    manifest = {"apiVersion": API, "kind": "JobSchedule", "metadata": {"name": "x"}}
    for kind in ({"backupJob": BACKUP}, {"suspendClusterJob": BACKUP}):
        spec = {"schedules": ["@daily"], "jobs": [{"name": "backup", **kind}]}
        complaint = user.kubectl(
            "apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(manifest | {"spec": spec})
        )
        assert complaint == ""
        assert user.read()["spec"]["jobs"] == spec["jobs"]
