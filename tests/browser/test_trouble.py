"""What is missing, away or not answered is said on the page, with what helps, and only as long as it lasts."""

from __future__ import annotations

from datetime import timedelta

from playwright.async_api import Browser, expect
from tests.support.browser import Tab, tab
from tests.support.dashboard import NOON, Shop, served

from zilliz_jobs.cli.kubectl.dashboard.command import Wanted

UNKNOWN = "the server could not find the requested resource"
EVENTS = 'events is forbidden: User "ada" cannot list resource "events" in API group ""'
PATCHED = 'projectjobs.jobs.zilliz.com is forbidden: User "ada" cannot patch resource "projectjobs" in API group'
DENIED = 'is forbidden: User "ada" cannot list resource "backupjobs" in API group "jobs.zilliz.com"'


async def test_jobs_that_no_operator_has_seen_are_told(seen: Tab, shop: Shop) -> None:
    """Else they look as if they waited for the cloud."""
    notice = seen.page.locator(".notice", has_text="No operator answers")
    await expect(seen.row("shop/films")).to_be_visible()
    await expect(notice).to_have_count(0)
    spec = {"clusterId": "in01-demo0movies0001"}
    await shop.ours("BackupJob", "lonely", spec=spec, created=NOON - timedelta(minutes=5))
    await expect(notice).to_contain_text("Jobs that no operator has taken note of: 1.")
    await expect(notice.locator("code")).to_have_text("kubectl zilliz doctor -n shop")
    await shop.tell("BackupJob", "lonely", {"observedGeneration": 1, "state": "Pending"})
    await expect(notice).to_have_count(0)


async def test_a_missing_right_hides_its_kind_and_no_other(browser: Browser, shop: Shop) -> None:
    shop.kube.faults.answer(403, path="*/backupjobs", message=DENIED, times=None)
    async with served(shop) as page, tab(browser, page.page.address()) as seen:
        notice = seen.page.locator(".notice", has_text="A right is missing")
        await expect(notice).to_contain_text("you lack the right to watch backupjobs.jobs.zilliz.com")
        await expect(seen.row("shop/films")).to_be_visible()
        await expect(seen.row("shop/nightly")).to_have_count(0)


async def test_a_person_who_may_only_look_sees_the_job_and_what_is_missing_for_the_rest(
    seen: Tab, shop: Shop
) -> None:
    """Of events, and of a cancel that the rule allows."""
    shop.kube.faults.answer(403, path="*/events", message=EVENTS, times=None)
    shop.kube.faults.answer(403, method="PATCH", path="*/projectjobs/*", message=PATCHED, times=None)
    await seen.row("shop/page-01").click()
    await expect(seen.drawer).to_contain_text("Events are not shown: you lack the right to list events")
    await expect(seen.drawer.locator(".life")).to_contain_text("Started in the cloud")
    await seen.drawer.get_by_role("button", name="Cancel job").click()
    await seen.drawer.get_by_role("button", name="Yes").click()
    outcome = seen.drawer.locator(".act-cancel .outcome")
    await expect(outcome).to_contain_text("you lack the right to patch projectjobs.jobs.zilliz.com")


async def test_without_the_definitions_it_says_what_to_install(browser: Browser, shop: Shop) -> None:
    """A cluster that has never heard of these kinds. What is installed later is shown."""
    shop.kube.faults.answer(404, path="/apis/jobs.zilliz.com/*", message=UNKNOWN, times=None)
    async with served(shop) as page, tab(browser, page.page.address()) as seen:
        notice = seen.page.locator(".notice", has_text="Not installed")
        await expect(notice.locator("code")).to_have_text("kubectl apply -f crds/")
        await expect(seen.page.locator(".notice")).to_have_count(1)


async def test_an_api_server_that_is_away_and_comes_back(seen: Tab, shop: Shop) -> None:
    await expect(seen.row("shop/films")).to_be_visible()
    shop.kube.faults.drop_before(path="/apis/jobs.zilliz.com/*", times=None)
    shop.kube.faults.close_watches()
    notice = seen.page.locator(".notice", has_text="No connection to the API server")
    await expect(notice).to_be_visible()
    await expect(seen.row("shop/films")).to_be_visible()  # as it was
    shop.kube.faults.clear()
    await expect(notice).to_have_count(0, timeout=60_000)


async def test_the_page_knows_when_the_command_has_ended(browser: Browser, shop: Shop) -> None:
    """A page that goes on showing what was is worse than none."""
    async with served(shop) as page:
        port, address = page.page.port, page.page.address()
        opened = tab(browser, address)
        seen = await opened.__aenter__()
        await expect(seen.page.locator(".l-live")).to_be_visible()
    await expect(seen.page.locator(".l-away")).to_have_text("No connection; trying again")
    async with served(shop, Wanted(port=port, browser=False)):
        await expect(seen.page.locator(".l-ended")).to_be_visible(timeout=60_000)
        await expect(seen.page.locator(".notice")).to_contain_text("Run kubectl zilliz dashboard again")
        await opened.__aexit__(None, None, None)
