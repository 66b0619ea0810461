"""`retryPolicy.onSubmissionUnknown: Resubmit` where every answer is lost. Each export that it sends is done and paid
for, beside the others: if these fail, they go on all night."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.support.engine_rig import Rig
from tests.support.engine_rig import _ours as ours
from tests.support.kinds_rig import backed_up

from zilliz_jobs.api.model import parse_time
from zilliz_jobs.control.clock import machine_time


@pytest.fixture
def world(world: Rig) -> Rig:
    """No wait but the policy's own: the connection's settle time is zero."""
    world.cloud.fault("export.create", "drop_after")
    return world


def export(world: Rig, **policy: Any) -> None:
    made = backed_up(world.cloud)
    source = {"clusterId": made.cluster_id, "backupId": made.backup_id}
    rules = {"onSubmissionUnknown": "Resubmit", **policy}
    spec = {"backup": source, "integrationId": "integ-1", "directory": "nightly", "retryPolicy": rules}
    world.kube.create(ours("ExportJob", "one", spec))


def exports(world: Rig) -> int:
    return len(world.cloud.ledger.effects(route="export.create"))


def status(world: Rig) -> dict[str, Any]:
    return world.status("exportjobs", "one")


@pytest.mark.parametrize(
    ("policy", "allowed", "why"),
    [
        ({"limit": 0}, 0, "retryPolicy.limit 0"),
        ({}, 1, "without retryPolicy.limit submits again once"),
        ({"limit": 2}, 2, "retryPolicy.limit 2"),
    ],
    ids=["none", "once", "twice"],
)
async def test_it_is_sent_as_often_as_the_limit_says_and_then_a_person_is_asked(
    world: Rig, policy: dict[str, Any], allowed: int, why: str
) -> None:
    export(world, backoffSeconds=1, maxBackoffSeconds=1, **policy)
    await world.start()
    await world.until(
        lambda: why in status(world).get("message", "") or exports(world) > 1 + allowed,
        "it asks, or sends too often",
        20,
    )
    assert exports(world) == 1 + allowed
    assert status(world)["reason"] == "SubmissionUnknown"
    await world.until(
        lambda: any(why in event["message"] for event in world.events("SubmissionUnknown")), "a Warning"
    )
    assert {event["type"] for event in world.events("SubmissionUnknown")} == {"Warning"}


async def test_the_next_one_waits_as_a_retry_does(world: Rig) -> None:
    """Else a cloud that answers nobody gets as many exports as it can take."""
    export(world, limit=3, backoffSeconds=600, maxBackoffSeconds=600)
    await world.start()
    await world.until(
        lambda: status(world).get("reason") == "RetryScheduled" or exports(world) > 1,
        "it is set down for later, or sent",
        20,
    )
    assert exports(world) == 1
    row = status(world)["attempts"][-1]
    assert (row["number"], row["automatic"]) == (2, 1)
    due = parse_time(row["notBefore"])
    assert due is not None
    assert timedelta(minutes=4) <= due - machine_time() <= timedelta(minutes=10)
