"""The whole engine against a small Kubernetes API and a simulated cloud. Each test says what a user would lose."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from tests.support.engine_rig import CALM, Rig, condition, rig

from zilliz_local.cloud import CloudSimulator, ManualClock


async def test_a_job_goes_from_its_manifest_to_its_end(world: Rig) -> None:
    world.imports("one")
    world.backup("nightly")
    await world.start()
    await world.until(lambda: world.status("importjobs", "one").get("jobId"), "the import is submitted")
    await world.until(lambda: world.status("backupjobs", "nightly").get("jobId"), "the backup is submitted")
    world.cloud.advance(3600)
    status = await world.until_state("importjobs", "one", "Successful")
    assert status["result"]["importedRows"] == 120_000
    assert status["progressPercent"] == 100
    status = await world.until_state("backupjobs", "nightly", "Successful")
    assert status["result"]["backupId"]
    for plural, name in (("importjobs", "one"), ("backupjobs", "nightly")):
        assert condition(world.get(plural, name), "Finished")["status"] == "True"
    assert len(world.cloud.ledger.effects(kind="submit")) == 2
    await world.until(lambda: len(world.events("Successful")) == 2, "both ends are told as events")


async def test_what_is_settled_leaves_nothing_in_memory_but_its_claims(world: Rig) -> None:
    """Else an operator that saw a million imports needs a machine for them."""
    for n in range(5):
        world.imports(f"job-{n}")
    engine = await world.start()
    await world.until(lambda: len(world.cloud.ledger.effects(kind="submit")) == 5, "all are submitted")
    world.cloud.advance(3600)
    await world.until(lambda: all(s["status"].get("completionTime") for s in _all(world)), "all end")
    await world.until(lambda: len(engine.cache) == 0 and len(engine.queue) == 1, "all are let go")
    assert engine.queue._failures.keys() <= {key for key in engine.queue._failures if key.kind == "ZillizConnection"}
    assert not any(entry.written_at or entry.news or entry.obstacle for entry in engine.cache)
    assert len(engine.actions._locks) == 0
    assert engine.ownership._open == {}
    assert len(engine.ownership._holder) == 5
    for n in range(5):
        await world.delete("importjobs", f"job-{n}")
    await world.until(lambda: not engine.ownership._holder, "the claims go with their objects")
    assert [*engine.cache] == []


async def test_fifty_imports_of_one_collection_are_submitted_one_at_a_time_and_none_is_lost(world: Rig) -> None:
    """Two open submissions of one collection could not be told apart after a crash."""
    for n in range(50):
        world.imports(f"job-{n:02}")
    await world.start(rules=CALM, workers=16)
    await world.until(lambda: len(world.cloud.ledger.effects(kind="submit")) == 50, "all are submitted", 60)
    await world.until(lambda: all(s["status"].get("jobId") for s in _all(world)), "all know their job")
    assert len({s["status"]["jobId"] for s in _all(world)}) == 50
    assert set(world.cloud.ledger.effects_per_token().values()) == {1}


async def test_a_restart_beside_two_hundred_finished_objects_writes_nothing(world: Rig) -> None:
    """Else every rollout of the operator is a storm on the API server."""
    world.imports("job-000")
    first = await world.start()
    await world.until(lambda: world.status("importjobs", "job-000").get("jobId"), "it is submitted")
    world.cloud.advance(3600)
    status = await world.until_state("importjobs", "job-000", "Successful")
    for n in range(1, 200):
        world.imports(f"job-{n:03}", suspend=True)
        ended = status | {"jobId": f"job-{n}", "submission": status["submission"] | {"handle": {"jobId": f"job-{n}"}}}
        await world.patch("importjobs", f"job-{n:03}", {"status": ended}, "/status")
    await world.until(lambda: len(first.cache) == 0, "all are let go")
    await world.stop()
    world.kube.stats.reset()
    before = sum(world.cloud.stats.by_route.values())
    second = await world.start()
    await world.until(lambda: len([*second.cache]) == 200 and len(second.queue) == 1, "all are seen")
    await asyncio.sleep(0.2)
    assert world.kube.stats.count("patch", "importjobs.jobs.zilliz.com/status") == 0
    assert world.kube.stats.count("patch", "importjobs.jobs.zilliz.com") == 0
    assert sum(world.cloud.stats.by_route.values()) - before <= 2  # the check of the key


async def test_a_secret_that_comes_later_heals_everything_and_is_not_asked_for_in_a_hot_loop(tmp_path: Path) -> None:
    async with rig(tmp_path, CloudSimulator(clock=ManualClock())) as world:
        world.connection()
        world.imports("one")
        await world.start(retry_cap=1.0)
        await world.until(
            lambda: condition(world.get("zillizconnections", "default"), "Ready").get("reason") == "SecretNotFound"
        )
        world.kube.stats.reset()
        await asyncio.sleep(0.5)
        assert world.kube.stats.count("get", "secrets") <= 3
        assert world.status("importjobs", "one")["reason"] == "ConnectionNotReady"
        world.secret()
        await world.until(lambda: world.status("importjobs", "one").get("jobId"), "the import is submitted")
        assert condition(world.get("zillizconnections", "default"), "Ready")["status"] == "True"


async def test_a_revoked_key_is_said_once_on_the_connection_and_makes_no_storm(world: Rig) -> None:
    """A thousand jobs must not ask the cloud a thousand times whether the key is good."""
    for n in range(15):
        world.imports(f"job-{n:02}")
    engine = await world.start(rules=CALM, retry_cap=30.0)
    await world.until(lambda: all(s["status"].get("jobId") for s in _all(world)), "all are submitted", 20)
    world.cloud.world.keys.revoke("demo-key")
    ready = lambda: condition(world.get("zillizconnections", "default"), "Ready")  # noqa: E731
    await world.until(lambda: ready().get("reason") == "KeyRejected", "the connection says so")
    asked = [0, 1]
    while asked[-1] != asked[-2]:  # those in flight end; a storm does not
        await asyncio.sleep(0.5)
        asked.append(world.cloud.stats.requests)
    assert sum(n for what, n in world.cloud.stats.by_answer.items() if "21119" in what) <= 8 + 2  # the workers' own
    assert len(world.events("KeyRejected")) == 1
    assert engine.alive
    world.cloud.world.keys.add("fresh-key")
    await world.patch_secret("fresh-key")
    engine.queue.add(next(iter(engine.connections._known)))  # its next check has come
    await world.until(lambda: ready().get("status") == "True", "the new key is taken without a restart")
    world.cloud.advance(3600)
    await world.until(lambda: all(s["status"].get("completionTime") for s in _all(world)), "all end", 20)


async def test_a_cluster_that_the_key_may_not_see_does_not_disturb_the_others(world: Rig) -> None:
    """One job's 403 must not send every other job of the connection to the cloud at once, again and again."""
    for n in range(10):
        world.imports(f"good-{n}")
    world.backup("bad")
    await world.start(rules=replace(CALM, poll_min=30.0, poll_max=60.0, backoff_base=0.1, backoff_max=0.2))
    await world.until(lambda: all(s["status"].get("jobId") for s in _all(world)), "all are submitted")
    await world.until(lambda: world.status("backupjobs", "bad").get("jobId"))
    world.cloud.fault("job.get", "status", status=403, body={"code": 800, "message": "permission deny"})
    world.engine.queue.add(next(k for k in world.engine.cache.unfinished() if k.kind == "BackupJob"))
    await asyncio.sleep(0.3)
    before = world.cloud.stats.by_route.get("import.progress", 0)
    checks = world.cloud.stats.by_route.get("project.list", 0)
    await asyncio.sleep(0.7)
    assert world.cloud.stats.by_route.get("import.progress", 0) - before <= 10
    assert world.cloud.stats.by_route.get("project.list", 0) - checks <= 1


