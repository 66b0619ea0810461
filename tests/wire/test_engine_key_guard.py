"""No job can have the API key of any connection sent to an address of its author, however little the operator knows
yet of the connections: it asks before it reads a Secret, and while it gets no answer it waits, and says so."""

from __future__ import annotations

import base64
import copy

import pytest
from tests.support.engine_rig import NAMESPACE, Body, Rig, condition

from zilliz_local.cloud import KEY, SHOP

THIEF = "https://thief.example.com"
LABEL = {"jobs.zilliz.com/credentials": "true"}
STOLEN = "key-of-the-other-account"
CONNECTIONS = "*/namespaces/*/zillizconnections"


@pytest.fixture
def world(keyed: Rig) -> Rig:
    keyed.connection(consoleApi={"enabled": True})
    return keyed


def make(world: Rig, kind: str, name: str, spec: Body) -> None:
    meta = {"name": name, "namespace": NAMESPACE}
    world.kube.create({"apiVersion": "jobs.zilliz.com/v1alpha1", "kind": kind, "metadata": meta, "spec": spec})


def make_secret(world: Rig, name: str, **data: str) -> None:
    packed = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    meta = {"name": name, "namespace": NAMESPACE, "labels": LABEL}
    world.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": packed})


def migration(world: Rig, name: str, secret: str) -> None:
    source = {"qdrant": {"uri": THIEF, "credentialsSecretRef": {"name": secret}}}
    names = [{"source": "a", "destination": "b"}]
    make(world, "MigrationJob", name, {"source": source, "target": {"clusterId": SHOP}, "collections": names})


def tell(world: Rig, plural: str, name: str) -> None:
    """The watch of this object tells of it; that of the others is late."""
    assert world.engine is not None
    world.engine.on_upsert(copy.deepcopy(world.get(plural, name)))


def reason(world: Rig, name: str = "thief") -> str:
    return str(condition(world.get("migrationjobs", name), "Ready").get("reason", ""))


def sent(world: Rig) -> bool:
    return bool(world.cloud.ledger.requests(kind="submit"))


class TestNotKnown:
    async def test_a_connection_that_no_watch_has_told_of(self, world: Rig) -> None:
        make_secret(world, "other", apiKey=STOLEN)
        world.connection("other", credentialsSecretRef={"name": "other"})
        world.deaf = True
        await world.start()
        migration(world, "thief", "other")
        tell(world, "migrationjobs", "thief")
        await world.until(lambda: reason(world) == "SecretHoldsApiKey" or sent(world), "it is judged")
        assert not sent(world)

    async def test_a_connection_whose_spec_cannot_be_parsed(self, world: Rig) -> None:
        make_secret(world, "other", apiKey=STOLEN)
        world.connection("other", cloud="Global", credentialsSecretRef={"name": "other"})  # and an endpoint
        await world.start()
        await world.until(lambda: condition(world.get("zillizconnections", "other"), "Ready"), "it is known")
        assert condition(world.get("zillizconnections", "other"), "Ready")["reason"] == "InvalidSpec"
        migration(world, "thief", "other")
        await world.until(lambda: reason(world) == "SecretHoldsApiKey" or sent(world), "it is judged")
        assert not sent(world)

    async def test_a_connection_that_is_made_while_the_job_waits_for_its_secret(self, world: Rig) -> None:
        await world.start()
        migration(world, "thief", "other")
        await world.until(lambda: reason(world) == "SecretNotFound", "it waits")
        world.deaf = True
        world.connection("other", credentialsSecretRef={"name": "other"})
        make_secret(world, "other", apiKey=STOLEN)
        tell(world, "migrationjobs", "thief")
        await world.until(lambda: reason(world) == "SecretHoldsApiKey" or sent(world), "it is judged")
        assert not sent(world)

    async def test_a_connection_that_is_deleted_and_made_anew(self, world: Rig) -> None:
        """As a GitOps tool replaces it: in between only this process remembers what the Secret is."""
        make_secret(world, "other", apiKey=KEY)
        world.connection("other", credentialsSecretRef={"name": "other"})
        await world.start()
        await world.until(
            lambda: condition(world.get("zillizconnections", "other"), "Ready").get("status") == "True", "it is good"
        )
        await world.delete("zillizconnections", "other")
        migration(world, "thief", "other")
        await world.until(lambda: reason(world) == "SecretHoldsApiKey" or sent(world), "it is judged")
        assert not sent(world)


class TestNoAnswer:
    async def test_a_slow_list_is_waited_for(self, world: Rig) -> None:
        make_secret(world, "other", apiKey=STOLEN)
        world.connection("other", credentialsSecretRef={"name": "other"})
        world.deaf = True
        world.kube.faults.delay(1.5, method="LIST", path=CONNECTIONS, times=None)
        await world.start()
        migration(world, "thief", "other")
        tell(world, "migrationjobs", "thief")
        await world.until(lambda: reason(world) == "SecretHoldsApiKey" or sent(world), "it is judged")
        assert not sent(world)

    @pytest.mark.parametrize("code", [403, 500])
    async def test_one_that_fails_is_told_and_heals(self, world: Rig, code: int) -> None:
        """Else every job with a Secret would stand still, and nobody knew why."""
        make_secret(world, "source", apiKey="key-of-the-source")
        world.kube.faults.answer(code, method="LIST", path=CONNECTIONS, times=None)
        await world.start()
        migration(world, "honest", "source")
        await world.until(lambda: reason(world, "honest") == "ConnectionsNotKnown" or sent(world), "it says so")
        assert not sent(world)
        assert "connections" in world.status("migrationjobs", "honest")["message"]
        await world.until(lambda: world.events("ConnectionsNotKnown"), "an event")
        world.kube.faults.clear()
        tell(world, "migrationjobs", "honest")
        await world.until(lambda: world.status("migrationjobs", "honest").get("jobId"), "it is submitted", 15)
