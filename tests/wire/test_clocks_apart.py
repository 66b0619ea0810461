"""The cloud's clocks are apart: its answers carry one time, its jobs another. What was lost is found or asked about.

Times decide whether an import is the one that was lost, and whether a backup is a new one. If they are believed where
the cloud's own jobs have shown them to be wrong, the lost one counts as absent, and is submitted again.
"""

from __future__ import annotations

import asyncio

import pytest
from tests.support.engine_rig import FILM, Rig

from zilliz_local.cloud import MOVIES

HOUR = 3600
SKEWS = [2 * HOUR, -2 * HOUR, 90, -90, 30, -30, 0]
"""Seconds by which the answers are ahead of the jobs."""
LONG = 10_000


@pytest.fixture(params=SKEWS)
def apart(request: pytest.FixtureRequest, world: Rig) -> Rig:
    world.cloud.behave(date_skew_seconds=request.param)
    return world


async def known_before(world: Rig, plural: str) -> None:
    """A job of ours that went well: it shows how the clocks stand."""
    await world.until(lambda: world.status(plural, "known").get("startTime"), "the first job is followed")
    world.cloud.advance(LONG)
    await world.until_state(plural, "known", "Successful")


def lose(world: Rig, route: str) -> None:
    world.cloud.fault(route, "drop_after", times=1)


async def settled(world: Rig, plural: str) -> None:
    """It is found, or a person is asked; and a while later it still is."""

    def is_clear() -> bool:
        status = world.status(plural, "lost")
        return (
            bool(status.get("jobId") or status["submission"].get("handle"))
            or status.get("reason") == "SubmissionUnknown"
        )

    await world.until(lambda: world.status(plural, "lost").get("submission") and is_clear(), "an answer for the lost")
    await asyncio.sleep(1.0)
    assert is_clear()


def submitted(world: Rig) -> list[str]:
    return [entry.job_id for entry in world.cloud.ledger.effects(kind="submit", client="api")]


@pytest.mark.parametrize("restarted", [False, True], ids=["alive", "restarted"])
async def test_a_lost_import_is_not_submitted_again(apart: Rig, restarted: bool) -> None:
    apart.imports("known")
    await apart.start()
    await known_before(apart, "importjobs")
    lose(apart, "import.create")
    if restarted:
        await apart.stop()
        await apart.start()
    apart.imports("lost")
    await settled(apart, "importjobs")
    assert len(submitted(apart)) == 2
    status = apart.status("importjobs", "lost")
    assert status.get("jobId") in (None, submitted(apart)[-1])


async def test_a_lost_backup_is_not_made_again(apart: Rig) -> None:
    apart.backup("known")
    await apart.start()
    await known_before(apart, "backupjobs")
    lose(apart, "backup.create")
    apart.backup("lost")
    await settled(apart, "backupjobs")
    assert len(submitted(apart)) == 2


async def test_an_import_of_somebody_else_is_not_taken_for_the_lost_one(apart: Rig) -> None:
    """It began ten minutes before, with the same files; the lost request never arrived."""
    apart.imports("known")
    await apart.start()
    await known_before(apart, "importjobs")
    path = "/v2/vectordb/jobs/import/create"
    body = {"clusterId": MOVIES, "collectionName": "films", "objectUrls": [[FILM]]}
    other = apart.cloud.act_as("rival", "POST", path, body)["data"]["jobId"]
    apart.cloud.advance(600)
    apart.cloud.fault("import.create", "drop_before", times=1)
    apart.imports("lost")
    await settled(apart, "importjobs")
    assert apart.status("importjobs", "lost").get("jobId") != other
