"""The kopf operator of one kind, on the stand-in: what it tells, how it ends, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import copy
import logging
import os
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.api.crd import crd
from zilliz_jobs.api.importjob import IMPORT_JOB
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.signs import Listed, Open, Sign, Told
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.errors import Forbidden, NotServed
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.kube.session import SharedConnector
from zilliz_jobs.main import _streams
from zilliz_jobs.telemetry.logs import set_up
from zilliz_local.kube import KubeApi

SECONDS = 10


@pytest.fixture
async def kube() -> AsyncIterator[KubeApi]:
    async with KubeApi(crds=[crd(BACKUP_JOB), crd(IMPORT_JOB)]) as kube:
        yield kube


@pytest.fixture
async def client(kube: KubeApi, tmp_path: Path) -> AsyncIterator[KubeClient]:
    kube.write_kubeconfig(tmp_path / "kubeconfig")
    async with await KubeClient.connect(kubeconfig=tmp_path / "kubeconfig") as client:
        yield client


@pytest.fixture
async def streams(client: KubeClient) -> Open:
    return _streams(client, Objects(client).newest_version, lambda: None)


def of_kopf() -> list[str]:
    """The tasks that kopf has at work."""
    return [repr(task) for task in asyncio.all_tasks() if "/kopf/" in repr(task) and not task.done()]


def backup(name: str, namespace: str = "default") -> dict[str, Any]:
    return {
        "apiVersion": "jobs.zilliz.com/v1alpha1",
        "kind": "BackupJob",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"clusterId": "in01-0123456789abcde"},
    }


class Reader:
    def __init__(self, signs: AsyncGenerator[Sign, None]) -> None:
        self._signs = signs
        self.heard: list[Sign] = []

    async def until(self, holds: Callable[[Sign], bool]) -> Sign:
        async with asyncio.timeout(SECONDS):
            async for sign in self._signs:
                self.heard.append(sign)
                if holds(sign):
                    return sign
        raise AssertionError("it ended")

    async def until_listed(self) -> set[str]:
        """The names that it listed."""
        before = len(self.heard)
        await self.until(lambda sign: isinstance(sign, Listed))
        return {s.body["metadata"]["name"] for s in self.heard[before:] if isinstance(s, Told) and s.listed}

    async def until_told(self, name: str) -> Told:
        found = await self.until(lambda sign: isinstance(sign, Told) and sign.body["metadata"]["name"] == name)
        assert isinstance(found, Told)
        return found


@asynccontextmanager
async def reading(
    streams: Open, resource: Resource = BACKUP_JOB, namespace: str | None = None
) -> AsyncIterator[Reader]:
    async with aclosing(streams(resource, namespace)) as signs:
        yield Reader(signs)
    if resource is BACKUP_JOB:
        assert of_kopf() == [], "nothing of it is left"


async def test_it_tells_what_is_there_what_comes_and_what_goes(
    kube: KubeApi, client: KubeClient, streams: Open
) -> None:
    kube.create(backup("old"))
    async with reading(streams) as reader:
        assert await reader.until_listed() == {"old"}
        new = kube.create(backup("new"))
        told = await reader.until_told("new")
        assert (told.listed, told.gone, told.body["kind"]) == (False, False, "BackupJob")
        await Objects(client).delete(BACKUP_JOB, copy.deepcopy(new))
        assert (await reader.until(lambda sign: isinstance(sign, Told) and sign.gone)) is not None


async def test_the_watches_of_all_kinds_and_namespaces_share_their_connections(
    streams: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each holds those by which kopf looked for the kinds, and a trust of its own: of 50 named namespaces more
    than a GiB."""
    made: list[SharedConnector] = []
    begin = SharedConnector.__init__
    monkeypatch.setattr(SharedConnector, "__init__", lambda self, known: (made.append(self), begin(self, known))[1])
    async with (
        reading(streams, IMPORT_JOB) as imports,
        reading(streams, IMPORT_JOB, "default") as ours,
        reading(streams, IMPORT_JOB, "theirs") as theirs,
    ):
        for reader in (imports, ours, theirs):
            assert await reader.until_listed() == set()
    assert len(made) == 1


async def test_a_kind_without_objects_is_watched_too(streams: Open) -> None:
    """Else nothing would ever say that it is."""
    async with reading(streams) as reader:
        assert await reader.until_listed() == set()


