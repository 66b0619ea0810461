"""A run of the engine VTS at each point where the operator can die, or an answer be lost. Whatever happens, the
engine runs once, and the target has each row once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.engine_rig import Rig
from tests.support.vts_rig import JOBS, ROWS, VtsRig, vts_rig

BATCH, CORE = "/apis/batch/v1/namespaces/default/jobs", "/api/v1/namespaces/default/secrets"
POINTS = {
    "the Job is made": ("POST", BATCH),
    "its Secret is made": ("POST", CORE),
    "it is started": ("PATCH", f"{BATCH}/*"),
}
DATA = ["data.flush", "data.index", "data.load", "data.release"]


@pytest.fixture
async def vts(world: Rig, tmp_path: Path) -> AsyncIterator[VtsRig]:
    async with vts_rig(world, tmp_path) as made:
        yield made


async def moved_once(vts: VtsRig) -> None:
    status = await vts.until("Successful", seconds=120)
    books = vts.collection()
    assert books is not None
    assert (vts.mover.runs, books.count) == (1, ROWS)
    assert (status["result"]["rowsRead"], len(status["attempts"])) == (ROWS, 1)
    assert (vts.jobs(), vts.secrets()) == ([], [])


@pytest.mark.parametrize("point", POINTS)
async def test_the_operator_dies_before(vts: VtsRig, point: str) -> None:
    method, path = POINTS[point]
    vts.rig.kube.faults.delay(1e6, method=method, path=path)
    vts.create()
    await vts.start()
    await vts.rig.until(lambda: not vts.rig.kube.faults.report()["faults"], "the request is on its way")
    await vts.kill()
    assert vts.mover.runs == 0
    await vts.start()
    await moved_once(vts)


@pytest.mark.parametrize("point", POINTS)
async def test_the_answer_is_lost_when(vts: VtsRig, point: str) -> None:
    method, path = POINTS[point]
    vts.rig.kube.faults.drop_after(method=method, path=path)
    vts.create()
    await vts.start()
    await moved_once(vts)


@pytest.mark.parametrize("point", POINTS)
async def test_the_request_is_lost_before(vts: VtsRig, point: str) -> None:
    method, path = POINTS[point]
    vts.rig.kube.faults.drop_before(method=method, path=path)
    vts.create()
    await vts.start()
    await moved_once(vts)


@pytest.mark.parametrize("point", POINTS)
async def test_kubernetes_is_out_of_order_when(vts: VtsRig, point: str) -> None:
    method, path = POINTS[point]
    vts.rig.kube.faults.answer(503, method=method, path=path, times=2)
    vts.create()
    await vts.start()
    await moved_once(vts)


@pytest.mark.parametrize("point", POINTS)
async def test_kubernetes_says_no_when(vts: VtsRig, point: str) -> None:
    """A quota, say. It waits, tells the words of Kubernetes, and goes on when it may."""
    method, path = POINTS[point]
    vts.rig.kube.faults.answer(403, method=method, path=path, times=3, message="exceeded quota")
    vts.create()
    await vts.start(retry_cap=0.2)
    await vts.rig.until(lambda: vts.status().get("reason") == "KubernetesRefused", "it says so")
    assert "exceeded quota" in vts.status()["message"]
    await moved_once(vts)


@pytest.mark.parametrize("route", DATA)
async def test_the_answer_of_the_data_plane_is_lost(vts: VtsRig, route: str) -> None:
    vts.rig.cloud.fault(route, "drop_after", times=1)
    vts.create()
    await vts.start()
    await moved_once(vts)


@pytest.mark.parametrize("route", DATA)
async def test_the_operator_dies_at_the_data_plane(vts: VtsRig, route: str) -> None:
    vts.rig.cloud.fault(route, "latency_after", seconds=30, times=1)
    vts.create()
    await vts.start()
    await vts.rig.until(lambda: vts.rig.cloud.stats.by_route.get(route), "it is on its way", seconds=60)
    await vts.kill()
    await vts.start()
    await moved_once(vts)


async def unstarted(vts: VtsRig) -> None:
    """The operator is gone in the moment before the start: a suspended Job is there, with its Secret."""
    vts.rig.kube.faults.delay(1e6, method="PATCH", path=f"{BATCH}/*")
    vts.create()
    await vts.start()
    await vts.rig.until(lambda: not vts.rig.kube.faults.report()["faults"], "the start is on its way")
    await vts.kill()
    assert (len(vts.jobs()), len(vts.secrets())) == (1, 1)


async def test_a_cancel_before_the_start_leaves_neither_a_job_nor_credentials(vts: VtsRig) -> None:
    await unstarted(vts)
    await vts.annotate("cancel-requested", "stop")
    await vts.start()
    await vts.until("Canceled")
    await vts.rig.until(lambda: not vts.jobs() and not vts.secrets(), "what was made is gone")
    assert (vts.mover.runs, vts.collection()) == (0, None)


async def test_what_such_a_cancel_cannot_remove_goes_with_the_object(vts: VtsRig) -> None:
    await unstarted(vts)
    vts.rig.kube.faults.answer(403, method="DELETE", path=f"{BATCH}/*", times=None)
    await vts.annotate("cancel-requested", "stop")
    await vts.start()
    await vts.until("Canceled")
    assert len(vts.jobs()) == 1
    await vts.rig.delete(JOBS, "one")
    await vts.rig.until(lambda: not vts.jobs() and not vts.secrets(), "what was made is gone")


async def test_a_deletion_before_the_start_leaves_neither_a_job_nor_credentials(vts: VtsRig) -> None:
    await unstarted(vts)
    await vts.rig.delete(JOBS, "one")
    await vts.start()
    await vts.rig.until(lambda: not vts.rig.get(JOBS, "one"), "the object is gone")
    await vts.rig.until(lambda: not vts.jobs() and not vts.secrets(), "what was made is gone")
    assert (vts.mover.runs, vts.collection()) == (0, None)


async def test_the_operator_dies_while_the_engine_runs(vts: VtsRig) -> None:
    vts.hold()
    vts.create()
    await vts.start()
    await vts.rig.until(lambda: vts.mover.runs, "the engine runs")
    await vts.kill()
    vts.mover.gate.set()
    await vts.start()
    await moved_once(vts)


async def test_the_end_comes_while_no_operator_is_there(vts: VtsRig) -> None:
    vts.hold()
    vts.create()
    await vts.start()
    await vts.rig.until(lambda: vts.status().get("jobId"), "it knows its Job")
    await vts.rig.until(lambda: vts.mover.runs, "the engine runs")
    await vts.rig.stop()
    vts.mover.gate.set()
    await vts.rig.until(lambda: any("succeeded" in (one.get("status") or {}) for one in vts.jobs()), "it ends")
    await vts.start()
    await moved_once(vts)
