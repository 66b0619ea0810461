"""Deleted in any order and at any time: nothing stays stuck, and what became of each job in the cloud is told once.

One world holds a job at every moment of its life. In each of many situations all of them are deleted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.engine_rig import NAMESPACE, QUICK, Rig, rig

from zilliz_jobs.control.objects import FINALIZER
from zilliz_jobs.engine.runtime import Engine
from zilliz_local.cloud import KEY, PROJECT, CloudSimulator, ManualClock
from zilliz_local.cloud.clusters import ClusterFields

SHORT = replace(QUICK, cancel_on_delete=4, look_on_delete=2, cleanup_seconds=2)
BOUND = 10.0  # seconds, with a slow machine
CONSOLE = {"connectionRef": {"name": "console"}}


@dataclass(frozen=True)
class Moment:
    """`outcome`: where the cloud can be asked, and where it cannot. `told`: of the job, by the name of its reason."""

    plural: str
    name: str
    outcome: str
    cut_off: str
    told: str = "DeletedWhileRunning"


MOMENTS = [
    Moment("backupjobs", "before", "not_submitted", "not_submitted", ""),
    Moment("backupjobs", "kept", "left_running", "left_running"),
    Moment("backupjobs", "runs", "canceled", "left_running"),
    Moment("backupjobs", "asked", "canceled", "left_running"),
    Moment("backupjobs", "open", "unknown", "unknown"),
    Moment("backupjobs", "ended", "ended", "ended", ""),
    Moment("clonecollectionjobs", "halfway", "left_running", "left_running"),
    Moment("clonecollectionjobs", "sweeps", "left_behind", "left_behind", "LeftBehind"),
]


@dataclass(frozen=True)
class Situation:
    """`first`: what goes before the jobs do. `trouble`: with what the operator has to do without."""

    first: tuple[str, ...]
    trouble: str
    can_ask: bool

    def __str__(self) -> str:
        return f"{' and '.join(self.first) or 'jobs'} first, {self.trouble}"


UNHELD = ("before", "kept", "ended")
"""Without a finalizer: they are gone before an operator that is started later could see them."""
ACCOUNT = ("secret", "connection")
SITUATIONS = [
    Situation((), "no trouble", True),
    Situation((), "operator started later", True),
    Situation((), "key revoked", False),
    Situation((), "cloud away", False),
    Situation((), "events refused", True),
    Situation((), "status refused", True),
    Situation(("secret",), "no trouble", True),
    Situation(ACCOUNT, "no trouble", True),
    Situation(ACCOUNT, "operator started later", False),
    Situation(ACCOUNT, "cloud away", False),
    Situation(ACCOUNT, "events refused", True),
]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path, CloudSimulator(clock=ManualClock())) as world:
        world.secret()
        world.connection()
        world.connection("console", consoleApi={"enabled": True})
        for moment in MOMENTS:
            world.cloud.world.put_cluster(cluster(moment.name), ClusterFields(collections={"default": ["films"]}))
        yield world


def cluster(name: str) -> str:
    """Each has its own, for a cluster makes one backup at a time."""
    return f"in01-test0{name}"


def clone(world: Rig, name: str) -> None:
    spec = {"clusterId": cluster(name), "collection": "films", "destCollection": f"copy_{name}"}
    kind = {"apiVersion": "jobs.zilliz.com/v1alpha1", "kind": "CloneCollectionJob"}
    world.kube.create({**kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec})


async def one_at_every_moment(world: Rig) -> None:
    """All of them as `MOMENTS` names them, with the operator at work."""

    def step(name: str) -> Any:
        return (world.status("clonecollectionjobs", name).get("submission") or {}).get("step")

    def job(plural: str, name: str) -> Any:
        return (world.status(plural, name).get("submission") or {}).get("handle")

    def backup(name: str, **spec: Any) -> None:
        world.backup(name, **{"clusterId": cluster(name), "deletionPolicy": "Cancel"} | CONSOLE | spec)

    backup("ended")
    world.cloud.fault("backup.delete", "drop_before")
    clone(world, "sweeps")
    await world.until(lambda: job("backupjobs", "ended") and job("clonecollectionjobs", "sweeps"), "both run")
    world.cloud.advance(3600)
    await world.until_state("backupjobs", "ended", "Successful")
    await world.until(lambda: step("sweeps") == "Restore" and job("clonecollectionjobs", "sweeps"), "it restores")
    clone(world, "halfway")
    backup("before", suspend=True)
    backup("kept", deletionPolicy="Retain")
    for name in ("runs", "asked"):
        backup(name)
    for name in ("kept", "runs", "asked"):
        await world.until(lambda name=name: job("backupjobs", name), f"{name} runs")
    await world.until(lambda: job("clonecollectionjobs", "halfway"), "the clone's backup runs")
    world.cloud.fault("backup.create", "drop_after")
    world.cloud.fault("backup.list", "status", status=503, skip=1)  # the first one is for its preparation
    backup("open")
    await world.until(lambda: (world.status("backupjobs", "open").get("submission") or {}).get("lookSince"), "open")
    # Its answer is on its way when the deletion comes.
    world.cloud.fault("console.cancel", "latency_after", seconds=0.3, times=1)
    await world.patch("backupjobs", "asked", {"metadata": {"annotations": {"jobs.zilliz.com/cancel-requested": "1"}}})
    await world.until(lambda: world.cloud.ledger.effects(kind="cancel"), "the cancel is asked")
    world.cloud.force(job("clonecollectionjobs", "sweeps")["jobId"], "SUCCESSFUL")
    await world.until(lambda: step("sweeps") == "DeleteBackup", "it cleans up")


async def begins(world: Rig, trouble: str) -> None:
    match trouble:
        case "key revoked":
            world.cloud.world.keys.revoke(KEY)
        case "cloud away":
            world.cloud.go_down()
        case "events refused":
            world.kube.faults.answer(403, method="POST", path="*/events", times=None)
        case "status refused":
            world.kube.faults.answer(403, method="PATCH", path="*/status", times=None)
        case "operator started later":
            await world.stop()


def deleted(engine: Engine) -> dict[tuple[str, str], int]:
    samples = [one for family in engine.metrics.registry.collect() for one in family.samples]
    counted = [one for one in samples if one.name == "zilliz_jobs_deleted_total"]
    return {(one.labels["kind"], one.labels["outcome"]): int(one.value) for one in counted if one.value}


def last_words(caplog: pytest.LogCaptureFixture, name: str) -> list[logging.LogRecord]:
    return [r for r in caplog.records if f"/{name}: the object is gone" in r.getMessage()]


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
async def test_every_deletion_ends_and_what_became_of_the_job_is_told_once(
    world: Rig, situation: Situation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "zilliz_jobs")
    later = situation.trouble == "operator started later"
    engine = await world.start(SHORT)
    await one_at_every_moment(world)
    await begins(world, situation.trouble)
    for what in situation.first:
        if what == "secret":
            await world.delete_secret()
        else:
            await world.delete("zillizconnections", "default")
            await world.delete("zillizconnections", "console")
    # The settle time of a connection that nobody knows any more is the default, which is too long for a test.
    present = [m for m in MOMENTS if m.name != "open" or (situation.can_ask or not later)]
    for moment in present:
        await world.delete(moment.plural, moment.name)
    if later:
        assert world.get("backupjobs", "runs"), "nobody lets it go"
        await asyncio.sleep(1.1)  # the bound that counts is that of an operator which is there
        engine = await world.start(SHORT)

    def left() -> list[str]:
        return [moment.name for moment in present if world.get(moment.plural, moment.name)]

    await world.until(lambda: not left(), "all are gone", BOUND)
    held = [m for m in present if not later or m.name not in UNHELD]
    await world.until(lambda: sum(n for (k, _), n in deleted(engine).items() if "Job" in k) >= len(held), "counted")
    words = {m.name: [r.getMessage() for r in last_words(caplog, m.name)] for m in MOMENTS}
    wanted = {one.name: one.outcome if situation.can_ask else one.cut_off for one in MOMENTS}
    if "was asked to cancel" in " ".join(words["asked"]):
        wanted["asked"] = "canceled"  # the cloud's answer came before it was cut off
    for kind, plural in (("BackupJob", "backupjobs"), ("CloneCollectionJob", "clonecollectionjobs")):
        outcomes = [wanted[m.name] for m in held if m.plural == plural]
        told = {o: n for (k, o), n in deleted(engine).items() if k == kind}
        assert told == {o: outcomes.count(o) for o in outcomes}, words
    for moment in held:
        said = last_words(caplog, moment.name)
        assert len(said) == (moment.told == "DeletedWhileRunning"), words
        loud = wanted[moment.name] != "canceled"
        assert all((r.levelno >= logging.WARNING) == loud for r in said), words
    await engine.events.flush(5)
    events = {(e["involvedObject"]["name"], e["reason"]) for e in world.events()}
    for moment in held:
        if moment.told and situation.trouble != "events refused":
            assert (moment.name, moment.told) in events
        if moment.told == "LeftBehind":
            assert any(f"/{moment.name}: LeftBehind" in r.getMessage() for r in caplog.records)
    assert not [r for r in caplog.records if "cannot add" in r.getMessage() or "should not happen" in r.getMessage()]


@pytest.mark.parametrize("account", ["there is none", "its Secret is gone", "all is well"])
async def test_no_finalizer_stays_on_what_has_ended(world: Rig, account: str) -> None:
    """An operator was killed between the status and the finalizer. Once it is uninstalled, the object would hang."""
    if account == "there is none":
        await world.delete("zillizconnections", "console")
    elif account == "its Secret is gone":
        await world.delete_secret()
    world.backup("done", deletionPolicy="Cancel", **CONSOLE)
    times = {"completionTime": "2026-03-01T12:00:00Z", "state": "Successful", "reason": "Successful"}
    await world.patch("backupjobs", "done", {"status": times}, "/status")
    await world.patch("backupjobs", "done", {"metadata": {"finalizers": [FINALIZER, "example.com/theirs"]}})
    await world.start(SHORT)
    await world.until(lambda: FINALIZER not in world.get("backupjobs", "done")["metadata"]["finalizers"], "ours goes")
    assert world.get("backupjobs", "done")["metadata"]["finalizers"] == ["example.com/theirs"]


async def test_none_is_put_on_an_object_that_is_on_its_way_out(world: Rig) -> None:
    """Another's finalizer holds it; the API server refuses ours, again and again, and nothing may be submitted."""
    world.backup("held", deletionPolicy="Cancel", suspend=True, **CONSOLE)
    await world.patch("backupjobs", "held", {"metadata": {"finalizers": ["example.com/theirs"]}})
    engine = await world.start(SHORT)
    await world.until(lambda: world.status("backupjobs", "held").get("reason") == "Suspended", "it is seen")
    await world.delete("backupjobs", "held")
    await world.patch("backupjobs", "held", {"spec": {"suspend": False}})
    await world.until(lambda: not len(engine.queue) or engine.queue.ready == 0, "it is looked at")
    await asyncio.sleep(0.3)
    assert world.get("backupjobs", "held")["metadata"]["finalizers"] == ["example.com/theirs"]
    assert not world.cloud.ledger.requests(kind="submit")


