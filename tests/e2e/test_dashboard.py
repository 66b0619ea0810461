"""`kubectl zilliz dashboard` as people type it: on a real API server, with the rights of a role, in a Chromium."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright
from tests.support.browser import CHROMIUM, needs_chromium
from tests.support.cloud import Cloud
from tests.support.controlplane import ControlPlane
from tests.support.person import Person, environment
from tests.support.user import User

pytestmark = [pytest.mark.controlplane, needs_chromium]

SOON_MS = 60_000


@contextmanager
def dashboard(person: Person, *words: str) -> Iterator[Page]:
    """The page that the command printed the address of. Ctrl-C ends the command."""
    typed = [str(person.plane.binaries.kubectl), "zilliz", "dashboard", "--no-browser", *words]
    with subprocess.Popen(
        typed, env=environment(person.plane, person.kubeconfig), stdout=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout is not None
        try:
            command.stdout.readline()
            address = command.stdout.readline().strip()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
                page = browser.new_page(locale="en-GB")
                page.set_default_timeout(SOON_MS)
                page.goto(address)
                yield page
                browser.close()
        finally:
            command.send_signal(signal.SIGINT)
            assert command.wait(30) in (130, -signal.SIGINT)


def cancel(page: Page) -> Locator:
    """Ask for a cancel of the job that is opened, and say that it is meant. Where its outcome will be told."""
    page.get_by_role("button", name="Cancel job").click()
    page.get_by_role("button", name="Yes").click()
    return page.locator(".act-cancel .outcome")


def test_a_person_who_may_edit_sees_a_job_live_and_cancels_it(
    user: User, cloud: Cloud, real_cluster_with_controllers: ControlPlane
) -> None:
    editor = Person.arrive(real_cluster_with_controllers, user.namespace, "edit")
    cloud.slow()
    user.connect(cloud, console=True)
    with dashboard(editor, "-n", user.namespace) as page:
        expect(page.get_by_text("There are no jobs yet.")).to_be_visible(timeout=SOON_MS)
        job = user.backup(cloud)
        row = page.locator(".row", has_text=f"{user.namespace}/{job.name}")
        expect(row).to_be_visible(timeout=SOON_MS)
        job.until_submitted()
        row.click()
        outcome = cancel(page)
        expect(outcome).to_contain_text(re.compile("Cancel job: (Accepted|Completed)"), timeout=SOON_MS)
        expect(row).to_contain_text("Canceled", timeout=SOON_MS)
        assert page.url.endswith(f"/jobs/backupjob/{user.namespace}/{job.name}")
    assert editor.zilliz("wait", job.arg).returncode == 2


def test_a_person_who_may_look_in_one_namespace_only(
    user: User, cloud: Cloud, real_cluster_with_controllers: ControlPlane
) -> None:
    """Asked for all namespaces, the page shows theirs, and what they may not do is answered by the API server."""
    viewer = Person.arrive(real_cluster_with_controllers, user.namespace, "view")
    cloud.slow()
    user.connect(cloud, console=True)
    job = user.backup(cloud)
    job.until_submitted()
    with dashboard(viewer, "-A") as page:
        expect(page.get_by_text("You may not list jobs in all namespaces")).to_be_visible(timeout=SOON_MS)
        page.locator(".row", has_text=f"{user.namespace}/{job.name}").click(timeout=SOON_MS)
        outcome = cancel(page)
        expect(outcome).to_contain_text("you lack the right to patch backupjobs", timeout=SOON_MS)
    assert cloud.effects("cancel") == []


def test_a_person_without_rights_is_told_in_one_sentence_which_are_missing(
    user: User, real_cluster_with_controllers: ControlPlane
) -> None:
    nobody = Person.arrive(real_cluster_with_controllers, user.namespace)
    with dashboard(nobody, "-n", user.namespace) as page:
        notice = page.locator(".notice", has_text="you lack the right to watch backupjobs.jobs.zilliz.com")
        expect(notice).to_be_visible(timeout=SOON_MS)
        expect(notice).to_contain_text("the role 'view' has it")
        expect(notice).to_contain_text("and jobcenters.jobs.zilliz.com", timeout=SOON_MS)
        expect(page.locator(".notice")).to_have_count(1)
