"""A second send that is refused because the name is taken says that something holds the name which no look-up saw. If
these fail, a job that began is shown as refused, and people start it once more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.engine_rig import NAMESPACE, QUICK, Rig, rig

from zilliz_local.cloud import MOVIES, CloudSimulator

HOUR = 3600
CLONE = ("CloneCollectionJob", {"clusterId": MOVIES, "collection": "films", "destCollection": "films_copy"})
SAMPLE = ("SampleCollectionJob", {"clusterId": MOVIES, "collection": "films_sample"})
ROUTES = {"CloneCollectionJob": "console.clone", "SampleCollectionJob": "console.sample"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path, CloudSimulator(speed=20)) as world:
        world.secret()
        world.connection(consoleApi={"enabled": True})
        yield world


def make(world: Rig, kind: str, spec: dict[str, Any]) -> str:
    world.kube.create(
        {
            "apiVersion": "jobs.zilliz.com/v1alpha1",
            "kind": kind,
            "metadata": {"name": "lost", "namespace": NAMESPACE},
            "spec": spec,
        }
    )
    return f"{kind.lower()}s"


@pytest.mark.parametrize(("kind", "spec"), [CLONE, SAMPLE], ids=["clone", "sample"])
async def test_the_first_send_may_hold_the_name(world: Rig, kind: str, spec: dict[str, Any]) -> None:
    """The cloud dates its jobs by another clock than its answers, so the job seems older than its request."""
    world.cloud.behave(date_skew_seconds=2 * HOUR)
    world.cloud.fault(ROUTES[kind], "drop_after", times=1)
    await world.start(QUICK)
    plural = make(world, kind, spec)
    await world.until(lambda: world.status(plural, "lost").get("reason") == "SubmissionUnknown", "a question")
    assert len(world.cloud.ledger.effects(client="api", route=ROUTES[kind])) == 1
    assert "name is taken" in world.status(plural, "lost")["message"]
    await asyncio.sleep(0.5)
    assert not world.status(plural, "lost").get("completionTime")


@pytest.mark.parametrize(("kind", "spec"), [CLONE, SAMPLE], ids=["clone", "sample"])
async def test_a_job_that_the_list_shows_is_followed(world: Rig, kind: str, spec: dict[str, Any]) -> None:
    """The same, once the clocks agree: nobody has to be asked."""
    world.cloud.fault(ROUTES[kind], "drop_after", times=1)
    await world.start(QUICK)
    plural = make(world, kind, spec)
    await world.until(lambda: world.status(plural, "lost").get("jobId"), "its job is found")
    assert len(world.cloud.ledger.effects(client="api", route=ROUTES[kind])) == 1


async def test_any_other_refusal_of_it_is_the_verdict(world: Rig) -> None:
    """What never arrived, and is refused for good, has failed."""
    kind, spec = CLONE
    world.cloud.fault(ROUTES[kind], "drop_before", times=1)
    await world.start(QUICK)
    plural = make(world, kind, spec | {"collection": "no_such_one"})
    await world.until(lambda: world.status(plural, "lost").get("completionTime"), "its end", 20)
    assert world.status(plural, "lost")["reason"] == "Rejected"
