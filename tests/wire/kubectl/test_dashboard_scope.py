"""In which namespaces the page looks, for users of all sorts of rights."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.dashboard import Shop, opened_shop

from zilliz_jobs.cli.kubectl.arguments import Where
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.dashboard.scope import MOST_NAMESPACES, Scope, scope_of
from zilliz_jobs.kube.reviews import AccessReviews, Deed


class Reviews:
    """Answers as the API server does to a user who may list jobs in these namespaces; "" stands for all."""

    def __init__(self, *allowed: str) -> None:
        self._allowed = allowed

    async def may_i(self, deed: Deed) -> bool:
        return "" in self._allowed or deed.namespace in self._allowed


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with opened_shop(tmp_path) as shop:
        for name in ("a", "b", "c", "d", "e", "f"):
            shop.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        yield shop


async def looked(shop: Shop, *allowed: str, **where: Any) -> Scope:
    async with Cluster.open(Where(kubeconfig=shop.kubeconfig, **where)) as cluster:
        return await scope_of(cluster, Reviews(*allowed))


async def test_one_namespace_is_not_questioned(shop: Shop) -> None:
    """What may not be seen in it is told kind by kind."""
    assert await looked(shop, namespace="shop") == Scope(("shop",))
    assert await looked(shop) == Scope(("default",))


async def test_all_of_them_are_one_watch_for_who_may(shop: Shop) -> None:
    scope = await looked(shop, "", everywhere=True)
    assert scope == Scope((None,))
    assert scope.word == ""


async def test_where_no_right_is_judged_it_is_all_of_them(shop: Shop) -> None:
    """The stand-in has no access reviews: nobody is told that they may not."""
    async with Cluster.open(Where(kubeconfig=shop.kubeconfig, everywhere=True)) as cluster:
        assert await scope_of(cluster, AccessReviews(cluster.client)) == Scope((None,))


async def test_who_may_not_sees_those_that_they_may(shop: Shop) -> None:
    scope = await looked(shop, "a", "shop", everywhere=True)
    assert scope.namespaces == ("a", "shop")
    assert scope.narrowed == "You may not list jobs in all namespaces; shown are a, shop."


async def test_what_is_left_out_is_said(shop: Shop) -> None:
    scope = await looked(shop, "a", "b", "c", "d", "e", "f", everywhere=True)
    assert len(scope.namespaces) == MOST_NAMESPACES
    assert scope.narrowed.endswith("1 more are left out; name one with -n.")


async def test_without_any_right_it_is_the_namespace_of_the_context(shop: Shop) -> None:
    scope = await looked(shop, everywhere=True)
    assert scope.namespaces == ("default",)
    assert "this is namespace default" in scope.narrowed


async def test_who_may_not_even_list_namespaces(shop: Shop) -> None:
    denied = 'namespaces is forbidden: User "ada" cannot list resource "namespaces" in API group ""'
    shop.kube.faults.answer(403, path="/api/v1/namespaces", message=denied)
    scope = await looked(shop, "a", everywhere=True)
    assert scope.namespaces == ("default",)