async def test_a_job_of_a_namespace_that_ends_is_cancelled_with_the_key_in_memory(world: Rig) -> None:
    """The Secret and the connection are gone before the job is; it would go on to cost money."""
    world.connection("console", consoleApi={"enabled": True})
    world.backup("nightly", deletionPolicy="Cancel", connectionRef={"name": "console"})
    engine = await world.start()
    await world.until(lambda: world.status("backupjobs", "nightly").get("jobId"), "it is submitted")
    assert world.get("backupjobs", "nightly")["metadata"]["finalizers"] == ["jobs.zilliz.com/cleanup"]
    job_id = world.status("backupjobs", "nightly")["jobId"]
    await world.delete_secret()
    await world.delete("zillizconnections", "console")
    await world.until(lambda: engine.connections._departed, "the engine knows that the connection is gone")
    await world.delete("backupjobs", "nightly")
    await world.until(lambda: not world.get("backupjobs", "nightly"), "the object goes")
    assert [e.job_id for e in world.cloud.ledger.effects(kind="cancel")] == [job_id]


def _all(world: Rig) -> list[dict]:
    found = world.kube.objects("importjobs.jobs.zilliz.com")
    return [{**body, "status": body.get("status") or {}} for body in found]


async def test_a_token_alone_opens_a_google_bucket_and_a_secret_with_too_little_waits(world: Rig) -> None:
    """Else the import is sent without credentials and fails in the cloud, or waits for keys that nobody has."""
    world.cloud.put_object("gs://films/a.json", rows=3, token="short-lived")
    world.secret("no storage key", name="bucket")
    world.imports("one", objectStorage={"urls": ["gs://films/a.json"], "credentialsSecretRef": {"name": "bucket"}})
    await world.start()
    await world.until(lambda: "bucket" in world.status("importjobs", "one").get("message", ""), "it says what lacks")
    assert world.status("importjobs", "one")["reason"] == "SecretKeyMissing"
    assert not world.cloud.ledger.requests(kind="submit")
    await world.patch_secret("short-lived", name="bucket", entry="token")
    await world.until(lambda: world.status("importjobs", "one").get("jobId"), "it heals by itself")
    world.cloud.advance(3600)
    await world.until_state("importjobs", "one", "Successful")
    assert len(world.cloud.ledger.effects(kind="submit")) == 1


async def test_before_its_watches_begin_no_kind_is_told_as_watched(world: Rig) -> None:
    """The metrics are served while the operator starts, which may take long; a scrape must not take that for well."""
    engine = await world.start()
    assert engine.watches is None
    told = engine.metrics.registry.get_sample_value("zilliz_jobs_kind_watched", {"kind": "ImportJob"})
    assert told == 0.0
