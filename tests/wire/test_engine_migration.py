"""The life of MigrationJobs in the engine: what they wait for, and how a lost submission is found again."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from tests.support.engine_rig import NAMESPACE, Rig, condition

from zilliz_local.cloud import MOVIES, PROJECT, SHOP

JOBS = "migrationjobs"
LABEL = {"jobs.zilliz.com/credentials": "true"}
FILMS = {
    "source": {"zillizCluster": {"clusterId": MOVIES}},
    "target": {"clusterId": SHOP},
    "collections": [{"source": "films"}],
}
NEW = {
    "newCluster": {
        "projectId": PROJECT,
        "regionId": "aws-us-west-2",
        "plan": "Enterprise",
        "cuType": "PerformanceOptimized",
        "cuSize": 1,
    }
}
WHOLE = {"source": FILMS["source"], "target": NEW}
QDRANT = {
    "source": {"zillizExternal": {"uri": "https://in01-z.example.com", "credentialsSecretRef": {"name": "keys"}}},
    "target": {"clusterId": SHOP},
    "collections": [{"source": "points"}],
}


@pytest.fixture
def world(keyed: Rig) -> Rig:
    return keyed


def migrate(world: Rig, spec: dict[str, Any], name: str = "one") -> None:
    world.kube.create(
        {
            "apiVersion": "jobs.zilliz.com/v1alpha1",
            "kind": "MigrationJob",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": spec,
        }
    )


def keys(world: Rig, **values: str) -> None:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    meta = {"name": "keys", "namespace": NAMESPACE, "labels": LABEL}
    world.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data})


async def until_said(world: Rig, reason: str) -> str:
    """A reason that only repeats the state is left out."""
    await world.until(lambda: reason in (world.status(JOBS, "one").get(n) for n in ("reason", "state")), reason)
    return str(world.status(JOBS, "one")["message"])


async def test_a_migration_into_a_new_cluster_runs_to_its_end(world: Rig) -> None:
    world.connection()
    migrate(world, WHOLE)
    await world.start()
    await world.until(lambda: world.status(JOBS, "one").get("jobId"), "it knows its job")
    assert world.status(JOBS, "one")["target"] == f"{PROJECT}/new cluster"
    world.cloud.advance(60)
    status = await world.until_state(JOBS, "one", "Successful")
    assert world.cloud.world.clusters[status["result"]["clusterId"]].name.startswith("one-")


async def test_a_new_cluster_whose_answer_was_lost_is_found_and_not_made_twice(world: Rig) -> None:
    world.connection()
    world.cloud.fault("migration.new_dedicated", "drop_after", times=1)
    migrate(world, WHOLE)
    await world.start()
    await until_said(world, "InProgress")
    submission = world.status(JOBS, "one")["submission"]
    assert (submission["evidence"], submission["handle"].keys()) == ("Marker", {"newClusterId"})
    world.cloud.advance(60)
    await world.until_state(JOBS, "one", "Successful")
    assert len(world.cloud.ledger.effects()) == 1


async def test_a_lost_answer_waits_for_a_word(world: Rig) -> None:
    """Its collections are no proof: a sample or a clone may have made them."""
    world.connection()
    world.cloud.fault("migration.existing", "drop_after", times=1)
    migrate(world, FILMS)
    await world.start()
    assert "resolve-submission" in await until_said(world, "SubmissionUnknown")
    world.cloud.advance(60)
    await world.until(lambda: "are new in the cluster" in world.status(JOBS, "one")["message"], "it tells of them")
    (effect,) = world.cloud.ledger.effects()
    token = world.status(JOBS, "one")["submission"]["token"]
    decision = {"jobs.zilliz.com/resolve-submission": f"{token}=adopt:{effect.job_id}"}
    await world.patch(JOBS, "one", {"metadata": {"annotations": decision}})
    await world.until_state(JOBS, "one", "Successful")
    assert len(world.cloud.ledger.effects()) == 1


async def test_it_goes_as_soon_as_the_console_is_allowed(world: Rig) -> None:
    world.connection()
    keys(world, apiKey="key-of-the-source")
    migrate(world, QDRANT)
    await world.start()
    assert "consoleApi.enabled" in await until_said(world, "NoPublicAPI")
    await world.patch("zillizconnections", "default", {"spec": {"consoleApi": {"enabled": True}}})
    await world.until(lambda: world.status(JOBS, "one").get("jobId"), "it knows its job")


async def test_it_goes_as_soon_as_the_secret_is_complete(world: Rig) -> None:
    world.connection(consoleApi={"enabled": True})
    keys(world, username="me")
    migrate(world, QDRANT)
    await world.start()
    assert "Secret keys has neither apiKey" in await until_said(world, "SecretKeyMissing")
    assert world.cloud.ledger.requests() == []
    await world.delete_secret("keys")
    keys(world, username="me", password="pw-of-the-source")
    await world.until(lambda: world.status(JOBS, "one").get("jobId"), "it knows its job")
    assert "pw-of-the-source" not in json.dumps(world.everything())


async def test_without_downtime_a_cancel_is_refused_with_its_own_reason(world: Rig) -> None:
    world.connection(consoleApi={"enabled": True})
    migrate(world, WHOLE | {"mode": "ZeroDowntime", "deletionPolicy": "Cancel"})
    await world.start()
    await world.until(lambda: world.status(JOBS, "one").get("jobId"), "it knows its job")
    change = {"metadata": {"annotations": {"jobs.zilliz.com/cancel-requested": "1"}}}
    await world.patch(JOBS, "one", change)
    await world.until(lambda: world.status(JOBS, "one").get("cancel"), "an answer")
    cancel = world.status(JOBS, "one")["cancel"]
    assert (cancel["outcome"], cancel["reason"]) == ("Refused", "ZeroDowntime")
    assert not world.get(JOBS, "one")["metadata"].get("finalizers"), "nothing holds its deletion"
    assert world.cloud.ledger.requests(route="console.cancel") == []
    assert condition(world.get(JOBS, "one"), "Finished")["status"] == "False"


async def test_two_into_one_cluster_are_both_taken_in_turn(world: Rig) -> None:
    """Under one lock one submission is open at a time; the migrations themselves run side by side."""
    world.connection()
    migrate(world, FILMS)
    migrate(world, FILMS | {"collections": [{"source": "actors"}]}, "two")
    await world.start()
    await world.until(
        lambda: all(world.status(JOBS, name).get("jobId") for name in ("one", "two")), "both know their jobs"
    )
    assert set(world.cloud.ledger.effects_per_token().values()) == {1}
