"""What is asked on the page is decided by the operator, and shown when it came; beside a cloud and an operator."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, expect
from tests.support.browser import Tab, tab
from tests.support.center_rig import CONSOLE, backed_up, created
from tests.support.engine_rig import Rig, rig
from tests.support.kubectl_zilliz import typed

from zilliz_jobs.cli.kubectl.arguments import Where
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.dashboard.command import Serving, Wanted, serving
from zilliz_jobs.cli.kubectl.screen import Screen
from zilliz_local.cloud import MOVIES, PROJECT, CloudSimulator, ManualClock

SOON_MS = 60_000.0


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    """An operator with a cloud, both of which listen; the console's calls are allowed."""
    async with rig(tmp_path, CloudSimulator(clock=ManualClock()), virtual=False) as world:
        await world.cloud.start()
        await world.kube.start()
        world.secret()
        world.connection(consoleApi=CONSOLE)
        world.kubeconfig = tmp_path / "kubeconfig"
        world.kube.write_kubeconfig(world.kubeconfig)
        yield world
        await world.kube.stop()


@asynccontextmanager
async def page_of(world: Rig, browser: Browser) -> AsyncIterator[Tab]:
    async with (
        Cluster.open(Where(kubeconfig=world.kubeconfig)) as cluster,
        serving(cluster, Wanted(browser=False), Screen(io.StringIO(), terminal=False)) as page,
        tab(browser, page.address()) as seen,
    ):
        assert isinstance(page, Serving)
        yield seen
        assert seen.complaints == []


async def asked(seen: Tab, button: str) -> None:
    """Press the button, and say that it is meant."""
    await seen.drawer.get_by_role("button", name=button).click()
    await seen.drawer.get_by_role("button", name="Yes").click()


@asynccontextmanager
async def opened(world: Rig, browser: Browser, plural: str, name: str) -> AsyncIterator[Tab]:
    """The page with this job opened, once it is submitted."""
    await world.start()
    await world.until(lambda: world.status(plural, name).get("jobId"), "it is submitted")
    async with page_of(world, browser) as seen:
        await seen.row(f"default/{name}").click()
        yield seen


async def test_a_job_is_cancelled_on_the_page(world: Rig, browser: Browser) -> None:
    """'You can cancel backups, migrations and exports that are in progress or pending.'"""
    world.backup("movies")
    async with opened(world, browser, "backupjobs", "movies") as seen:
        await asked(seen, "Cancel job")
        await expect(seen.drawer.locator(".act-cancel .outcome")).to_contain_text(
            re.compile("Cancel job: (Accepted|Completed)"), timeout=SOON_MS
        )
        world.cloud.advance(3600)
        await expect(seen.row("default/movies")).to_contain_text("Canceled", timeout=SOON_MS)
        await expect(seen.drawer.locator(".life")).to_contain_text("Cancel: Completed", timeout=SOON_MS)
    assert (await typed(world.kubeconfig, "wait", "movies", "--timeout", "10s")).code == 2


async def test_nothing_is_asked_until_it_is_meant(world: Rig, browser: Browser) -> None:
    world.backup("movies")
    async with opened(world, browser, "backupjobs", "movies") as seen:
        await seen.drawer.get_by_role("button", name="Cancel job").click()
        await expect(seen.drawer.get_by_role("button", name="Yes")).to_be_focused()
        await seen.drawer.get_by_role("button", name="No").click()
        await expect(seen.drawer.get_by_role("button", name="Cancel job")).to_be_visible()
    assert not world.get("backupjobs", "movies")["metadata"].get("annotations")


