"""What Kubernetes refuses before a submission is told in the object, like what the cloud refuses; and it heals.

A person who sees nothing but `Pending` waits for a job that will never begin.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.engine_rig import NAMESPACE, Rig, condition, rig
from tests.support.engine_rig import _ours as ours
from tests.support.kinds_rig import backed_up

from zilliz_local.cloud import MOVIES, PROJECT, CloudSimulator

SECRETS, ONE_SECRET = "/api/v1/namespaces/*/secrets", "/api/v1/namespaces/*/secrets/*-credentials"
POLICY = "ValidatingAdmissionPolicy 'labels' with binding 'labels' denied request: every Secret needs an owner label"
WEBHOOK = 'admission webhook "secrets.example.com" denied the request: no Secrets here'
QUOTA = 'secrets "copy-credentials" is forbidden: exceeded quota: small, requested: count/secrets=1'
FAILING = 'Internal error occurred: failed calling webhook "secrets.example.com": no endpoints available'


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path, CloudSimulator(speed=20)) as world:
        world.secret()
        world.connection()
        yield world


def restore(world: Rig, name: str = "copy", **more: Any) -> None:
    """A job that brings credentials, from a backup that the simulator has."""
    backup = backed_up(world.cloud).backup_id
    target = {"projectId": PROJECT, "name": "movies-copy", "cuSize": 2}
    spec = {"backup": {"clusterId": MOVIES, "backupId": backup}, "newCluster": target} | more
    world.kube.create(ours("RestoreJob", name, spec))


def reason(world: Rig, plural: str = "restorejobs", name: str = "copy") -> Any:
    return world.status(plural, name).get("reason")


def told(world: Rig, name: str = "copy") -> set[str]:
    """The sentences of the Warning events about the object that Kubernetes is the reason of."""
    events = [e for e in world.events() if e["reason"].startswith("Kubernetes") and e["type"] == "Warning"]
    return {e["message"] for e in events if e["involvedObject"]["name"] == name}


REFUSALS = {
    "a policy": (422, SECRETS, POLICY, "KubernetesRefused"),
    "a webhook": (403, SECRETS, WEBHOOK, "KubernetesRefused"),
    "a quota": (403, SECRETS, QUOTA, "KubernetesRefused"),
    "a policy for changes only": (422, ONE_SECRET, POLICY, "KubernetesRefused"),
    "a webhook that fails": (500, SECRETS, FAILING, "KubernetesUnavailable"),
    "a Secret that goes at that moment": (404, ONE_SECRET, "secrets is gone", "KubernetesUnavailable"),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_a_refused_secret_is_told_in_the_object_and_heals(world: Rig, case: str) -> None:
    code, path, sentence, word = REFUSALS[case]
    method = "POST" if path == SECRETS else "PATCH"
    world.kube.faults.answer(code, method=method, path=path, times=None, message=sentence)
    restore(world)
    await world.start()
    await world.until(lambda: reason(world) == word, f"the object says {word}", 20)
    assert sentence in world.status("restorejobs", "copy")["message"]
    assert sentence in condition(world.get("restorejobs", "copy"), "Ready")["message"]
    await world.until(lambda: told(world), "an event tells it")
    (message,) = told(world)
    assert sentence in message
    assert not world.cloud.ledger.effects(kind="submit", client="api", route="restore.cluster")
    world.kube.faults.clear()
    await world.until(lambda: world.status("restorejobs", "copy").get("jobId"), "it heals by itself", 20)
    assert len(world.cloud.ledger.effects(route="restore.cluster")) == 1


async def test_a_migration_into_a_new_cluster_tells_it_too(world: Rig) -> None:
    world.kube.faults.answer(422, method="POST", path=SECRETS, times=None, message=POLICY)
    new = {"projectId": PROJECT, "regionId": "aws-us-west-2", "plan": "Enterprise", "cuSize": 1}
    target = {"newCluster": new | {"cuType": "PerformanceOptimized"}}
    world.kube.create(
        ours("MigrationJob", "move", {"source": {"zillizCluster": {"clusterId": MOVIES}}, "target": target})
    )
    await world.start()
    await world.until(lambda: reason(world, "migrationjobs", "move") == "KubernetesRefused", "it is told", 20)
    assert POLICY in world.status("migrationjobs", "move")["message"]
    await world.until(lambda: told(world, "move"), "an event tells it")
    assert not world.cloud.ledger.effects(kind="submit", client="api")
    world.kube.faults.clear()
    await world.until(lambda: world.status("migrationjobs", "move").get("jobId"), "it heals by itself", 20)


async def test_the_refusal_is_the_last_obstacle_of_a_job_that_was_not_submitted_in_time(world: Rig) -> None:
    world.kube.faults.answer(422, method="POST", path=SECRETS, times=None, message=POLICY)
    restore(world)
    await world.start()
    await world.until(lambda: reason(world) == "KubernetesRefused", "it is told", 20)
    await world.patch("restorejobs", "copy", {"spec": {"startDeadlineSeconds": 1}})
    status = await world.until_state("restorejobs", "copy", "Failed", 20)
    assert status["reason"] == "DeadlineExceeded"
    assert POLICY in status["message"]


@pytest.mark.parametrize("code", [403, 422])
async def test_a_refused_finalizer_is_told_before_anything_is_sent(world: Rig, code: int) -> None:
    """Without the finalizer a deletion could not cancel the job, so it is not begun."""
    path = "/apis/jobs.zilliz.com/*/backupjobs/one"
    world.kube.faults.answer(code, method="PATCH", path=path, times=None, message=POLICY)
    world.backup("one", deletionPolicy="Cancel")
    await world.start()
    await world.until(lambda: reason(world, "backupjobs", "one") == "KubernetesRefused", "it is told")
    await world.until(lambda: told(world, "one"), "an event tells it")
    assert not world.cloud.ledger.effects(kind="submit", client="api")
    world.kube.faults.clear()
    await world.until(lambda: world.status("backupjobs", "one").get("jobId"), "it heals by itself", 20)


async def test_a_finalizer_that_is_refused_later_does_not_stop_the_status(world: Rig) -> None:
    """The job would stay InProgress for ever in the object, although it has ended in the cloud."""
    world.backup("one")
    await world.start()
    await world.until(lambda: world.status("backupjobs", "one").get("jobId"), "it is submitted")
    await world.patch("backupjobs", "one", {"spec": {"deletionPolicy": "Cancel"}})
    path = "/apis/jobs.zilliz.com/*/backupjobs/one"
    world.kube.faults.answer(422, method="PATCH", path=path, times=None, message=POLICY)
    world.cloud.advance(3600)
    await world.until_state("backupjobs", "one", "Successful", 20)


async def test_where_no_status_can_be_written_an_event_tells_it(world: Rig) -> None:
    path = "/apis/jobs.zilliz.com/*/backupjobs/one/status"
    world.kube.faults.answer(422, method="PATCH", path=path, times=None, message=POLICY)
    world.backup("one")
    await world.start()
    await world.until(lambda: told(world, "one"), "an event tells it")
    assert POLICY in next(iter(told(world, "one")))
    assert not world.cloud.ledger.effects(kind="submit", client="api")
    world.kube.faults.clear()
    await world.until(lambda: world.status("backupjobs", "one").get("jobId"), "it heals by itself", 20)
    assert len(world.cloud.ledger.effects(kind="submit", client="api")) == 1


NAMES = {
    "the object's name is too long": ("n" * 253, {}),
    "just too long": ("n" * 242, {}),
    "the name in the spec is none": ("copy", {"credentialsSecretName": "My_Secret"}),
}


@pytest.mark.parametrize("case", NAMES)
async def test_a_secret_that_cannot_be_named_is_told_before_anything_else(world: Rig, case: str) -> None:
    """Not after hours, when the backup that it waits for has ended at last."""
    name, new = NAMES[case]
    target = {"projectId": PROJECT, "name": "movies-copy", "cuSize": 2} | new
    spec = {"backup": {"backupJobRef": {"name": "nowhere"}}, "newCluster": target, "connectionRef": {"name": "none"}}
    world.kube.create(ours("RestoreJob", name, spec))
    await world.start()
    await world.until(lambda: reason(world, "restorejobs", name) == "InvalidSpec", "it is told")
    accepted = condition(world.get("restorejobs", name), "Accepted")
    assert accepted["status"] == "False"
    assert "credentialsSecretName" in accepted["message"]
    assert condition(world.get("restorejobs", name), "Stalled")["status"] == "True"


async def test_the_longest_name_that_fits_is_taken(world: Rig) -> None:
    restore(world, "n" * 241)
    await world.start()
    await world.until(lambda: world.status("restorejobs", "n" * 241).get("jobId"), "it is submitted", 20)
    assert world.kube.object("secrets", NAMESPACE, f"{'n' * 241}-credentials")
