"""Two operators, each of a shard, at one Kubernetes and one cloud: a job that both took would be paid for twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.support.engine_rig import FILM, NAMESPACE, Rig, condition

from zilliz_jobs.control.shard import SHARD_LABEL
from zilliz_local.cloud import MOVIES

A, B = f"{SHARD_LABEL}=a", f"{SHARD_LABEL}=b"
DEFAULT = f"!{SHARD_LABEL}"


class Shards:
    """Users who label what they make. `a` and `b` are the operators."""

    def __init__(self, a: Rig, b: Rig) -> None:
        self.a, self.b = a, b

    def make(self, kind: str, name: str, spec: dict[str, Any], shard: str = "", namespace: str = NAMESPACE) -> None:
        labels = {SHARD_LABEL: shard} if shard else {}
        meta = {"name": name, "namespace": namespace, "labels": labels}
        self.a.kube.create({"apiVersion": "jobs.zilliz.com/v1alpha1", "kind": kind, "metadata": meta, "spec": spec})

    def connection(self, called: str, shard: str = "", **ref: str) -> None:
        ref = {"name": "zilliz"} | ref
        spec = {"endpoint": self.a.cloud.url, "credentialsSecretRef": ref, "submissionSettleSeconds": 0}
        self.make("ZillizConnection", called, spec, shard)

    def imports(self, name: str, shard: str = "", connection: str = "default", collection: str = "films") -> None:
        spec = {"clusterId": MOVIES, "collection": collection, "objectStorage": {"urls": [FILM]}}
        self.make("ImportJob", name, spec | {"connectionRef": {"name": connection}}, shard)

    async def label(self, plural: str, name: str, shard: str | None) -> None:
        await self.a.patch(plural, name, {"metadata": {"labels": {SHARD_LABEL: shard}}})

    def job(self, name: str) -> dict[str, Any]:
        return self.a.status("importjobs", name)

    def reason(self, name: str) -> str:
        return str(
            condition(self.a.get("importjobs", name), "Submitted").get("reason") or self.job(name).get("reason")
        )

    def says(self, name: str) -> str:
        return str(self.job(name).get("message") or "")

    def ready(self, name: str) -> dict[str, Any]:
        return condition(self.a.get("zillizconnections", name), "Ready")

    def of(self, name: str) -> str:
        return str(self.a.status("zillizconnections", name).get("shard") or "")

    @property
    def sends(self) -> int:
        return len(self.a.cloud.ledger.effects(kind="submit"))


@asynccontextmanager
async def shards_of(world: Rig, first: str = A, second: str = B) -> AsyncIterator[Shards]:
    other = Rig(world.kube, world.cloud)
    await world.start(watch_label_selector=first)
    await other.start(watch_label_selector=second)
    try:
        yield Shards(world, other)
    finally:
        await other.stop()


@pytest.fixture
async def shards(keyed: Rig) -> AsyncIterator[Shards]:
    async with shards_of(keyed) as both:
        yield both


async def test_each_works_on_its_own_objects_and_knows_no_others(shards: Shards) -> None:
    """Objects of other shards cost nothing; none is submitted twice."""
    shards.connection("default", "a")
    for n in range(3):
        shards.imports(f"ours-{n}", "a")
    shards.imports("theirs", "b")
    shards.imports("nobodys")
    await shards.a.until(lambda: all(shards.job(f"ours-{n}").get("jobId") for n in range(3)), "all run")
    assert shards.a.engine is not None
    assert shards.b.engine is not None
    assert {entry.key.name for entry in shards.a.engine.cache} == {"ours-0", "ours-1", "ours-2"}
    assert {entry.key.name for entry in shards.b.engine.cache} == {"theirs"}
    assert shards.sends == 3
    assert shards.job("nobodys")["observedGeneration"] == -1, "nobody has seen it"
    assert shards.of("default") == "a"


async def test_a_job_of_another_shard_than_its_connection_says_so_and_is_never_sent(shards: Shards) -> None:
    shards.connection("default", "a")
    shards.imports("wrong", "b")
    await shards.a.until(lambda: shards.says("wrong"), "it says why")
    assert shards.job("wrong")["reason"] == "AnotherShard"
    assert shards.says("wrong") == (
        "ZillizConnection default is of shard a, and this object of shard b; give the object the connection's label "
        "jobs.zilliz.com/shard"
    )
    assert shards.sends == 0
    await shards.label("importjobs", "wrong", "a")
    await shards.a.until(lambda: shards.job("wrong").get("jobId"), "it runs where its connection is")
    assert shards.sends == 1


async def test_the_default_shard_has_what_has_no_label(keyed: Rig) -> None:
    async with shards_of(keyed, DEFAULT, A) as shards:
        shards.connection("default")
        shards.imports("plain")
        shards.imports("labelled", "a")
        await keyed.until(lambda: shards.job("plain").get("jobId"), "it runs")
        await keyed.until(lambda: shards.says("labelled"), "the other says why it does not")
        assert "is of the default shard, and this object of shard a" in shards.says("labelled")


async def test_a_key_that_another_shard_uses_is_refused_and_the_first_goes_on(shards: Shards) -> None:
    """Two processes with one key would have twice its budget, and each would take the other's jobs for lost ones."""
    shards.connection("first", "a")
    shards.imports("one", "a", "first")
    await shards.a.until(lambda: shards.job("one").get("jobId"), "the first works")
    shards.connection("second", "b")
    shards.imports("two", "b", "second")
    await shards.a.until(lambda: shards.ready("second").get("reason") == "AnotherShard", "the second is refused")
    message = shards.ready("second")["message"]
    assert f"its account is used by shard a already, over ZillizConnection {NAMESPACE}/first" in message
    await shards.a.until(lambda: "used by shard a already" in shards.says("two"), "its job says so, too")
    assert shards.ready("first")["status"] == "True"
    assert (shards.of("first"), shards.of("second")) == ("a", "")
    shards.imports("three", "a", "first")
    await shards.a.until(lambda: shards.job("three").get("jobId"), "the first goes on")
    assert shards.sends == 2
    await shards.label("zillizconnections", "second", "a")
    await shards.label("importjobs", "two", "a")
    await shards.a.until(lambda: shards.job("two").get("jobId"), "with the right labels it runs")
    assert shards.sends == 3