async def test_what_the_rule_forbids_cannot_be_asked_and_the_rule_is_said(world: Rig, browser: Browser) -> None:
    """'Only failed imports can be retried'; an import cannot be cancelled."""
    world.cloud.next_job("IMPORT", failure="access denied")
    world.imports("films")
    async with opened(world, browser, "importjobs", "films") as seen:
        await expect(seen.drawer.get_by_role("button", name="Cancel job")).to_be_disabled()
        await expect(seen.drawer.locator(".act-cancel .rule")).to_contain_text(
            "Cannot be cancelled (KindHasNoCancel)"
        )
        await expect(seen.drawer.get_by_role("button", name="Retry job")).to_be_disabled()
        await expect(seen.drawer.locator(".act-retry .rule")).to_contain_text("Cannot be retried (NotFailed)")
        world.cloud.advance(3600)
        await expect(seen.row("default/films")).to_contain_text("Failed", timeout=SOON_MS)
        await expect(seen.drawer).to_contain_text("access denied")
        await asked(seen, "Retry job")
        await expect(seen.drawer.locator(".act-retry .outcome")).to_contain_text(
            re.compile("Retry job: (Accepted|Completed)"), timeout=SOON_MS
        )
    assert world.status("importjobs", "films")["retry"]["outcome"] in ("Accepted", "Completed")


async def test_a_refusal_of_the_operator_is_shown(world: Rig, browser: Browser) -> None:
    """The page allowed it a moment ago; the operator, which knows better, does not."""
    world.backup("movies")
    async with opened(world, browser, "backupjobs", "movies") as seen:
        await seen.drawer.get_by_role("button", name="Cancel job").click()
        world.cloud.advance(3600)
        await world.until_state("backupjobs", "movies", "Successful")
        await seen.drawer.get_by_role("button", name="Yes").click()
        outcome = seen.drawer.locator(".act-cancel .outcome")
        await expect(outcome).to_contain_text("Cancel job: Refused", timeout=SOON_MS)
        await expect(outcome).to_contain_text("AlreadyFinished")


async def test_a_job_that_is_cancelled_in_the_console_changes_on_the_page(world: Rig, browser: Browser) -> None:
    """A job of another client, within the JobCenter's interval."""
    job_id = backed_up(world, by="jobId")
    created(world, "JobCenter", "page", projectId=PROJECT, intervalSeconds=10)
    await world.start()
    async with page_of(world, browser) as seen:
        row = seen.page.locator(".row", has=seen.page.locator(f".c-jobId[title='{job_id}']"))
        await expect(row).to_be_visible(timeout=SOON_MS)
        world.cloud.act_as("console", "POST", f"/console/v1/jobs/{job_id}/cancel", {})
        world.cloud.advance(60)
        await expect(row).to_contain_text("Canceled", timeout=SOON_MS)


async def test_a_schedule_is_run_on_the_page(world: Rig, browser: Browser) -> None:
    jobs = [{"name": "backup", "backupJob": {"clusterId": MOVIES}}]
    created(world, "JobSchedule", "nightly", schedules=["0 0 29 2 *"], jobs=jobs)
    await world.start()
    async with page_of(world, browser) as seen:
        await seen.page.get_by_role("link", name="Schedules").click()
        card = seen.page.locator(".card", has_text="nightly")
        await card.get_by_role("button", name="Run now").click()
        await card.get_by_role("button", name="Yes").click()
        await expect(card.locator(".outcome")).to_contain_text("Run now: Accepted", timeout=SOON_MS)
        await expect(card.locator(".runs")).to_contain_text("on request", timeout=SOON_MS)
        await card.locator(".runs a", has_text="backupjob/nightly-r").click(timeout=SOON_MS)
        await expect(seen.drawer.get_by_role("heading").first).to_contain_text(MOVIES)
    assert len(world.kube.objects("backupjobs.jobs.zilliz.com")) == 1


async def test_a_job_of_an_object_is_listed_once_beside_a_job_center(world: Rig, browser: Browser) -> None:
    """As the object, with the id that the page of the project has for it too."""
    world.backup("movies")
    job_id = backed_up(world, "in01-demo0shop000002", by="jobId")
    created(world, "JobCenter", "page", projectId=PROJECT, intervalSeconds=10)
    await world.start()
    await world.until(lambda: len(world.kube.objects("projectjobs.jobs.zilliz.com")) >= 2, "both rows are there", 30)
    async with page_of(world, browser) as seen:
        await expect(seen.row("default/movies")).to_be_visible(timeout=SOON_MS)
        stranger = seen.page.locator(".row", has=seen.page.locator(f".c-jobId[title='{job_id}']"))
        await expect(stranger).to_be_visible(timeout=SOON_MS)
        own = world.status("backupjobs", "movies")["jobId"]
        await expect(seen.page.locator(f".c-jobId[title='{own}']")).to_have_count(1)
