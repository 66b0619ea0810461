"""kopf, unchanged, on the stand-in: what an operator built on it relies on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import kopf
import pytest
from tests.contract.widget import NAME, widget

from zilliz_local.kube import KubeApi

PLACE = ("contract.test", "v1", "widgets")


@asynccontextmanager
async def operator(
    kube: KubeApi, registry: kopf.OperatorRegistry, configure: Callable[[kopf.OperatorSettings], None] | None = None
) -> AsyncIterator[None]:
    """kopf with these handlers, until the block ends."""

    @kopf.on.startup(registry=registry)
    async def start(settings: kopf.OperatorSettings, **_: Any) -> None:
        settings.posting.enabled = False
        settings.scanning.disabled = True
        settings.watching.chunk_size = 500
        settings.watching.reconnect_backoff = 0.01
        settings.persistence.finalizer = "contract.test/kopf"
        if configure:
            configure(settings)

    @kopf.on.login(registry=registry)
    async def login(**_: Any) -> kopf.ConnectionInfo:
        return kopf.ConnectionInfo(server=kube.url)

    stop = asyncio.Event()
    task = asyncio.create_task(kopf.operator(registry=registry, standalone=True, clusterwide=True, stop_flag=stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


async def until(wanted: Callable[[], Any]) -> None:
    async with asyncio.timeout(120):  # for what hangs, on a machine of any speed
        while not wanted():  # noqa: ASYNC110 - what is waited for is state of kopf, not an event of ours
            await asyncio.sleep(0.005)


@pytest.fixture
def registry() -> kopf.OperatorRegistry:
    return kopf.OperatorRegistry()


class Seen(list[tuple[str | None, str]]):
    """The events that a handler saw: type and name."""

    def follow(self, registry: kopf.OperatorRegistry) -> None:
        @kopf.on.event(*PLACE, registry=registry)
        async def see(event: Any, name: str, **_: Any) -> None:
            self.append((event["type"], name))


@pytest.mark.parametrize("scanning", [False, True], ids=["fixed resources", "scanning"])
async def test_an_event_handler_sees_old_and_new_objects(
    kube: KubeApi, registry: kopf.OperatorRegistry, scanning: bool
) -> None:
    kube.create(widget("old"))
    seen = Seen()
    seen.follow(registry)

    def configure(settings: kopf.OperatorSettings) -> None:
        settings.scanning.disabled = not scanning

    async with operator(kube, registry, configure):
        await until(lambda: (None, "old") in seen)
        kube.create(widget("new"))
        await until(lambda: ("ADDED", "new") in seen)
    assert kube.stats.count("patch") == 0


async def test_kopf_can_start_from_a_watch_list(kube: KubeApi, registry: kopf.OperatorRegistry) -> None:
    kube.create(widget("old"))
    seen = Seen()
    seen.follow(registry)

    def configure(settings: kopf.OperatorSettings) -> None:
        settings.watching.initial_streaming = True

    async with operator(kube, registry, configure):
        await until(lambda: (None, "old") in seen)
    assert kube.stats.count("list", NAME) == 0


async def test_handlers_with_progress_patch_status_and_finalizers(
    kube: KubeApi, registry: kopf.OperatorRegistry
) -> None:
    deleted = asyncio.Event()

    @kopf.on.create(*PLACE, registry=registry)
    async def create(patch: kopf.Patch, meta: Any, **_: Any) -> None:
        patch.status["observedGeneration"] = meta["generation"]

    @kopf.on.delete(*PLACE, registry=registry)
    async def delete(**_: Any) -> None:
        deleted.set()

    async with operator(kube, registry):
        kube.create(widget())
        await until(lambda: (kube.object(NAME, "default", "one") or {})["status"]["observedGeneration"] == 1)
        body = kube.object(NAME, "default", "one") or {}
        assert body["metadata"]["finalizers"] == ["contract.test/kopf"]
        await delete_over_http(kube)
        await asyncio.wait_for(deleted.wait(), 20)
        await until(lambda: kube.object(NAME, "default", "one") is None)


async def delete_over_http(kube: KubeApi) -> None:
    path = f"{kube.url}/apis/contract.test/v1/namespaces/default/widgets/one"
    async with aiohttp.ClientSession() as session, session.delete(path) as response:
        assert response.status == 200


@pytest.mark.parametrize("how", ["close", "expire"])
async def test_kopf_comes_back_after_a_lost_watch(kube: KubeApi, registry: kopf.OperatorRegistry, how: str) -> None:
    seen = Seen()
    seen.follow(registry)
    async with operator(kube, registry):
        kube.create(widget("before"))
        await until(lambda: len(seen) == 1)
        if how == "expire":
            # The version that kopf holds is too old when its watch ends.
            kube.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "noise"}})
            kube.faults.expire_history()
        kube.faults.close_watches()
        kube.create(widget("after"))
        await until(lambda: any(name == "after" for _, name in seen))


async def test_a_silent_watch_is_given_up_by_its_inactivity_time_out(
    kube: KubeApi, registry: kopf.OperatorRegistry
) -> None:
    seen = Seen()
    seen.follow(registry)

    def configure(settings: kopf.OperatorSettings) -> None:
        settings.watching.inactivity_timeout = 0.2

    async with operator(kube, registry, configure):
        await until(lambda: kube.stats.report()["watches"] > 0)
        kube.faults.silence_watches()
        kube.create(widget("unheard"))
        watches = kube.stats.count("watch", NAME)
        await until(lambda: kube.stats.count("watch", NAME) > watches)
        assert not seen
        kube.faults.clear()
        await until(lambda: any(name == "unheard" for _, name in seen))


async def test_thousands_of_objects_cost_four_lists_and_no_write(
    kube: KubeApi, registry: kopf.OperatorRegistry
) -> None:
    tags = {f"key{index}": "v" * 20 for index in range(30)}
    for index in range(2_000):
        kube.create(widget(f"w{index}", tags=tags))
    seen = Seen()
    seen.follow(registry)
    async with operator(kube, registry):
        await until(lambda: len(seen) == 2_000)
    assert kube.stats.count("list", NAME) == 4
    assert kube.stats.count("patch") == 0