async def test_no_check_of_a_connection_holds_a_deletion_up_for_ever(world: Rig) -> None:
    """It is gone, and the API server does not even say so: whether there is one is never known."""
    world.backup("runs", clusterId=cluster("runs"), deletionPolicy="Cancel", **CONSOLE)
    await world.start(SHORT)
    await world.until(lambda: world.status("backupjobs", "runs").get("jobId"), "it runs")
    await world.stop()
    await world.delete("backupjobs", "runs")
    await world.delete("zillizconnections", "console")
    world.kube.faults.answer(500, method="GET", path="*/zillizconnections/*", times=None)
    await world.start(SHORT)
    await world.until(lambda: not world.get("backupjobs", "runs"), "it goes", BOUND)


async def test_every_object_that_goes_is_counted(world: Rig) -> None:
    world.kube.create(
        {
            "apiVersion": "jobs.zilliz.com/v1alpha1",
            "kind": "JobCenter",
            "metadata": {"name": "page", "namespace": NAMESPACE},
            "spec": {"projectId": PROJECT},
        }
    )
    await world.patch("zillizconnections", "default", {"metadata": {"labels": {"a": "b"}}})
    world.backup("kept", clusterId=cluster("kept"))
    engine = await world.start(SHORT)
    await world.until(lambda: world.told("ProjectJob"), "the page has a row")
    await world.delete("jobcenters", "page")
    await world.delete("zillizconnections", "console")
    await world.until(lambda: not world.kube.objects("projectjobs.jobs.zilliz.com"), "it goes too")
    kinds = ("JobCenter", "ProjectJob", "ZillizConnection")
    await world.until(lambda: deleted(engine) == {(kind, "no_job"): 1 for kind in kinds}, "all are counted")
