"""What is known of an open submission by an operator that is started again, when its object tells nothing of it.

If these fail, a status that was removed, or an object that was made anew, while no operator ran is a second job.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.center_rig import backed_up, created
from tests.support.engine_rig import Rig, condition
from tests.support.kinds_rig import LONG

from zilliz_local.cloud import MOVIES


@pytest.fixture
async def world(world: Rig) -> Rig:
    """A cloud in which an export's answer is lost for good, and an import's look-up finds no list."""
    world.cloud.fault("import.create", "drop_after", times=1)
    world.cloud.fault("export.create", "drop_after", times=1)
    world.cloud.fault("import.list", "status", status=503)
    return world


def begin(world: Rig, plural: str) -> None:
    if plural == "importjobs":
        world.imports("one")
    else:
        source = {"clusterId": MOVIES, "backupId": backed_up(world)}
        world.cloud.advance(LONG)
        created(world, "ExportJob", "one", backup=source, integrationId="integ-1", directory="nightly")


def effects(world: Rig) -> int:
    return len([effect for effect in world.cloud.ledger.effects(client="api") if effect.kind == "submit"])


def remembered(world: Rig) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.status("zillizconnections", "default").get("remembered") or []
    return found


def stands_still(world: Rig, plural: str) -> bool:
    return bool(condition(world.get(plural, "one"), "Stalled").get("reason") == "RecordUnreadable")


async def open_until_the_end(world: Rig, plural: str) -> None:
    """Its submission is open when the operator ends."""
    begin(world, plural)
    await world.start()
    looks = "LookingForSubmission" if plural == "importjobs" else "SubmissionUnknown"
    await world.until(lambda: world.status(plural, "one").get("reason") == looks, looks)
    await world.until(lambda: remembered(world), "it is remembered")
    await world.stop()
    assert effects(world) == 1


@pytest.mark.parametrize("plural", ["importjobs", "exportjobs"])
@pytest.mark.parametrize("what", ["all", "the record"])
async def test_a_status_that_was_removed_meanwhile_is_no_invitation(world: Rig, plural: str, what: str) -> None:
    await open_until_the_end(world, plural)
    status = world.status(plural, "one")
    names = status if what == "all" else ["submission", "conditions"]
    await world.patch(plural, "one", {"status": dict.fromkeys(names)}, "/status")
    assert "submission" not in world.status(plural, "one")
    await world.start()
    await world.until(lambda: effects(world) > 1 or world.events("RecordUnreadable"), "an event tells it")
    assert effects(world) == 1
    await world.until(lambda: stands_still(world, plural), "the object tells it too")
    await world.patch(plural, "one", {"spec": {"startDeadlineSeconds": 9000}})
    await asyncio.sleep(1)
    assert effects(world) == 1


async def test_the_job_of_an_object_that_went_meanwhile_is_not_the_next_ones(world: Rig) -> None:
    await open_until_the_end(world, "importjobs")
    (entry,) = remembered(world)
    assert (entry["kind"], entry["name"]) == ("ImportJob", "one")
    await world.patch("importjobs", "one", {"metadata": {"finalizers": None}})
    await world.delete("importjobs", "one")
    world.cloud.world.faults.clear()
    world.cloud.fault("import.create", "drop_before", times=1)
    world.imports("two")
    await world.start()

    def is_clear() -> bool:
        status = world.status("importjobs", "two")
        return bool(status.get("jobId")) or status.get("reason") == "SubmissionUnknown"

    await world.until(is_clear, "it is clear", 25)
    status = world.status("importjobs", "two")
    assert (status["reason"], status.get("jobId")) == ("SubmissionUnknown", None)


async def test_what_was_found_after_all_is_forgotten(world: Rig) -> None:
    """Else the connection's status is full one day, and what is in it holds up the jobs of others."""
    await open_until_the_end(world, "importjobs")
    world.cloud.world.faults.clear()
    await world.start()
    await world.until(lambda: world.status("importjobs", "one").get("jobId"), "it is found")
    await world.until(lambda: not remembered(world), "it is forgotten")
    assert effects(world) == 1
