"""The kit for Flux at work: its gates open when a job is Successful, and at no other time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.gitops.flux_rig import Flux, Repository, flux, kustomizations
from tests.gitops.kit import HOLDS, KIT
from tests.gitops.programs import flux_parts
from tests.gitops.tree import Body, Tree, config_map, key_secret, made
from tests.support.cloud import Cloud
from tests.support.controlplane import ControlPlane
from tests.support.user import PLURALS, Job, User, condition, manifest

pytestmark = [pytest.mark.controlplane, pytest.mark.timeout(3600)]  # the controller is built once

CONNECTION, GATE, APP = "shop-connection", "shop-backup", "shop"
BACKUP = "zilliz/backup/backup.yaml"
RELEASE = "release-2-4"


@pytest.fixture(scope="module")
def live(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flux]:
    with flux(cluster, *flux_parts(), tmp_path_factory.mktemp("flux")) as running:
        yield running


@pytest.fixture
def shop(live: Flux, user: User, cloud: Cloud, tmp_path: Path) -> Iterator[Repository]:
    """The kit in a repository of its own, with an application behind its gate; nothing is applied yet."""
    user.apply(key_secret(cloud))
    tree = Tree(tmp_path / "repository")
    tree.copy(KIT / "flux" / "zilliz", "zilliz")
    tree.reach(cloud, "zilliz/connection/connection.yaml")
    tree.write("shop/release.yaml", config_map(RELEASE))
    repository = Repository(live, user, tree)
    yield repository
    repository.clear()


@pytest.fixture
def backup(user: User) -> Job:
    """The one of the kit, with the suffix of its kustomization."""
    return Job(user, "BackupJob", "before-2-4")


def facts(job: Job) -> Body:
    """What Flux and the operator say in an object, without who said it when."""
    body = job.body()
    return {"generation": body["metadata"]["generation"], "spec": body["spec"], "status": body["status"]}


def test_the_application_comes_after_its_backup(shop: Repository, user: User, cloud: Cloud, backup: Job) -> None:
    """Else the kit would be no gate, or one that never opens."""
    shop.publish()
    shop.apply(*kustomizations(user.namespace).values())
    shop.until_ready(CONNECTION, GATE, APP)
    assert backup.status()["state"] == "Successful"
    # Not completionTime: the clock of the simulated cloud is ahead.
    told = condition(backup.body(), "Succeeded")["lastTransitionTime"]
    assert made(user, RELEASE)["metadata"]["creationTimestamp"] >= told
    before = facts(backup)
    shop.reconcile(GATE)
    shop.until_ready(GATE)
    assert facts(backup) == before, "what Git says is applied again, and is no reason to do anything"
    assert len(cloud.effects()) == 1


def test_a_failed_job_keeps_the_gate_shut_until_its_retry(
    shop: Repository, user: User, cloud: Cloud, backup: Job
) -> None:
    """Else the change of the schema would follow a backup that does not exist, or wait two hours for it."""
    cloud.next_job("BACKUP", failure="disk full")
    shop.publish()
    shop.apply(*kustomizations(user.namespace).values())
    told = shop.until_failed(GATE)
    assert "failed early" in told
    assert "before-2-4" in told
    assert backup.status()["state"] == "Failed"
    user.until("the application waits", lambda: shop.ready(APP).get("reason") == "DependencyNotReady")
    assert not made(user, RELEASE)
    assert len(cloud.effects()) == 1

    backup.ask("retry-requested", "again")
    backup.until_request("retry", "Completed", "again")
    backup.until_ended("Successful")
    shop.reconcile(GATE)
    shop.until_ready(GATE, APP)
    assert made(user, RELEASE)
    assert len(cloud.effects()) == 2


def hold_the_job(tree: Tree) -> Callable[[], None]:
    tree.edit(BACKUP, lambda body: body["spec"].update(suspend=True))
    return lambda: tree.edit(BACKUP, lambda body: body["spec"].update(suspend=False))


def hold_the_connection(tree: Tree) -> Callable[[], None]:
    file = "zilliz/connection/connection.yaml"
    tree.edit(file, lambda body: body["spec"].update(suspend=True))
    return lambda: tree.edit(file, lambda body: body["spec"].update(suspend=False))


def still_waits(told: str) -> bool:
    """Flux tells the end of its wait as such, or as the request for which no time was left."""
    ended = "timeout waiting for" in told or "would exceed context deadline" in told
    return ended and "failed early" not in told


@pytest.mark.parametrize(
    ("kind", "hold", "reason"),
    [
        ("BackupJob", hold_the_job, "Suspended"),
        ("BackupJob", hold_the_connection, "ConnectionSuspended"),
        ("SuspendClusterJob", hold_the_job, "Suspended"),
    ],
)
def test_a_held_job_holds_the_gate_that_kstatus_alone_would_open(
    shop: Repository,
    user: User,
    cloud: Cloud,
    kind: str,
    hold: Callable[[Tree], Callable[[], None]],
    reason: str,
) -> None:
    """Else what was suspended as a precaution would let pass all that depends on it."""
    shop.tree.edit(BACKUP, lambda body: body.update(kind=kind))
    release = hold(shop.tree)
    shop.tree.copy(shop.tree.root / "zilliz" / "backup", "plain")
    shop.tree.edit("plain/kustomization.yaml", lambda body: body.update(nameSuffix="-plain"))
    shop.tree.edit("plain/backup.yaml", lambda body: body["spec"].update(suspend=True))
    shop.publish()
    kit = kustomizations(user.namespace)
    kit[GATE]["spec"] |= {"timeout": "10s", "retryInterval": "2s"}
    plain = {**kit[GATE], "metadata": {"name": "plain", "namespace": user.namespace}}
    plain["spec"] = {name: one for name, one in kit[GATE]["spec"].items() if name != "healthCheckExprs"}
    plain["spec"]["path"] = "./plain"
    shop.apply(*kit.values(), plain)
    told = shop.until_failed(GATE)
    assert still_waits(told), told
    job = Job(user, kind, "before-2-4")
    assert job.status()["reason"] == reason
    shop.until_ready("plain")
    assert Job(user, kind, "before-plain").status()["reason"] in HOLDS
    assert not made(user, RELEASE)
    assert not cloud.effects() + cloud.effects("suspend")

    release()
    shop.publish()
    shop.until_ready(CONNECTION, GATE, APP)
    assert job.status()["state"] == "Successful"
    assert made(user, RELEASE)
    assert len(cloud.effects() + cloud.effects("suspend")) == 1


def test_a_cluster_that_is_suspended_holds_the_gate_until_it_runs(
    shop: Repository, user: User, cloud: Cloud, backup: Job
) -> None:
    """Else the application would be changed without a backup, or its release given up, for a cluster that sleeps."""
    shop.publish()
    kit = kustomizations(user.namespace)
    kit[GATE]["spec"] |= {"timeout": "10s", "retryInterval": "2s"}
    shop.apply(kit[CONNECTION])
    shop.until_ready(CONNECTION)
    of_cluster = {"clusterId": shop.tree.read(BACKUP)["spec"]["clusterId"]}
    user.create("SuspendClusterJob", "night", of_cluster).until_ended()
    shop.apply(kit[GATE], kit[APP])
    told = shop.until_failed(GATE)
    assert still_waits(told), told
    assert "is STOPPED" in backup.status()["message"]
    assert not made(user, RELEASE)
    assert not cloud.effects()

    user.create("ResumeClusterJob", "morning", of_cluster).until_ended()
    shop.until_ready(GATE, APP)
    assert backup.status()["state"] == "Successful"
    assert made(user, RELEASE)
    assert len(cloud.effects()) == 1


def test_runs_of_a_schedule_are_neither_applied_nor_pruned(shop: Repository, user: User, cloud: Cloud) -> None:
    """Else a backup at night would be deleted by the next reconciliation, or fail the application with it."""
    jobs = [{"name": "backup", "backupJob": {"clusterId": cloud.cluster}}]
    schedule = manifest("JobSchedule", "nightly", {"schedules": ["0 0 29 2 *"], "jobs": jobs})
    shop.tree.write("shop/schedule.yaml", schedule)
    shop.publish()
    kit = kustomizations(user.namespace)
    kit[APP]["spec"]["dependsOn"] = [{"name": CONNECTION}]
    shop.apply(kit[CONNECTION], kit[APP])
    shop.until_ready(APP)
    nightly = Job(user, "JobSchedule", "nightly")
    cloud.next_job("BACKUP", failure="disk full")
    nightly.ask("run-requested", "now")
    run = nightly.until("its run failed", lambda s: [r for r in s.get("runs") or [] if r["state"] == "Failed"])
    (child,) = user.read(user.path(PLURALS["BackupJob"]))["items"]
    before = nightly.body()["metadata"]["generation"]
    shop.tree.write("shop/more.yaml", config_map("more"))
    shop.publish()
    user.until("the new revision is applied", lambda: made(user, "more"))
    shop.until_ready(APP)
    assert Job(user, "BackupJob", child["metadata"]["name"]).body()["metadata"]["uid"] == child["metadata"]["uid"]
    assert nightly.body()["metadata"]["generation"] == before
    assert nightly.status()["runs"] == run["runs"]
    assert len(cloud.effects()) == 1

    (shop.tree.root / "shop" / "schedule.yaml").unlink()
    shop.publish()
    nightly.until_gone()
    user.until("its run is collected", lambda: not user.read(user.path(PLURALS["BackupJob"]))["items"])
