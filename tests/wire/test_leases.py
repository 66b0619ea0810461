"""The Lease on the wire, against the stand-in and against a real API server: who took it, and when it was renewed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from zilliz_jobs.control.leaderelection import Elector, Pace
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.errors import AlreadyExists, Conflict, NotFound, Unavailable
from zilliz_jobs.kube.leases import Leases
from zilliz_local.kube import KubeApi

asyncio.set_event_loop(None)

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
LATER = NOW + timedelta(seconds=2)
QUICK = Pace(duration=2, deadline=1, retry=0.1)


@pytest.fixture(params=["stand-in", pytest.param("real", marks=pytest.mark.controlplane)])
async def leases(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Leases]:
    async with AsyncExitStack() as stack:
        if request.param == "real":
            kubeconfig = request.getfixturevalue("real_cluster").kubeconfig
            namespace = request.getfixturevalue("cluster_namespace")
        else:
            api = await stack.enter_async_context(KubeApi())
            kubeconfig, namespace = tmp_path / "kubeconfig", "default"
            api.write_kubeconfig(kubeconfig)
        client = await stack.enter_async_context(await KubeClient.connect(kubeconfig=kubeconfig))
        yield Leases(client, namespace, "zilliz-jobs-operator", timeout=5)


async def until(holds: Callable[[], object], seconds: float) -> None:
    for _ in range(int(seconds / 0.01)):
        if holds():
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"not within {seconds} s")


async def test_a_lease_is_made_renewed_taken_and_given_back(leases: Leases) -> None:
    """`kubectl get lease` must show who leads, and other tools must be able to read when it was renewed."""
    with pytest.raises(NotFound):
        await leases.get()
    made = await leases.create("a", 15, NOW)
    assert (made.holder, made.seconds, made.transitions) == ("a", 15, 0)
    assert made.body["spec"]["renewTime"] == made.body["spec"]["acquireTime"] == "2026-03-01T12:00:00.250000Z"
    assert await leases.get() == made
    renewed = await leases.replace(made, "a", 15, LATER)
    assert renewed.version != made.version
    assert renewed.body["spec"]["acquireTime"] == "2026-03-01T12:00:00.250000Z"
    assert renewed.body["spec"]["renewTime"] == "2026-03-01T12:00:02.250000Z"
    freed = await leases.replace(renewed, "", 1, LATER)
    assert (freed.holder, freed.transitions) == ("", 0)
    taken = await leases.replace(freed, "b", 15, LATER)
    assert (taken.holder, taken.transitions) == ("b", 1)
    assert taken.body["spec"]["acquireTime"] == "2026-03-01T12:00:02.250000Z"


async def test_only_one_makes_it_and_only_one_takes_it(leases: Leases) -> None:
    """Else two would lead."""
    made = await leases.create("a", 15, NOW)
    with pytest.raises(AlreadyExists):
        await leases.create("b", 15, NOW)
    await leases.replace(made, "b", 15, NOW)
    with pytest.raises(Conflict):
        await leases.replace(made, "c", 15, NOW)
    with pytest.raises(Conflict):
        await leases.replace(made, "a", 15, NOW)
    assert (await leases.get()).holder == "b"


async def test_what_others_wrote_into_it_stays(leases: Leases) -> None:
    made = await leases.create("a", 15, NOW)
    where = f"/apis/coordination.k8s.io/v1/namespaces/{leases.namespace}/leases/{leases.name}"
    change = {"metadata": {"labels": {"team": "data"}}}
    await leases._client.request("PATCH", where, body=change, content_type="application/merge-patch+json")
    with pytest.raises(Conflict):
        await leases.replace(made, "a", 15, LATER)
    renewed = await leases.replace(await leases.get(), "a", 15, LATER)
    assert renewed.body["metadata"]["labels"] == {"team": "data"}


async def test_two_electors_one_lease_and_a_hand_over(leases: Leases) -> None:
    """The whole election on real sockets; every case of it is in the unit tests, in virtual time."""
    electors = [Elector(leases, name, QUICK) for name in ("a", "b")]
    gained: list[str] = []
    tasks = [asyncio.create_task(e.run(lambda name=e.identity: gained.append(name), lambda: None)) for e in electors]  # type: ignore[misc]
    await until(lambda: gained, 10)
    await asyncio.sleep(1.0)
    assert len(gained) == 1
    assert (await leases.get()).holder == gained[0]
    first = 0 if gained == ["a"] else 1
    tasks[first].cancel()
    await asyncio.gather(tasks[first], return_exceptions=True)
    await electors[first].release()
    await until(lambda: len(gained) == 2, 1)
    assert sorted(gained) == ["a", "b"]
    assert electors[1 - first].leads()
    assert not electors[first].leads()
    tasks[1 - first].cancel()


async def test_an_answer_that_takes_too_long_is_no_renewal(tmp_path: Path) -> None:
    """A renewal that may have come through counts only when that is known."""
    async with KubeApi() as api:
        api.write_kubeconfig(tmp_path / "kubeconfig")
        async with await KubeClient.connect(kubeconfig=tmp_path / "kubeconfig") as client:
            leases = Leases(client, "default", "lease", timeout=0.2)
            made = await leases.create("a", 15, NOW)
            api.faults.delay(5, method="PUT")
            with pytest.raises(Unavailable):
                await leases.replace(made, "a", 15, LATER)
            api.faults.drop_after(method="PUT")
            # The HTTP client repeats a PUT by itself where a connection that it kept was cut; then it is a conflict.
            with pytest.raises((Unavailable, Conflict)):
                await leases.replace(made, "a", 15, LATER)
            assert (await leases.get()).version != made.version
