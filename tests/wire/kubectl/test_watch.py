"""What `kubectl zilliz` watches stays true through everything that ends a watch."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.support.engine_rig import Rig

from zilliz_jobs.cli.kubectl.arguments import Form, Where
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.exitcodes import CommandError
from zilliz_jobs.cli.kubectl.following import Following, Watched
from zilliz_jobs.cli.kubectl.joblist import Filter, watch_jobs
from zilliz_jobs.cli.kubectl.screen import Screen
from zilliz_jobs.control.objects import Key
from zilliz_jobs.kinds import JOB_KINDS

BACKUPS = "/apis/jobs.zilliz.com/v1alpha1/namespaces/default/backupjobs"
PATIENCE = 30.0


@asynccontextmanager
async def following(rig: Rig, name: str = "") -> AsyncIterator[Following]:
    (backups,) = (kind.resource for kind in JOB_KINDS if kind.resource.singular == "backupjob")
    async with (
        Cluster.open(Where(kubeconfig=rig.kubeconfig)) as cluster,
        Following(cluster, [Watched(backups, "default", name)]) as found,
    ):
        yield found


async def forever(found: Following) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            await found.news()


def names(found: Following) -> set[str]:
    return {key.name for key in found.objects}


async def test_it_shows_what_is_made_changed_and_deleted(keyed: Rig) -> None:
    keyed.backup("one")
    async with following(keyed) as found:
        await keyed.until(lambda: found.complete and names(found) == {"one"})
        keyed.backup("two")
        await keyed.until(lambda: names(found) == {"one", "two"})
        await keyed.patch("backupjobs", "one", {"metadata": {"labels": {"a": "b"}}})
        await keyed.until(lambda: found.objects[Key("BackupJob", "default", "one")]["metadata"].get("labels"))
        await keyed.delete("backupjobs", "one")
        await keyed.until(lambda: names(found) == {"two"})


async def test_one_object_is_followed_by_its_name(keyed: Rig) -> None:
    keyed.backup("one")
    keyed.backup("other")
    async with following(keyed, "one") as found:
        await keyed.until(lambda: found.complete)
        assert names(found) == {"one"}
        keyed.backup("third")
        await keyed.patch("backupjobs", "one", {"metadata": {"labels": {"a": "b"}}})
        await keyed.until(lambda: found.objects[Key("BackupJob", "default", "one")]["metadata"].get("labels"))
        assert names(found) == {"one"}


@pytest.mark.parametrize("cut", ["closed", "history gone", "history gone, as a status", "server away"])
async def test_it_misses_nothing_when_the_watch_is_cut(keyed: Rig, cut: str) -> None:
    """An end that a table never shows is waited for in vain."""
    keyed.backup("one")
    keyed.backup("two")
    faults = keyed.kube.faults
    async with following(keyed) as found:
        await keyed.until(lambda: found.complete and len(names(found)) == 2)
        if cut == "server away":
            faults.drop_before(method="GET", path=BACKUPS, times=3)
        if cut.startswith("history gone"):
            faults.gone_as_status("status" in cut)
            await keyed.delete("backupjobs", "one")
            keyed.backup("three")
            faults.expire_history()
        faults.close_watches()
        if not cut.startswith("history gone"):
            await keyed.delete("backupjobs", "one")
            keyed.backup("three")
        await keyed.until(lambda: names(found) == {"two", "three"})
        await keyed.until(lambda: not found.interrupted)


async def test_a_server_that_is_back_is_known_to_be_though_nothing_changes(keyed: Rig) -> None:
    """Else a quiet namespace would be said to be out of reach for good."""
    keyed.backup("one")
    async with following(keyed) as found:
        await keyed.until(lambda: found.complete)
        keyed.kube.faults.drop_before(method="GET", path=BACKUPS, times=2)
        keyed.kube.faults.close_watches()
        await keyed.until(lambda: found.interrupted)
        await keyed.until(lambda: not found.interrupted)
        assert names(found) == {"one"}


async def test_what_cannot_be_watched_ends_the_command(keyed: Rig) -> None:
    client = await keyed.client()
    await client.request(
        "DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/backupjobs.jobs.zilliz.com"
    )
    async with following(keyed) as found:
        with pytest.raises(CommandError, match="kubectl apply -f crds/"):
            await forever(found)


@pytest.mark.parametrize("terminal", [False, True])
async def test_jobs_w_prints_what_changes(keyed: Rig, terminal: bool) -> None:
    keyed.backup("one")
    out = io.StringIO()
    screen = Screen(out, terminal=terminal, width=100)
    watching = asyncio.create_task(watch_jobs(Where(kubeconfig=keyed.kubeconfig), Filter(), Form.TABLE, screen))
    try:
        await keyed.until(lambda: "backupjob/one" in out.getvalue())
        await keyed.patch("backupjobs", "one", {"status": {"state": "InProgress"}}, sub="/status")
        await keyed.until(lambda: "InProgress" in out.getvalue())
        keyed.backup("two")
        await keyed.until(lambda: "backupjob/two" in out.getvalue())
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    if not terminal:
        lines = out.getvalue().splitlines()
        assert [line.split()[0] for line in lines] == ["JOB", "backupjob/one", "backupjob/one", "backupjob/two"]