async def test_two_keys_of_one_account_are_one_account(shards: Shards) -> None:
    """What one key's jobs look like, the other's do."""
    shards.a.cloud.world.keys.add("another-key")
    shards.a.secret("another-key", "other")
    shards.connection("first", "a")
    await shards.a.until(lambda: shards.of("first") == "a", "the first claims it")
    shards.connection("second", "b", name="other")
    await shards.a.until(lambda: shards.ready("second").get("reason") == "AnotherShard", "the second is refused")
    first, second = (shards.a.status("zillizconnections", name) for name in ("first", "second"))
    assert first["keyFingerprint"] != second["keyFingerprint"]


async def test_of_two_that_begin_at_once_one_wins_in_the_end(shards: Shards) -> None:
    shards.connection("first", "a")
    shards.connection("second", "b")
    await shards.a.until(lambda: shards.of("first") + shards.of("second") in ("a", "b"), "one has it")
    winner, loser = ("first", "second") if shards.of("first") else ("second", "first")
    await shards.a.until(lambda: shards.ready(winner).get("status") == "True", "it works")
    await shards.a.until(lambda: shards.ready(loser).get("reason") == "AnotherShard", "the other says why not")


async def test_a_connection_moves_when_the_one_lets_go(shards: Shards) -> None:
    """Its jobs that have begun move with it; none is sent twice, none is said to be deleted."""
    shards.connection("default", "a")
    shards.imports("runs", "a")
    await shards.a.until(lambda: shards.job("runs").get("jobId"), "it runs in a")
    await shards.label("zillizconnections", "default", "b")
    await shards.a.until(lambda: "have begun and are of another shard" in shards.ready("default").get("message", ""))
    assert "1 of its jobs" in shards.ready("default")["message"]
    assert "ImportJob runs" in shards.ready("default")["message"]
    await shards.label("importjobs", "runs", "b")
    await shards.a.until(lambda: shards.of("default") == "b", "b has it")
    shards.imports("next", "b")
    await shards.a.until(lambda: shards.job("next").get("jobId"), "b works with it")
    shards.a.cloud.clock.advance(10_000)
    await shards.a.until_state("importjobs", "runs", "Successful")
    assert shards.sends == 2
    assert shards.a.events("DeletedWhileRunning") == []


