"""A finished job whose status is edited by hand shows its real end again, and is never submitted anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.engine_rig import Rig, condition, rig

from zilliz_local.cloud import CloudSimulator


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path, CloudSimulator(speed=20)) as world:
        world.secret()
        world.connection()
        yield world


EDITS: dict[str, dict[str, Any]] = {
    "the state": {"state": "Failed"},
    "to one that has not begun": {"state": "Pending", "reason": "Waiting"},
    "the reason and the message": {"reason": "JobFailed", "message": "the disk is full"},
    "all conditions removed": {"conditions": None},
    "the end removed": {"completionTime": None, "state": "InProgress"},
    "the end and the record removed": {"completionTime": None, "state": None, "submission": None},
}


@pytest.mark.parametrize("running", [True, False], ids=["as it runs", "while no operator ran"])
@pytest.mark.parametrize("edit", EDITS)
async def test_an_edited_end_comes_back_and_nothing_is_sent(world: Rig, edit: str, running: bool) -> None:
    """Whoever believes the edited word repeats a job that was done, or takes a failed one for done."""
    world.backup("one")
    await world.start()
    before = await world.until_state("backupjobs", "one", "Successful", 20)
    if not running:
        await world.stop()
    await world.patch("backupjobs", "one", {"status": EDITS[edit]}, "/status")
    assert world.status("backupjobs", "one") != before
    if not running:
        await world.start()

    def is_back() -> bool:
        now = world.status("backupjobs", "one")
        keep = ("state", "reason", "message", "completionTime", "attempts")
        told = condition(world.get("backupjobs", "one"), "Succeeded")
        return [now.get(name) for name in keep] == [before.get(name) for name in keep] and told.get(
            "status"
        ) == "True"

    await world.until(is_back, "the end is written anew")
    assert len(world.cloud.ledger.effects(kind="submit", client="api")) == 1


async def test_an_edited_failure_is_no_invitation_to_submit(world: Rig) -> None:
    """It was never sent, so nothing but its end keeps it from being sent now."""
    world.backup("late", startDeadlineSeconds=1, connectionRef={"name": "nowhere"})
    await world.start()
    before = await world.until_state("backupjobs", "late", "Failed", 20)
    world.connection("nowhere")
    await world.patch("backupjobs", "late", {"status": {"state": "Pending", "completionTime": None}}, "/status")
    await world.until(lambda: world.status("backupjobs", "late").get("completionTime"), "the end is written anew")
    assert world.status("backupjobs", "late")["message"] == before["message"]
    assert not world.cloud.ledger.effects(kind="submit", client="api")
