"""A migration by VTS on a cluster of SeaTunnel: whatever happens on the way, one run there, and neither a Job nor a
Secret in Kubernetes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.engine_rig import QUICK, Rig
from tests.support.vts_rig import IMAGE, QDRANT, ROWS, VtsRig, vts_rig

FAULTS = ("lost before", "lost after")
HANGS = ("hangs before", "hangs after")
CALLS = ("submit-job", "job-info")


@pytest.fixture
async def vts(world: Rig, tmp_path: Path) -> AsyncIterator[VtsRig]:
    async with vts_rig(world, tmp_path) as made:
        await made.start_on_cluster()
        yield made


async def moved_once(vts: VtsRig) -> None:
    status = await vts.until("Successful", seconds=120)
    books = vts.collection()
    assert books is not None
    assert (vts.mover.runs, books.count, len(vts.cluster.starts)) == (1, ROWS, 1)
    assert (status["result"]["rowsRead"], len(status["attempts"])) == (ROWS, 1)
    assert_nothing_in_kubernetes(vts)


def assert_nothing_in_kubernetes(vts: VtsRig) -> None:
    assert (vts.jobs(), vts.secrets(), vts.rig.kube.objects("pods")) == ([], [], [])


async def begun(vts: VtsRig) -> None:
    vts.hold()
    vts.create()
    await vts.rig.until(lambda: vts.status().get("cloudStatus") == "Writing", "its collections are there")


async def test_a_migration_from_its_check_to_its_count(vts: VtsRig) -> None:
    vts.create()
    await moved_once(vts)
    (run,) = [row for row in vts.status()["steps"] if row["name"] == "Run"]
    assert run["handle"]["jobId"] == str(vts.cluster.starts[0])


async def test_a_source_that_takes_one_collection_a_run_has_a_run_for_each(vts: VtsRig) -> None:
    vts.create(source=QDRANT, collections=[{"source": "books"}, {"source": "films"}])
    status = await vts.until("Successful", seconds=60)
    assert (status["result"]["rowsRead"], len(vts.cluster.starts)) == (2 * ROWS, 2)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", FAULTS)
async def test_an_answer_is_lost(vts: VtsRig, call: str, fault: str) -> None:
    vts.cluster.faults[call] = fault
    vts.create()
    await moved_once(vts)
    assert not vts.cluster.faults


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", HANGS)
async def test_the_operator_dies_at_a_request(vts: VtsRig, call: str, fault: str) -> None:
    vts.cluster.faults[call] = fault
    vts.create()
    await vts.rig.until(lambda: not vts.cluster.faults, "it is on its way")
    await vts.kill()
    await vts.start_on_cluster()
    await moved_once(vts)


async def test_the_operator_dies_while_the_engine_runs(vts: VtsRig) -> None:
    await begun(vts)
    await vts.kill()
    vts.mover.gate.set()
    await vts.start_on_cluster()
    await moved_once(vts)


async def test_a_cluster_that_does_not_answer_is_waited_for(vts: VtsRig) -> None:
    vts.cluster.down = True
    vts.create()
    await vts.rig.until(lambda: "SeaTunnel" in (vts.status().get("message") or ""), "it says so")
    vts.cluster.down = False
    await moved_once(vts)


async def test_a_cancel_stops_the_run_and_names_what_is_left(vts: VtsRig) -> None:
    await begun(vts)
    await vts.annotate("cancel-requested", "stop")
    status = await vts.until("Canceled")
    assert status["cancel"]["outcome"] == "Completed"
    assert "it left default/books in the target" in status["message"]
    assert [job.status for job in vts.cluster.jobs.values()] == ["CANCELED"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_cancel_whose_answer_is_lost_is_repeated(vts: VtsRig, fault: str) -> None:
    await begun(vts)
    vts.cluster.faults["stop-job"] = fault
    await vts.annotate("cancel-requested", "stop")
    assert (await vts.until("Canceled"))["cancel"]["outcome"] == "Completed"


@pytest.mark.parametrize("fault", HANGS)
async def test_the_operator_dies_when_it_asks_for_the_end(vts: VtsRig, fault: str) -> None:
    await begun(vts)
    vts.cluster.faults["stop-job"] = fault
    await vts.annotate("cancel-requested", "stop")
    await vts.rig.until(lambda: not vts.cluster.faults, "it is on its way")
    await vts.kill()
    await vts.start_on_cluster()
    assert (await vts.until("Canceled"))["cancel"]["outcome"] == "Completed"


async def test_a_run_that_somebody_stops_is_told_and_a_retry_begins_anew(vts: VtsRig) -> None:
    await begun(vts)
    for job in vts.cluster.jobs.values():
        job.status = "CANCELING"
    assert (await vts.until("Failed"))["reason"] == "WorkerInterrupted"
    vts.mover.gate.set()
    await vts.annotate("retry-requested", "again")
    await vts.until("Successful", seconds=60)
    books = vts.collection()
    assert books is not None
    assert (books.count, vts.mover.runs) == (ROWS, 2)


async def test_a_run_that_the_cluster_forgot_is_an_unknown_outcome_and_runs_no_second_time(vts: VtsRig) -> None:
    await vts.rig.stop()
    await vts.start_on_cluster(rules=replace(QUICK, missing_grace=5))
    await begun(vts)
    vts.cluster.jobs.clear()
    assert (await vts.until("Unknown", seconds=60))["reason"] == "OutcomeUnknown"
    assert vts.mover.runs == 1


@pytest.mark.parametrize("other", ["http://other.example.svc:8080", ""])
async def test_a_run_is_never_looked_for_on_another_cluster(vts: VtsRig, other: str) -> None:
    """That would not know it, and it would be sent once more."""
    vts.cluster.faults["submit-job"] = "hangs after"
    vts.create()
    await vts.rig.until(lambda: not vts.cluster.faults, "it is on its way")
    await vts.kill()
    await vts.start_on_cluster(vts_cluster=other, vts_image=IMAGE)
    await vts.rig.until(lambda: "belongs to the SeaTunnel cluster" in (vts.status().get("message") or ""), "it says")
    await vts.kill()
    await vts.start_on_cluster()
    await moved_once(vts)


async def test_a_worker_that_began_before_the_cluster_was_named_goes_on(vts: VtsRig) -> None:
    await vts.rig.stop()
    await vts.start()
    await begun(vts)
    await vts.kill()
    vts.mover.gate.set()
    await vts.start_on_cluster(vts_image=IMAGE)
    await vts.until("Successful", seconds=60)
    assert (vts.mover.runs, vts.cluster.starts) == (1, [])
