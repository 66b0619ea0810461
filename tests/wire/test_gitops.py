"""What GitOps tools are told, by the real engine, of what waits or is held, and of objects that are no jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.gitops.fixtures import judge  # noqa: F401
from tests.gitops.judging import Judge
from tests.gitops.kit import BAD, GOOD, HELD, MOVES, Verdict, actions, expressions, health_scripts
from tests.support.center_rig import BROKEN, CONSOLE, Page, backed_up, center_world, created, started
from tests.support.engine_rig import Rig, condition

from zilliz_local.cloud import SHOP

pytestmark = pytest.mark.timeout(900)  # the judge is built once

Body = dict[str, Any]
PAUSED = Verdict("Suspended", "Current", "Current")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    async with center_world(tmp_path) as made:
        yield made


def verdict(judge: Judge, body: Body) -> Verdict:  # noqa: F811
    """What is said of one object; of a row, which nobody applies, Flux is not asked."""
    (health,) = judge.lua([body], health_scripts()[body["kind"]])
    (kstatus,) = judge.kstatus([body])
    flux = judge.expressions([body], expressions())[0] if body["kind"] in expressions() else ""
    assert health["message"], "a person who reads the health wants to know why"
    return Verdict(health["status"], kstatus, flux)


async def test_a_connection_is_healthy_when_its_key_is(world: Rig, judge: Judge) -> None:  # noqa: F811
    """Else everything that is built on it starts with a key that does not work."""

    async def ready(reason: str) -> Verdict:
        def holds() -> bool:
            row = condition(world.get("zillizconnections", "default"), "Ready")
            return row.get("reason") == reason

        await world.until(holds, reason)
        return verdict(judge, world.get("zillizconnections", "default"))

    await world.delete_secret()
    world.connection()
    assert verdict(judge, world.get("zillizconnections", "default")) == MOVES, "nobody has looked at it"
    await world.start()
    assert await ready("SecretNotFound") == MOVES, "the Secret may come"
    world.secret(key="wrong")
    assert await ready("KeyRejected") == BAD
    await world.delete_secret()
    world.secret()
    assert await ready("KeyAccepted") == GOOD
    await world.patch("zillizconnections", "default", {"spec": {"suspend": True}})
    body = world.get("zillizconnections", "default")
    await world.until(lambda: verdict(judge, world.get("zillizconnections", "default")) == PAUSED, str(body))


async def test_a_job_that_waits_is_held_or_is_stuck_is_told_apart(world: Rig, judge: Judge) -> None:  # noqa: F811
    """Waiting may end by itself, a hold by the will of its owner, the rest by an edit only."""
    world.connection("held", firstSubmission="Hold")
    world.connection("paused", suspend=True)
    wanted: dict[str, tuple[str, Verdict, Body]] = {
        "no-connection": ("ConnectionNotFound", MOVES, {"connectionRef": {"name": "missing"}}),
        "suspended": ("Suspended", HELD, {"connectionRef": {"name": "held"}, "suspend": True}),
        "held": ("Held", HELD, {"connectionRef": {"name": "held"}}),
        "paused": ("ConnectionSuspended", HELD, {"connectionRef": {"name": "paused"}}),
        "nowhere": ("ClusterNotFound", MOVES, {"connectionRef": {"name": "default"}, "clusterId": "in01-none"}),
    }
    world.connection()
    for name, (_, _, spec) in wanted.items():
        world.backup(name, **spec)
    await world.start()
    found = {}
    for name, (reason, _, _) in wanted.items():
        await world.until(
            lambda n=name, r=reason: world.status("backupjobs", n).get("reason") == r, f"{name} {reason}"
        )
        found[name] = verdict(judge, world.get("backupjobs", name))
    assert found == {name: told for name, (_, told, _) in wanted.items()}


async def test_a_page_and_its_rows(world: Rig, judge: Judge) -> None:  # noqa: F811
    """The page is well when it is read; each of its rows shows how its own job is."""
    await world.start()
    page = Page(world)
    await page.begin()
    assert verdict(judge, world.get("jobcenters", "page")) == MOVES, "its connection may come"
    world.connection(consoleApi=CONSOLE)
    await world.until(lambda: page.status["reason"] == "Listed", "the page")
    good, bad = started(world), started(world, BROKEN, cluster=SHOP, collection="products")
    backup = backed_up(world, by="jobId")
    world.cloud.advance(5)
    await page.look()
    health = {name: verdict(judge, row).health for name, row in page.rows.items()}
    assert health == {good: "Progressing", bad: "Progressing", backup: "Progressing"}
    world.cloud.advance(100)
    await page.look()
    found = {name: verdict(judge, row) for name, row in page.rows.items()}
    assert found == {
        good: Verdict("Healthy", "Current", ""),
        bad: Verdict("Degraded", "Current", ""),  # kstatus has the row itself in view, which is as it should be
        backup: Verdict("Healthy", "Current", ""),
    }
    assert verdict(judge, world.get("jobcenters", "page")) == GOOD, "a failed job of others is no fault of the page"
    await world.patch("zillizconnections", "default", {"spec": {"suspend": True}})
    await world.until(lambda: page.status["reason"] == "ConnectionSuspended", "the connection's suspension")
    assert verdict(judge, world.get("jobcenters", "page")) == PAUSED
    await world.patch("jobcenters", "page", {"spec": {"suspend": True}})
    await world.until(lambda: page.status["reason"] == "Suspended", "its own suspension")
    assert verdict(judge, world.get("jobcenters", "page")) == PAUSED
    created(world, "ProjectJob", "mine", jobCenterRef={"name": "page"}, jobId="job-x")
    await world.until(lambda: world.status("projectjobs", "mine").get("message"), "the advice")
    assert verdict(judge, world.get("projectjobs", "mine")) == Verdict("Degraded", "Failed", "")


async def test_clicks_in_argo_cd_do_what_they_say(world: Rig, judge: Judge) -> None:  # noqa: F811
    """Suspend, resume, cancel, retry: each by its own script, as Argo CD would patch the object with it."""
    world.connection(consoleApi=CONSOLE)
    world.imports("films")
    world.cloud.next_job("IMPORT", failure="disk full")
    scripts = {one["name"]: one["action.lua"] for one in actions("ImportJob")["definitions"]}

    async def click(plural: str, name: str, verb: str) -> None:
        (after,) = judge.lua([world.get(plural, name)], scripts[verb])
        notes = after["metadata"].get("annotations")
        change = {"spec": after["spec"]} if verb in ("suspend", "resume") else {"metadata": {"annotations": notes}}
        await world.patch(plural, name, change)

    await click("importjobs", "films", "suspend")
    await world.start()
    await world.until(lambda: world.status("importjobs", "films").get("reason") == "Suspended", "the suspension")
    await click("importjobs", "films", "resume")
    await world.until(lambda: world.status("importjobs", "films").get("jobId"), "the submission")
    world.cloud.advance(600)
    await world.until_state("importjobs", "films", "Failed")
    await click("importjobs", "films", "retry")
    await world.until(lambda: len(world.status("importjobs", "films")["attempts"]) == 2, "the second attempt")
    world.backup("nightly")
    await world.until(lambda: world.status("backupjobs", "nightly").get("jobId"), "the submission")
    await click("backupjobs", "nightly", "cancel")
    await world.until(
        lambda: (world.status("backupjobs", "nightly").get("cancel") or {}).get("outcome") == "Accepted", "the cancel"
    )
    assert verdict(judge, world.get("backupjobs", "nightly")) == MOVES, "the cloud is cancelling it"
    world.cloud.advance(60)
    await world.until_state("backupjobs", "nightly", "Canceled")
    assert verdict(judge, world.get("backupjobs", "nightly")) == BAD
