"""Faults and counters of the stand-in: what tests of an operator set up must really happen."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest
from tests.contract.client import Client
from tests.contract.widget import NAME, widget

from zilliz_local.kube import KubeApi, RefusalError


async def test_the_next_requests_that_match_are_refused(kube: KubeApi, stand_in: Client) -> None:
    kube.faults.answer(429, method="PATCH", path="*/widgets/*", times=2, retry_after=3)
    await stand_in.create(stand_in.widgets(), widget())
    for _ in range(2):
        reply = await stand_in.merge(stand_in.widgets("one"), {"spec": {"size": 4}})
        assert reply.refused(429, "TooManyRequests")["details"] == {"retryAfterSeconds": 3}
    (await stand_in.merge(stand_in.widgets("one"), {"spec": {"size": 4}})).ok()


async def test_a_fault_may_name_the_verb_and_last_until_cleared(kube: KubeApi, stand_in: Client) -> None:
    kube.faults.answer(503, method="LIST", times=None)
    for _ in range(3):
        (await stand_in.get(stand_in.widgets())).refused(503, "ServiceUnavailable")
    (await stand_in.get(stand_in.widgets("nope"))).refused(404, "NotFound")
    kube.faults.clear()
    (await stand_in.get(stand_in.widgets())).ok()


@pytest.mark.parametrize(("when", "there"), [("drop_before", False), ("drop_after", True)])
async def test_a_connection_is_cut_before_or_after_the_effect(
    kube: KubeApi, stand_in: Client, when: str, there: bool
) -> None:
    getattr(kube.faults, when)(method="POST")
    with pytest.raises(aiohttp.ClientConnectionError):
        await stand_in.call("POST", stand_in.widgets(), widget())
    assert (kube.object(NAME, "default", "one") is not None) == there


async def test_a_delay_delays(kube: KubeApi, stand_in: Client) -> None:
    kube.faults.delay(0.05, method="GET")
    begin = time.monotonic()
    (await stand_in.get(stand_in.widgets())).ok()
    assert time.monotonic() - begin >= 0.05


async def test_a_silent_watch_says_nothing_until_it_may(kube: KubeApi, stand_in: Client) -> None:
    async with stand_in.watch(stand_in.widgets(), allowWatchBookmarks="true", resourceVersion="0") as watch:
        kube.faults.silence_watches("*/widgets")
        await stand_in.create(stand_in.widgets(), widget())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.15):
                # A bookmark may have been on its way.
                await watch.until(lambda seen: seen[-1]["type"] != "BOOKMARK")
        kube.faults.clear()
        assert await watch.take(1) == [("ADDED", "one")]


async def test_watches_are_closed_on_request(kube: KubeApi, stand_in: Client) -> None:
    async with stand_in.watch(stand_in.widgets()) as watch:
        assert kube.faults.close_watches("/api/v1/*") == 0
        assert kube.faults.close_watches() == 1
        assert await watch.until(lambda _: False) == []


async def test_history_expires_on_request(kube: KubeApi, stand_in: Client) -> None:
    for name in ("one", "two", "three"):
        await stand_in.create(stand_in.widgets(), widget(name))
    first = (await stand_in.get(stand_in.widgets(), limit="1")).ok()["metadata"]
    (await stand_in.merge(stand_in.widgets("one"), {"spec": {"size": 4}})).ok()
    kube.faults.expire_history()
    async with stand_in.watch(stand_in.widgets(), resourceVersion=first["resourceVersion"]) as watch:
        (event,) = await watch.until(lambda _: False)
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)
    kube.faults.gone_as_status()
    reply = await stand_in.get(stand_in.widgets(), watch="true", resourceVersion=first["resourceVersion"])
    reply.refused(410, "Expired")
    reply = await stand_in.get(stand_in.widgets(), limit="1", **{"continue": first["continue"]})
    reply.refused(410, "Expired")


async def test_history_is_bounded() -> None:
    async with KubeApi(history=3) as kube, aiohttp.ClientSession() as session:
        client = Client(session, kube.url, "default", real=False)
        version = (await client.get(client.core("configmaps"))).version
        for name in "abcde":
            await client.create(client.core("configmaps"), {"metadata": {"name": name}})
        async with client.watch(client.core("configmaps"), resourceVersion=version) as watch:
            (event,) = await watch.until(lambda _: False)
        assert event["object"]["code"] == 410


async def test_requests_are_counted(kube: KubeApi, stand_in: Client) -> None:
    kube.stats.reset()
    await stand_in.create(stand_in.widgets(), widget())
    for _ in range(2):
        (await stand_in.merge(stand_in.widgets("one", "status"), {"status": {}})).ok()
    async with stand_in.watch(stand_in.widgets()):
        pass
    assert kube.stats.count("patch", f"{NAME}/status") == 2
    assert kube.stats.count(resource="widgets*") == 4
    assert (await stand_in.get("/_kube/stats")).ok()["requests"] == {
        "create": {NAME: 1},
        "patch": {f"{NAME}/status": 2},
        "watch": {NAME: 1},
    }
    (await stand_in.delete("/_kube/stats")).ok()
    assert kube.stats.count() == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "answer", "code": 500, "method": "GET", "path": "*/widgets", "times": 1, "retryAfter": 1},
        {"fault": "delay", "seconds": 0.001},
        {"fault": "drop_before", "times": None},
        {"fault": "drop_after"},
        {"fault": "silence_watches", "path": "*"},
        {"fault": "close_watches"},
        {"fault": "expire_history"},
        {"fault": "gone_as_status"},
    ],
    ids=lambda fault: str(fault["fault"]),
)
async def test_faults_are_set_from_outside(stand_in: Client, fault: dict[str, Any]) -> None:
    (await stand_in.call("POST", "/_kube/faults", fault)).ok()
    report = (await stand_in.get("/_kube/faults")).ok()
    lasting = fault["fault"] not in ("close_watches", "expire_history", "gone_as_status")
    assert [one["fault"] for one in report["faults"]] == ([fault["fault"]] if lasting else [])
    cleared = (await stand_in.delete("/_kube/faults")).ok()
    assert cleared == {"faults": [], "goneAsStatus": False}


async def test_an_unknown_fault_is_refused(stand_in: Client) -> None:
    (await stand_in.call("POST", "/_kube/faults", {"fault": "earthquake"})).refused(400, "BadRequest")
    (await stand_in.call("POST", "/_kube/faults", {"fault": "answer"})).refused(400, "BadRequest")


async def test_a_token_is_asked_for() -> None:
    async with KubeApi(token="secret") as kube, aiohttp.ClientSession() as session:
        client = Client(session, kube.url, "default", real=False)
        (await client.get("/api/v1")).refused(401, "Unauthorized")
        (await client.get("/api/v1", headers={"Authorization": "Bearer secret"})).ok()
        assert kube.kubeconfig()["users"][0]["user"] == {"token": "secret"}


def test_it_listens_on_loopback_only() -> None:
    with pytest.raises(ValueError, match="loopback only"):
        KubeApi(host="0.0.0.0")


def test_objects_are_made_without_http_and_by_the_same_rules(kube: KubeApi) -> None:
    made = kube.create(widget())
    assert kube.objects(NAME) == [made]
    assert kube.object(NAME, "default", "other") is None
    with pytest.raises(RefusalError, match="already exists"):
        kube.create(widget())
