"""The life of a MigrationJob by VTS: step by step to its end, and each way in which it ends otherwise."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.engine_rig import NAMESPACE, QUICK, Rig
from tests.support.serving import ROOT
from tests.support.vts_rig import JOBS, QDRANT, ROWS, VtsRig, vts_rig
from tests.support.worker import Play

from zilliz_jobs.core.snapshot import Rules
from zilliz_local.cloud import SHOP
from zilliz_local.cloud.contents import Collection

EXAMPLES = sorted((ROOT / "examples").glob("91-vts-*.yaml"))
STEPS = ["Check", "Run", "Flush", "Index", "Load", "Verify"]


@pytest.fixture
async def vts(world: Rig, tmp_path: Path) -> AsyncIterator[VtsRig]:
    async with vts_rig(world, tmp_path) as made:
        yield made


async def test_a_migration_from_its_check_to_its_count(vts: VtsRig) -> None:
    vts.create()
    await vts.start()
    status = await vts.until("Successful")
    assert vts.steps() == STEPS
    assert status["result"] == {"clusterId": "in01-demo0shop000002", "rowsRead": ROWS, "rowsWritten": ROWS}
    books = vts.collection()
    assert books is not None
    assert (books.count, books.indexes, books.loaded, books.flushes) == (ROWS, {"vector": "COSINE"}, False, 1)
    assert (vts.jobs(), vts.secrets()) == ([], []), "nothing is left that holds credentials"
    assert vts.mover.runs == 1


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
async def test_the_example_of_each_source_runs_to_its_end(vts: VtsRig, path: Path) -> None:
    secret, job = documents(path)
    data = {key: base64.b64encode(f"{key}-CANARY".encode()).decode() for key in secret.pop("stringData")}
    vts.rig.kube.create(secret | {"data": data, "metadata": secret["metadata"] | {"namespace": NAMESPACE}})
    spec = job["spec"] | {"target": {"clusterId": SHOP}}
    vts.rig.kube.create(job | {"metadata": {"name": "one", "namespace": NAMESPACE}, "spec": spec})
    await vts.start()
    status = await vts.until("Successful", seconds=60)
    moved = [one.get("destination", one["source"]) for one in spec["collections"]]
    assert status["result"]["rowsWritten"] == ROWS * len(moved)
    assert [found.count for name in moved if (found := vts.collection(name))] == [ROWS] * len(moved)
    assert (vts.jobs(), vts.secrets()) == ([], [])


async def test_the_collections_stay_loaded_where_that_is_wanted(vts: VtsRig) -> None:
    vts.create(load=True, collections=[{"source": "books", "destination": "read", "metricType": "L2"}])
    await vts.start()
    await vts.until("Successful")
    read = vts.collection("read")
    assert read is not None
    assert (read.loaded, read.indexes) == (True, {"vector": "L2"})


async def test_a_source_that_takes_one_collection_a_run_has_a_run_for_each(vts: VtsRig) -> None:
    vts.create(source=QDRANT, collections=[{"source": "books"}, {"source": "films"}])
    await vts.start()
    status = await vts.until("Successful", seconds=60)
    assert vts.steps() == ["Check", "Run1", "Run2", "Flush", "Index", "Load", "Verify"]
    assert (status["result"]["rowsRead"], vts.mover.runs) == (2 * ROWS, 2)
    assert [found.count for name in ("books", "films") if (found := vts.collection(name))] == [ROWS, ROWS]


async def test_without_the_engine_the_way_out_is_told(vts: VtsRig) -> None:
    vts.create()
    await vts.start(vts_image="")
    await vts.rig.until(lambda: vts.status().get("reason") == "EngineNotEnabled", "it says so")
    assert "migrations.vts.enabled" in vts.status()["message"]
    assert vts.jobs() == []


# -- ends


async def test_rows_that_the_engine_lost_in_silence_are_missed(vts: VtsRig) -> None:
    vts.mover.loses = 1
    vts.create()
    await vts.start()
    status = await vts.until("Failed", seconds=120)
    assert status["reason"] == "CountMismatch"
    assert f"{ROWS} rows were read and {ROWS} written, and the target has {ROWS - 1}" in status["message"]


async def test_a_collection_that_stands_under_the_name_is_not_touched(vts: VtsRig) -> None:
    vts.rig.cloud.world.clusters[SHOP].put_collection("default", "books", Collection("somebody's", rows=7))
    vts.create()
    await vts.start()
    await vts.rig.until(lambda: vts.status().get("reason") == "NameTaken", "it says so")
    books = vts.collection()
    assert books is not None
    assert (books.count, vts.jobs()) == (7, [])


async def test_the_same_manifest_a_second_time_is_refused(vts: VtsRig) -> None:
    vts.create()
    await vts.start()
    await vts.until("Successful")
    vts.create("two")
    await vts.rig.until(lambda: vts.status("two").get("reason") == "NameTaken", "it says so")
    assert vts.mover.runs == 1


async def test_two_objects_of_one_destination_move_it_once(vts: VtsRig) -> None:
    """Both see a free name; the second waits until the collections of the first are there."""
    vts.hold()
    vts.create()
    vts.create("two")
    await vts.start()
    await vts.rig.until(lambda: {"NameTaken"} & {vts.status(n).get("reason") for n in ("one", "two")}, "one is late")
    vts.mover.gate.set()
    await vts.rig.until(lambda: {"Successful"} & {vts.status(n).get("state") for n in ("one", "two")}, "one ends")
    books = vts.collection()
    assert books is not None
    assert (vts.mover.runs, books.count) == (1, ROWS)


async def test_two_objects_of_different_destinations_run_at_the_same_time(vts: VtsRig) -> None:
    vts.hold()
    vts.create()
    vts.create("two", collections=[{"source": "films"}])
    await vts.start()
    await vts.rig.until(lambda: vts.mover.runs == 2, "both run")
    vts.mover.gate.set()
    await vts.until("Successful")
    await vts.until("Successful", "two")


async def test_a_job_that_somebody_deletes_is_an_unknown_outcome_and_runs_no_second_time(vts: VtsRig) -> None:
    await begun(vts, replace(QUICK, missing_grace=5))
    await vts.delete_job()
    vts.mover.gate.set()
    status = await vts.until("Unknown", seconds=60)
    assert status["reason"] == "OutcomeUnknown"
    assert vts.mover.runs == 1


async def test_a_pod_that_is_evicted_is_told_as_interrupted_and_a_retry_begins_anew(vts: VtsRig) -> None:
    vts.node.play = Play(moves=vts.mover.evicted)
    vts.create()
    await vts.start()
    status = await vts.until("Failed")
    assert status["reason"] == "WorkerInterrupted"
    assert "it left default/books in the target" in status["message"]
    vts.node.play = Play(moves=vts.mover)
    await vts.annotate("retry-requested", "again")
    await vts.until("Successful", seconds=60)
    books = vts.collection()
    assert books is not None
    assert (books.count, vts.mover.runs) == (ROWS, 2)
    assert [row["number"] for row in vts.status()["attempts"]] == [1, 2]


async def test_a_retry_removes_nothing_that_is_not_its_own(vts: VtsRig) -> None:
    vts.node.play = Play(moves=vts.mover.evicted)
    vts.create()
    await vts.start()
    await vts.until("Failed")
    vts.rig.cloud.world.clusters[SHOP].put_collection("default", "books", Collection("somebody's", rows=7))
    await vts.annotate("retry-requested", "again")
    await vts.rig.until(lambda: vts.status().get("reason") == "NameTaken", "it says so")
    books = vts.collection()
    assert books is not None
    assert books.count == 7


async def test_more_memory_and_a_retry_help_a_run_that_had_too_little(vts: VtsRig) -> None:
    vts.node.play = Play(moves=vts.mover.out_of_memory)
    vts.create()
    await vts.start()
    assert (await vts.until("Failed"))["reason"] == "OutOfMemory"
    memory = {"worker": {"resources": {"limits": {"memory": "4Gi"}}}}
    await vts.rig.patch(JOBS, "one", {"spec": memory})
    vts.node.play = Play(moves=vts.mover)
    vts.hold()
    await vts.annotate("retry-requested", "again")
    await vts.rig.until(lambda: vts.mover.runs == 2, "the second run")
    newest = vts.jobs()[-1]
    (container,) = newest["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["memory"] == "4Gi"
    vts.mover.gate.set()
    await vts.until("Successful", seconds=60)


@pytest.mark.parametrize(("obstacle", "words"), [("image", "ImagePullBackOff"), ("no node", "Insufficient memory")])
async def test_a_pod_that_does_not_start_tells_why_in_the_words_of_kubernetes(
    vts: VtsRig, obstacle: str, words: str
) -> None:
    vts.node.play = Play(moves=vts.mover, obstacle=obstacle)
    vts.create()
    await vts.start()
    await vts.rig.until(lambda: vts.status().get("reason") == "WorkerNotStarted", "it says so")
    assert words in vts.status()["message"]


async def test_a_secret_that_somebody_deletes_keeps_the_pod_from_starting_until_a_cancel(vts: VtsRig) -> None:
    vts.node.play = replace(vts.node.play, obstacle="no node")
    vts.create()
    await vts.start()
    await vts.rig.until(lambda: vts.status().get("reason") == "WorkerNotStarted", "its pod is there")
    (secret,) = vts.secrets()
    path = f"/api/v1/namespaces/{NAMESPACE}/secrets/{secret['metadata']['name']}"
    await (await vts.rig.client()).request("DELETE", path)
    vts.node.play = replace(vts.node.play, obstacle="")
    await vts.rig.until(lambda: "FailedMount" in vts.status().get("message", ""), "it says what is missing")
    await vts.annotate("cancel-requested", "stop")
    await vts.until("Canceled")
    assert (vts.jobs(), vts.mover.runs, vts.collection()) == ([], 0, None)


# -- cancel


async def test_a_cancel_ends_the_worker_and_names_what_is_left(vts: VtsRig) -> None:
    await begun(vts)
    await vts.annotate("cancel-requested", "stop")
    status = await vts.until("Canceled")
    assert status["cancel"]["outcome"] == "Completed"
    assert "it left default/books in the target" in status["message"]
    assert (vts.jobs(), vts.secrets(), vts.rig.kube.objects("pods")) == ([], [], [])
    assert vts.mover.runs == 1


@pytest.mark.parametrize("lost", ["drop_after", "drop_before"])
async def test_a_cancel_whose_answer_is_lost_is_repeated(vts: VtsRig, lost: str) -> None:
    await begun(vts)
    getattr(vts.rig.kube.faults, lost)(method="DELETE", path="/apis/batch/v1/*")
    await vts.annotate("cancel-requested", "stop")
    assert (await vts.until("Canceled"))["cancel"]["outcome"] == "Completed"


async def test_the_operator_dies_when_it_has_asked_for_the_end(vts: VtsRig) -> None:
    await begun(vts)
    vts.rig.kube.faults.delay(1e6, method="DELETE", path="/apis/batch/v1/*")
    await vts.annotate("cancel-requested", "stop")
    await vts.rig.until(lambda: not vts.rig.kube.faults.report()["faults"], "it is on its way")
    await vts.kill()
    await vts.start()
    assert (await vts.until("Canceled"))["cancel"]["outcome"] == "Completed"


async def test_a_deadline_ends_the_worker(vts: VtsRig) -> None:
    await begun(vts, activeDeadlineSeconds=5)
    status = await vts.until("Canceled", seconds=60)
    assert status["reason"] == "DeadlineExceeded"
    assert vts.jobs() == []


async def test_a_deletion_with_the_policy_cancel_ends_the_worker(vts: VtsRig) -> None:
    await begun(vts, deletionPolicy="Cancel")
    await vts.rig.delete(JOBS, "one")
    await vts.rig.until(lambda: not vts.rig.get(JOBS, "one") and not vts.jobs(), "both are gone")
    assert vts.rig.kube.objects("pods") == []


async def test_a_deletion_without_it_leaves_the_worker_alone(vts: VtsRig) -> None:
    await begun(vts)
    await vts.rig.delete(JOBS, "one")
    await vts.rig.until(lambda: not vts.rig.get(JOBS, "one"), "the object is gone")
    vts.mover.gate.set()
    await vts.rig.until(lambda: (found := vts.collection()) is not None and found.count == ROWS, "all rows came")


@pytest.mark.parametrize(
    ("route", "step"),
    [("data.flush", "Flush"), ("data.index", "Index"), ("data.load", "Load"), ("data.query", "Verify")],
)
async def test_a_cancel_at_a_later_step_ends_the_job_there(vts: VtsRig, route: str, step: str) -> None:
    vts.rig.cloud.fault(route, "status", status=503, times=None)
    vts.create()
    await vts.start()
    await vts.rig.until(lambda: vts.rig.cloud.stats.by_route.get(route), "it is at the step", seconds=60)
    await vts.annotate("cancel-requested", "stop")
    status = await vts.until("Canceled", seconds=120)
    assert "default/books" in status["message"]
    assert (status["steps"][-1]["name"], status["steps"][-1]["state"]) == (step, "Canceled")


async def begun(vts: VtsRig, rules: Rules = QUICK, **more: Any) -> None:
    """The engine runs, and stays half way."""
    vts.hold()
    vts.create(**more)
    await vts.start(rules=rules)
    await vts.rig.until(lambda: vts.status().get("cloudStatus") == "Writing", "its collections are there")
