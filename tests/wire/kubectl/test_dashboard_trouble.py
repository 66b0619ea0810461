"""What the page says of what it cannot read: once, with the way out, and no longer than it is true."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.support.dashboard import SHOP, Shop, opened_shop

from zilliz_jobs.cli.kubectl.arguments import Where
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.dashboard import live as lives
from zilliz_jobs.cli.kubectl.dashboard.board import LISTED
from zilliz_jobs.cli.kubectl.dashboard.live import LiveObjects
from zilliz_jobs.cli.kubectl.following import Watched
from zilliz_jobs.control.objects import Key

JOBS = "/apis/jobs.zilliz.com/*"
DENIED = 'importjobs.jobs.zilliz.com is forbidden: User "ada" cannot list resource "importjobs" in API group'


class Heard:
    """Notes nothing: the test looks."""

    def changed(self, keys: Iterable[Key]) -> None: ...

    def troubled(self) -> None: ...


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with opened_shop(tmp_path) as shop:
        await shop.fill()
        yield shop


@asynccontextmanager
async def watching(shop: Shop) -> AsyncIterator[LiveObjects]:
    async with Cluster.open(Where(namespace=SHOP, kubeconfig=shop.kubeconfig)) as cluster:
        watched = [Watched(resource, SHOP) for resource in LISTED]
        async with LiveObjects(cluster, watched, Heard()) as live:
            yield live


async def test_many_missing_rights_are_one_sentence(shop: Shop) -> None:
    shop.kube.faults.answer(403, path=JOBS, message=DENIED, times=None)
    async with watching(shop) as live:
        await shop.until(lambda: len(live.problems) == 1 and "jobcenters" in live.problems[0].text)
        (problem,) = live.problems
        assert problem.code == "forbidden"
        assert "backupjobs.jobs.zilliz.com, " in problem.text
        assert problem.text.endswith("ask for it: the role 'view' has it")


async def test_a_kind_that_is_not_installed_is_said(shop: Shop) -> None:
    shop.kube.faults.answer(404, path="*/jobschedules", message="the server could not find it", times=None)
    async with watching(shop) as live:
        await shop.until(lambda: live.complete or live.problems)
        await shop.until(lambda: [one.code for one in live.problems] == ["missing"])
        assert "kubectl apply -f crds/" in live.problems[0].text


async def test_a_server_that_is_away_is_said_and_forgotten_when_it_is_back(shop: Shop) -> None:
    async with watching(shop) as live:
        await shop.until(lambda: live.complete)
        shop.kube.faults.drop_before(path=JOBS, times=20)
        shop.kube.faults.close_watches()
        await shop.until(lambda: [one.code for one in live.problems] == ["interrupted"])
        assert Key("ImportJob", SHOP, "films") in live.objects  # old is better than nothing, and said to be old
        await shop.until(lambda: not live.problems)


async def test_a_right_that_is_given_later_is_used(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives, "AGAIN_SECONDS", 0.05)
    shop.kube.faults.answer(403, path="*/importjobs", message=DENIED, times=3)
    async with watching(shop) as live:
        await shop.until(lambda: live.problems)
        await shop.until(lambda: not live.problems and Key("ImportJob", SHOP, "films") in live.objects)