async def test_a_job_that_leaves_is_not_said_to_be_deleted_and_its_job_is_nobodys_else(shards: Shards) -> None:
    shards.connection("default", "a")
    shards.imports("leaves", "a")
    await shards.a.until(lambda: shards.job("leaves").get("jobId"), "it runs")
    job_id = shards.job("leaves")["jobId"]
    await shards.label("importjobs", "leaves", "b")
    engine = shards.a.engine
    assert engine
    await shards.a.until(lambda: not [*engine.cache], "a has left it")
    assert shards.a.events("DeletedWhileRunning") == []
    assert not engine.ownership.is_unclaimed("another", job_id)
    await shards.a.until(lambda: shards.job("leaves").get("reason") == "AnotherShard", "b says what is wrong")
    await shards.label("importjobs", "leaves", "a")
    shards.a.cloud.clock.advance(10_000)
    await shards.a.until_state("importjobs", "leaves", "Successful")
    assert shards.sends == 1


async def test_one_that_is_deleted_is_told_once_as_ever(shards: Shards) -> None:
    """A watch with a selector shows both in the same way."""
    shards.connection("default", "a")
    shards.imports("goes", "a")
    await shards.a.until(lambda: shards.job("goes").get("jobId"), "it runs")
    await shards.a.delete("importjobs", "goes")
    await shards.a.until(lambda: shards.a.events("DeletedWhileRunning"), "that is told")
    assert len(shards.a.events("DeletedWhileRunning")) == 1


async def test_one_of_no_shard_is_told_by_the_default_one(keyed: Rig) -> None:
    """Nobody watches it, so its author would wait for ever and see nothing."""
    other = Rig(keyed.kube, keyed.cloud)
    shards = Shards(keyed, other)
    shards.imports("lost", "eu")
    shards.imports("known", "a")
    engine = await keyed.start(watch_label_selector=DEFAULT, shards=["a", "b"])
    await keyed.until(lambda: keyed.events("NoSuchShard"), "it is told")
    (event,) = keyed.events("NoSuchShard")
    assert event["involvedObject"]["name"] == "lost"
    assert event["message"] == (
        "no operator works on objects with jobs.zilliz.com/shard=eu, so nothing is done for this one; there are a, "
        "b, or no label for the default shard"
    )
    told = engine.metrics.registry.get_sample_value
    assert told("zilliz_jobs_no_such_shard_objects", {"kind": "ImportJob"}) == 1
    assert told("zilliz_jobs_no_such_shard_objects", {"kind": "BackupJob"}) == 0


async def test_objects_of_a_schedule_are_of_its_shard(shards: Shards) -> None:
    shards.connection("default", "a")
    template = {"name": "nightly", "backupJob": {"clusterId": MOVIES}}
    shards.make("JobSchedule", "nights", {"schedules": ["0 3 * * *"], "jobs": [template]}, "a")
    await shards.a.patch(
        "jobschedules", "nights", {"metadata": {"annotations": {"jobs.zilliz.com/run-requested": "1"}}}
    )
    await shards.a.until(lambda: shards.a.kube.objects("backupjobs.jobs.zilliz.com"), "an object is made")
    (made,) = shards.a.kube.objects("backupjobs.jobs.zilliz.com")
    assert made["metadata"]["labels"][SHARD_LABEL] == "a"
    name = made["metadata"]["name"]
    await shards.a.until(lambda: shards.a.status("backupjobs", name).get("jobId"), "it runs")
