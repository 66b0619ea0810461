"""Which events an exported page has, for users of all sorts of rights: none is called hidden that may be read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.dashboard import Body, Shop, opened_shop

from zilliz_jobs.cli.kubectl.arguments import Where
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.dashboard.eventlist import EventList, read_events

ALL = "/api/v1/events"
PRIVATE = "/api/v1/namespaces/private/events"
DENIED = 'events is forbidden: User "ada" cannot list resource "events" in API group ""'


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with opened_shop(tmp_path) as shop:
        shop.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "private"}})
        for namespace in ("shop", "private"):
            about = {"kind": "ImportJob", "namespace": namespace, "name": "films", "uid": f"uid-{namespace}"}
            told = {"involvedObject": about, "reason": "SlowSource", "message": "slow", "type": "Warning"}
            await shop.put("v1", "Event", "films.1", namespace=namespace, **told)
        yield shop


async def read(shop: Shop, *scope: str | None) -> EventList:
    async with Cluster.open(Where(kubeconfig=shop.kubeconfig, everywhere=True)) as cluster:
        return await read_events(cluster, scope, {"shop", "private"})


def reasons(events: EventList, namespace: str) -> list[str] | None:
    body: Body = {"metadata": {"namespace": namespace, "name": "films", "uid": f"uid-{namespace}"}}
    found = events.about(body)
    return None if found is None else [event["reason"] for event in found]


@pytest.mark.parametrize("scope", [(None,), ("shop", "private")])
async def test_who_may_read_them_sees_them(shop: Shop, scope: tuple[str | None, ...]) -> None:
    events = await read(shop, *scope)
    assert reasons(events, "shop") == reasons(events, "private") == ["SlowSource"]


async def test_who_may_not_read_those_of_all_namespaces_sees_those_that_they_may(shop: Shop) -> None:
    shop.kube.faults.answer(403, path=ALL, message=DENIED)
    shop.kube.faults.answer(403, path=PRIVATE, message=DENIED)
    events = await read(shop, None)
    assert reasons(events, "shop") == ["SlowSource"]
    assert reasons(events, "private") is None


async def test_a_page_of_some_namespaces_asks_in_these(shop: Shop) -> None:
    """Asked about all of them, the API server would refuse somebody who has the right in each."""
    shop.kube.faults.answer(403, path=ALL, message=DENIED, times=None)
    shop.kube.faults.answer(403, path=PRIVATE, message=DENIED)
    events = await read(shop, "shop", "private")
    assert (reasons(events, "shop"), reasons(events, "private")) == (["SlowSource"], None)
