"""A restore into a new cluster through the whole engine: it waits for its backup, and its only password is kept."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.engine_rig import CALM, NAMESPACE, Rig, condition, rig
from tests.support.engine_rig import _ours as ours

from zilliz_local.cloud import PROJECT, CloudSimulator, Duration

PLURAL = "restorejobs"
SECRET = "copy-credentials"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    cloud = CloudSimulator(speed=20)
    cloud.pace(backup=Duration(pending_seconds=1, run_seconds=5), restore=Duration(pending_seconds=1, run_seconds=10))
    async with rig(tmp_path, cloud) as world:
        world.secret()
        world.connection()
        yield world


def restore(world: Rig, **new: Any) -> None:
    target = {"projectId": PROJECT, "name": "movies-copy", "cuSize": 2} | new
    world.kube.create(
        ours("RestoreJob", "copy", {"backup": {"backupJobRef": {"name": "first"}}, "newCluster": target})
    )


def reason(world: Rig) -> Any:
    return world.status(PLURAL, "copy").get("reason")


def available(world: Rig) -> dict[str, Any]:
    return condition(world.get(PLURAL, "copy"), "CredentialsAvailable")


def kept(world: Rig, name: str = SECRET) -> dict[str, str]:
    body = world.kube.object("secrets", NAMESPACE, name) or {}
    return {key: base64.b64decode(value).decode() for key, value in (body.get("data") or {}).items()}


def made(world: Rig) -> str:
    (entry,) = world.cloud.ledger.effects(route="restore.cluster")
    return str(entry.target["clusterId"])


async def ended(world: Rig, state: str = "Successful") -> dict[str, Any]:
    return await world.until_state(PLURAL, "copy", state, 20)


# -- the backup comes first


async def test_it_waits_for_its_backup_and_is_woken_by_its_end(world: Rig) -> None:
    """Its own turn would come only after a minute of back-off."""
    restore(world)
    await world.start(CALM)
    await world.until(lambda: reason(world) == "BackupNotReady", "it waits")
    assert "create it" in world.status(PLURAL, "copy")["message"]
    world.backup("first")
    await ended(world)
    assert world.cloud.world.clusters[made(world)].name == "movies-copy"


async def test_a_backup_that_failed_is_waited_for_until_it_is_retried(world: Rig) -> None:
    world.cloud.next_job("BACKUP", failure="disk full")
    world.backup("first", retryPolicy={"resubmit": True})
    restore(world)
    await world.start()
    await world.until_state("backupjobs", "first", "Failed")
    await world.until(lambda: "Failed" in world.status(PLURAL, "copy").get("message", ""), "it says so")
    assert world.cloud.ledger.effects(route="restore.cluster") == []
    change = {"metadata": {"annotations": {"jobs.zilliz.com/retry-requested": "1"}}}
    await world.patch("backupjobs", "first", change)
    await ended(world)


async def test_a_start_deadline_ends_the_wait(world: Rig) -> None:
    restore(world)
    await world.patch(PLURAL, "copy", {"spec": {"startDeadlineSeconds": 1}})
    await world.start()
    assert (await ended(world, "Failed"))["reason"] == "DeadlineExceeded"


# -- the one-time credentials


async def test_the_password_is_in_a_secret_that_outlives_the_job(world: Rig) -> None:
    world.backup("first")
    restore(world)
    await world.start()
    done = await ended(world)
    assert kept(world).keys() == {"username", "password", "clusterId"}
    assert kept(world)["clusterId"] == made(world) == done["result"]["clusterId"]
    assert done["result"]["credentialsSecretName"] == SECRET
    assert (available(world)["status"], available(world)["reason"]) == ("True", "CredentialsStored")
    await world.delete(PLURAL, "copy")
    await world.until(lambda: not world.get(PLURAL, "copy"), "it is gone")
    assert kept(world)["password"]
    assert "ownerReferences" not in world.kube.object("secrets", NAMESPACE, SECRET)["metadata"]


async def test_the_secret_has_the_name_that_the_manifest_gives(world: Rig) -> None:
    world.backup("first")
    restore(world, credentialsSecretName="login")
    await world.start()
    await ended(world)
    assert kept(world, "login")["password"]


async def test_nothing_is_submitted_while_the_password_would_have_no_place(world: Rig) -> None:
    meta = {"name": SECRET, "namespace": NAMESPACE}
    world.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {"password": "b2xk"}})
    world.backup("first")
    restore(world)
    await world.start()
    await world.until(lambda: reason(world) == "CredentialsSecretTaken", "it says so", 20)
    assert world.cloud.ledger.effects(route="restore.cluster") == []
    assert kept(world) == {"password": "old"}
    await world.delete_secret(SECRET)
    await ended(world)
    assert kept(world)["clusterId"] == made(world)


@pytest.mark.parametrize("fault", ["drop_after", "status_after", "garbage_after", "malformed_json"])
async def test_a_lost_answer_loses_the_password_but_not_the_cluster(world: Rig, fault: str) -> None:
    world.cloud.fault("restore.cluster", fault, times=1)
    world.backup("first")
    restore(world)
    await world.start()
    done = await ended(world)
    assert done["result"]["clusterId"] == made(world)
    assert (available(world)["status"], available(world)["reason"]) == ("False", "CredentialsLost")
    assert "reset the password" in available(world)["message"]
    await world.until(lambda: world.events("CredentialsLost"), "the event")
    assert kept(world) == {}


async def test_a_password_that_was_stored_before_the_crash_is_not_called_lost(world: Rig) -> None:
    """The Secret is filled before the job's id is recorded; a process can die in between."""
    world.backup("first")
    restore(world)
    engine = await world.start()
    write = engine.status_writer.write_answer

    async def dies(kind: Any, body: Any, intent: Any, status: Any, **more: Any) -> Any:
        if kind.resource.kind == "RestoreJob":
            raise ConnectionError("the process dies here")
        return await write(kind, body, intent, status, **more)

    engine.status_writer.write_answer = dies
    await world.until(lambda: kept(world), "the password is stored", 20)
    await world.stop()
    assert not (world.status(PLURAL, "copy").get("submission") or {}).get("handle")
    await world.start()
    done = await ended(world)
    assert (available(world)["status"], done["submission"]["evidence"]) == ("True", "Inferred")
    assert kept(world)["clusterId"] == made(world)


# -- a word that only the vendor's own clients know


async def test_a_cloud_with_the_words_of_its_clients_makes_the_cluster_once(world: Rig) -> None:
    """Else a restore fails for ever at a word that the documentation gave."""
    world.cloud.behave(collection_status_words="clients")
    world.backup("first")
    restore(world)
    await world.start()
    status = await ended(world)
    assert (status["submission"]["sends"], len(status["attempts"])) == (2, 1)
    assert made(world) == status["result"]["clusterId"]
    assert kept(world)["password"]
    (notice,) = status["submission"]["notices"]
    assert (notice["reason"], "collectionStatus" in notice["message"]) == ("SentInOtherWords", True)