async def test_of_one_namespace_it_tells_nothing_of_others(kube: KubeApi, streams: Open) -> None:
    for name in ("ours", "theirs"):
        kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    kube.create(backup("ours", "ours"))
    kube.create(backup("theirs", "theirs"))
    async with reading(streams, namespace="ours") as reader:
        assert await reader.until_listed() == {"ours"}


async def test_two_kinds_are_told_of_apart(kube: KubeApi, streams: Open) -> None:
    async with reading(streams, BACKUP_JOB) as backups, reading(streams, IMPORT_JOB) as imports:
        await asyncio.gather(backups.until_listed(), imports.until_listed())
        kube.faults.answer(404, path="*/importjobs", method="WATCH", times=None)
        kube.faults.close_watches("*/importjobs")
        with pytest.raises(RuntimeError, match="404"):
            await imports.until(lambda _: False)
        kube.create(backup("after"))
        await backups.until_told("after")


async def test_after_a_list_that_expired_it_is_told_that_another_one_is_complete(
    kube: KubeApi, streams: Open
) -> None:
    """What was deleted meanwhile is known by what this list lacks, and by nothing else."""
    kube.create(backup("old"))
    async with reading(streams) as reader:
        await reader.until_listed()
        kube.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "noise"}})
        kube.faults.expire_history()
        kube.faults.close_watches()
        assert await reader.until_listed() == {"old"}


@pytest.mark.parametrize("method", ["LIST", "WATCH"])
async def test_a_kind_that_is_not_served_any_more_is_told_from_one_that_fails(
    kube: KubeApi, streams: Open, method: str
) -> None:
    async with reading(streams) as reader:
        await reader.until_listed()
        kube.faults.answer(404, path="*/backupjobs*", times=None)
        if method == "LIST":
            kube.faults.expire_history()
        kube.faults.close_watches()
        with pytest.raises(NotServed):
            await reader.until(lambda _: False)


@pytest.mark.parametrize(("code", "error"), [(404, NotServed), (403, Forbidden)])
async def test_what_cannot_be_read_is_not_begun(kube: KubeApi, streams: Open, code: int, error: type) -> None:
    """kopf would wait for ever for a kind that it did not find."""
    kube.faults.answer(code, path="*/backupjobs*", times=None)
    async with reading(streams) as reader:
        with pytest.raises(error):
            await reader.until_listed()
    assert kube.stats.count("watch") == 0


async def test_an_end_leaves_no_trace_in_the_log(
    kube: KubeApi, streams: Open, capfd: pytest.CaptureFixture[str]
) -> None:
    """`Watches` says why, in one line."""
    handlers = [*logging.getLogger().handlers]
    set_up("text", "info")
    try:
        async with reading(streams) as reader:
            await reader.until_listed()
            kube.faults.answer(404, path="*/backupjobs", method="WATCH", times=None)
            kube.faults.close_watches()
            with pytest.raises(RuntimeError):
                await reader.until(lambda _: False)
    finally:
        logging.getLogger().handlers[:] = handlers
    assert "Traceback" not in capfd.readouterr().err


async def test_the_signals_of_the_process_stay_its_own(kube: KubeApi, client: KubeClient) -> None:
    """Each kopf operator takes them. With them, SIGTERM would end the watch of one kind and nothing else."""
    loop, ours = asyncio.get_running_loop(), asyncio.Event()

    def own() -> None:
        loop.add_signal_handler(signal.SIGTERM, ours.set)
        loop.add_signal_handler(signal.SIGINT, ours.set)

    streams = _streams(client, Objects(client).newest_version, own)
    try:
        async with reading(streams, BACKUP_JOB) as backups, reading(streams, IMPORT_JOB) as imports:
            await asyncio.gather(backups.until_listed(), imports.until_listed())
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait_for(ours.wait(), SECONDS)
            kube.create(backup("after"))
            await backups.until_told("after")
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        loop.remove_signal_handler(signal.SIGINT)


async def test_it_can_be_closed_at_any_moment(streams: Open) -> None:
    """Also while it is beginning: nothing of it goes on."""
    for turns in (*range(25), 30, 40, 60, 100, 200):
        stream = streams(BACKUP_JOB, None)
        task = asyncio.create_task(anext(stream))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await stream.aclose()  # where the first sign came before
        assert of_kopf() == [], f"after {turns} turns"
