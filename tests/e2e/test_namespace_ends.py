"""A namespace is deleted with all that is in it: Secrets, connections and jobs go in any order, no event is taken."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.charted import Release
from tests.support.cloud import Cloud, movies
from tests.support.controlplane import ControlPlane
from tests.support.operators import OperatorProcess
from tests.support.rooms import NAMESPACED
from tests.support.user import User, manifest

from zilliz_local.cloud import PROJECT

pytestmark = [
    pytest.mark.controlplane,
    pytest.mark.skipif(
        NAMESPACED, reason="with the namespace goes the operator's role in it, and so all that it could do"
    ),
]


@pytest.fixture
def operator(
    cluster: ControlPlane, release: Release, cluster_namespace: str, log_file: Path
) -> Iterator[OperatorProcess]:
    """One of the namespace's own, since a test stops it."""
    alone = {"leader_elect": False, "log_format": "text"}
    operator = OperatorProcess(cluster, log_file, namespaces=(cluster_namespace,), release=release, **alone)
    operator.start()
    yield operator
    operator.close()
    operator.require_clean_log()


def another(cloud: Cloud) -> str:
    name = f"in01-{secrets.token_hex(7)}"
    cloud.ask(lambda sim: sim.world.put_cluster(name, movies()))
    return name


def last_words(operator: OperatorProcess, kind: str, name: str) -> list[str]:
    return [line for line in operator.said().splitlines() if kind in line and f"/{name}: the object is gone" in line]


def counted(operator: OperatorProcess, kind: str, outcome: str) -> float:
    return operator.metrics().get(f'zilliz_jobs_deleted_total{{kind="{kind}",outcome="{outcome}"}}', 0.0)


def ends(user: User) -> None:
    user.until("the namespace is gone", lambda: not user.read(f"/api/v1/namespaces/{user.namespace}"), 60)


def test_it_ends_and_what_became_of_each_job_is_in_the_log_and_the_metric(
    real_cluster_with_controllers: ControlPlane, user: User, cloud: Cloud, operator: OperatorProcess
) -> None:
    """Else the namespace hangs, or jobs go on in the cloud, and cost money, of which nobody is told."""
    user.connect(cloud, console=True)
    plain = {"endpoint": cloud.url, "credentialsSecretRef": {"name": "zilliz-api-key"}, "submissionSettleSeconds": 0}
    user.apply(manifest("ZillizConnection", "plain", plain))
    cloud.slow()
    page = user.create("JobCenter", "page", {"projectId": PROJECT, "intervalSeconds": 10})
    canceled = user.backup(cloud, "canceled", deletionPolicy="Cancel")
    kept = user.backup(cloud, "kept", clusterId=another(cloud))
    never = user.backup(cloud, "never", suspend=True)
    spec = {"clusterId": another(cloud), "collection": "films", "destCollection": "copy"}
    clone = user.create("CloneCollectionJob", "copy", {**spec, "connectionRef": {"name": "plain"}})
    job_id = canceled.until_submitted()["jobId"]
    running = kept.until_submitted()["jobId"]
    step = clone.until_submitted()["submission"]["handle"]
    never.until("is held", lambda s: s["reason"] == "Suspended")
    page.until("is listed", lambda s: s.get("lastListTime"))

    user.cluster.client.delete_namespace(user.namespace)
    user.until("its account is gone", lambda: not user.read(f"/api/v1/namespaces/{user.namespace}/secrets/bucket"))
    user.until("the connection is gone", lambda: not user.connection_condition(name="plain"))
    assert clone.body(), "its backup is seen to its end, and removed"
    cloud.ask(lambda sim: sim.force(step["jobId"], "SUCCESSFUL"))
    ends(user)

    assert [entry.job_id for entry in cloud.effects("cancel")] == [job_id]
    assert len(cloud.effects("delete")) == 1, "the backup of the clone"
    user.until("all are counted", lambda: counted(operator, "JobCenter", "no_job") == 1)
    assert len(last_words(operator, "BackupJob", "canceled")) == 1
    (line,) = last_words(operator, "BackupJob", "kept")
    assert f"job {running} still runs" in line
    assert " WARNING " in line
    for outcome in ("canceled", "left_running", "not_submitted"):
        assert counted(operator, "BackupJob", outcome) == 1, outcome
    assert counted(operator, "CloneCollectionJob", "ended") == 1
    assert counted(operator, "ZillizConnection", "no_job") == 2
    assert "cannot post events" not in operator.said()


def test_no_backup_goes_with_the_namespace_of_its_schedule(
    real_cluster_with_controllers: ControlPlane, user: User, cloud: Cloud, operator: OperatorProcess
) -> None:
    """Neither those that a schedule keeps, nor one whose time has not come: what ends backups is a figure, no end of
    objects."""
    user.connect(cloud)
    jobs = [{"name": "backup", "backupJob": {"clusterId": cloud.cluster}}]
    schedule = user.create("JobSchedule", "nightly", {"schedules": ["0 0 29 2 *"], "jobs": jobs, "keepBackups": 1})
    ttl = user.backup(cloud, "ttl", clusterId=another(cloud), backupTTLSeconds=7200)
    schedule.ask("run-requested", "now")
    schedule.until("keeps one", lambda s: len(s.get("backups") or []) == 1, 60)
    ttl.until_ended()
    user.cluster.client.delete_namespace(user.namespace)
    ends(user)
    assert cloud.effects("delete") == []
    assert cloud.ask(lambda sim: [row.deleted for row in sim.world.backups.values()]) == [False, False]


def test_one_that_hung_without_an_operator_ends_when_one_is_started(
    real_cluster_with_controllers: ControlPlane, user: User, cloud: Cloud, operator: OperatorProcess
) -> None:
    """The key is gone with the Secret, so that the job cannot be cancelled; but it is told of, and nothing hangs."""
    user.connect(cloud, console=True)
    cloud.slow()
    job = user.backup(cloud, deletionPolicy="Cancel")
    job_id = job.until_submitted()["jobId"]
    assert operator.stop() == 0
    user.cluster.client.delete_namespace(user.namespace)
    user.until("the connection is gone", lambda: not user.connection_condition())
    assert job.body()["metadata"]["finalizers"] == ["jobs.zilliz.com/cleanup"]
    operator.start()
    ends(user)
    user.until("it is told", lambda: last_words(operator, "BackupJob", job.name))
    (line,) = last_words(operator, "BackupJob", job.name)
    assert f"job {job_id} still runs" in line
    assert counted(operator, "BackupJob", "left_running") == 1
