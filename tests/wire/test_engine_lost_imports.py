"""Lost imports beside others of one name: each object gets its own job, or a person is asked; none is sent twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.engine_rig import FILM, Rig

from zilliz_local.cloud import MOVIES

AFTER, BEFORE = "status_after", "status"


@pytest.fixture
def twins(world: Rig) -> Rig:
    """A cloud that lists imports without heed of databases; two databases have a collection of one name."""
    world.cloud.behave(filters_ignored=["imports"])
    world.cloud.world.clusters[MOVIES].put_collection("archive", "films")
    return world


def job_of(world: Rig, name: str) -> tuple[str, list[str]]:
    """The job that the object follows, and those that its own requests started."""
    status = world.status("importjobs", name)
    token = (status.get("submission") or {}).get("token", "?")
    return status.get("jobId", ""), [effect.job_id for effect in world.cloud.ledger.effects(token=token)]


def is_clear(world: Rig, name: str) -> bool:
    status = world.status("importjobs", name)
    return bool(status.get("jobId")) or status.get("reason") == "SubmissionUnknown"


@pytest.mark.parametrize("faults", [(AFTER, BEFORE), (BEFORE, AFTER), (AFTER, AFTER), (BEFORE, BEFORE)])
@pytest.mark.parametrize("databases", [("archive", "default"), ("archive", "archive")])
async def test_two_that_are_lost_at_once_do_not_swap_their_jobs(
    twins: Rig, faults: tuple[str, str], databases: tuple[str, str]
) -> None:
    """One would end well with nothing imported, the other be imported twice."""
    losses = [
        twins.cloud.fault("import.create", fault, status=502, skip=turn, times=1) for turn, fault in enumerate(faults)
    ]
    for turn, fault in enumerate(faults):
        if fault == AFTER:  # its answer is late: the other one, were it on its way too, would look first and see it
            twins.cloud.fault("import.create", "latency_after", seconds=1.5, skip=turn, times=1)
    await twins.start()
    twins.imports("one", database=databases[0])
    await twins.until(lambda: twins.cloud.ledger.requests(kind="submit"), "the first is on its way")
    twins.imports("two", database=databases[1])
    await twins.until(lambda: is_clear(twins, "one") and is_clear(twins, "two"), "both are clear", 25)
    assert [twins.cloud.world.faults.hits(loss.id) for loss in losses] == [1, 1]
    for name in ("one", "two"):
        followed, own = job_of(twins, name)
        assert len(own) <= 1
        assert followed in ("", *own)
    assert max(twins.cloud.ledger.effects_per_token().values()) == 1


async def open_twice(world: Rig, *databases: str) -> None:
    """Both submissions are open, as a process left them that told imports apart by their database."""
    for name, database in zip(("one", "two"), databases, strict=True):
        world.imports(name, database=database)
        record: dict[str, Any] = {
            "attempt": 1,
            "step": "Submit",
            "token": f"token-{name}",
            "holder": "gone",
            "intentTime": "2026-01-05T07:59:58Z",
            "cloudTime": "2026-01-05T07:59:58Z",
            "sends": 1,
            "evidence": "Sending",
        }
        await world.patch("importjobs", name, {"status": {"state": "Pending", "submission": record}}, "/status")


async def test_of_two_that_are_open_at_once_neither_takes_the_only_job(twins: Rig) -> None:
    await open_twice(twins, "archive", "default")
    body = {"objectUrls": [[FILM]], "clusterId": MOVIES, "dbName": "archive", "collectionName": "films"}
    twins.cloud.act_as("rival", "POST", "/v2/vectordb/jobs/import/create", body)
    await twins.start()
    await twins.until(lambda: is_clear(twins, "one") and is_clear(twins, "two"), "both are clear", 25)
    await asyncio.sleep(0.5)
    for name in ("one", "two"):
        assert twins.status("importjobs", name)["reason"] == "SubmissionUnknown"
    assert len(twins.cloud.ledger.effects(kind="submit")) == 1


@pytest.mark.parametrize(
    "told",
    [
        {"import_file_name": "[{name}]"},
        {"import_file_name": "tmp-{name}"},
        {"start_time_while_pending": False, "unset_time": "0001-01-01T00:00:00Z"},
        {"start_time_while_pending": False, "unset_time": "1970-01-01T00:00:00Z"},
    ],
    ids=["its file in brackets", "its file with a prefix", "the year 1", "1970"],
)
async def test_one_that_the_cloud_shows_oddly_is_not_sent_again(world: Rig, told: dict[str, Any]) -> None:
    """Its rows would be in the collection twice."""
    world.cloud.behave(**told)
    world.cloud.fault("import.create", AFTER, times=1, status=502)
    world.imports("one")
    await world.start()
    await world.until(lambda: is_clear(world, "one"), "it is clear", 25)
    assert len(world.cloud.ledger.effects(kind="submit")) == 1
    assert not world.status("importjobs", "one").get("startTime")


async def test_one_that_was_made_anew_in_the_same_second_does_not_take_its_predecessors_job(world: Rig) -> None:
    """The object is deleted while no process runs, so nothing remembers its job; times do not tell the two apart."""
    world.imports("one")
    await world.start()
    await world.until(lambda: world.status("importjobs", "one").get("jobId"), "it has its job")
    (first,) = world.cloud.ledger.effects(kind="submit")
    await world.stop()
    await world.patch("importjobs", "one", {"metadata": {"finalizers": None}})
    await world.delete("importjobs", "one")
    world.cloud.fault("import.create", "drop_before")
    world.imports("one")
    await world.start()
    await world.until(lambda: is_clear(world, "one"), "it is clear", 25)
    status = world.status("importjobs", "one")
    assert status["reason"] == "SubmissionUnknown"
    assert first.job_id in status["message"]


async def test_one_whose_neighbour_was_deleted_while_it_was_lost_does_not_take_its_job(world: Rig) -> None:
    """The neighbour's request may take effect when its object is gone."""
    await open_twice(world, "default", "default")
    await world.start()
    body = {"objectUrls": [[FILM]], "clusterId": MOVIES, "collectionName": "films"}
    world.cloud.fault("import.list", "status", status=503)
    await world.patch("importjobs", "two", {"metadata": {"finalizers": None}})
    await world.delete("importjobs", "two")
    await world.until(lambda: not world.get("importjobs", "two"), "it is gone")
    await asyncio.sleep(0.2)
    world.cloud.act_as("rival", "POST", "/v2/vectordb/jobs/import/create", body)
    world.cloud.world.faults.clear()
    await world.until(lambda: is_clear(world, "one"), "it is clear", 25)
    assert world.status("importjobs", "one")["reason"] == "SubmissionUnknown"
