"""`kubectl zilliz` on a terminal, where it draws: what changes is seen, nothing is wider than the terminal is."""

from __future__ import annotations

import pytest
from tests.support.cloud import Cloud
from tests.support.controlplane import ControlPlane
from tests.support.person import Person
from tests.support.terminal import SHOW_CURSOR
from tests.support.user import User

from zilliz_local.cloud import PROJECT

pytestmark = pytest.mark.controlplane


@pytest.fixture
def viewer(real_cluster_with_controllers: ControlPlane, user: User) -> Person:
    return Person.arrive(real_cluster_with_controllers, user.namespace, "view")


@pytest.mark.parametrize("width", [80, 120])
def test_the_page_of_the_job_centre_changes_as_the_jobs_do(
    user: User, cloud: Cloud, viewer: Person, width: int
) -> None:
    user.connect(cloud, console=True)
    cloud.slow()
    job_id = user.backup(cloud).until_submitted()["jobId"]
    page = user.create("JobCenter", "page", {"projectId": PROJECT, "intervalSeconds": 10})
    page.until("is listed", lambda s: s.get("lastListTime"))
    with viewer.at_a_terminal("zilliz", "center", "-w", width=width) as terminal:
        lines = terminal.until("the job runs", lambda lines: any("InProgress" in line for line in lines))
        assert any("━" in line or "─" in line for line in lines), "there is a bar"
        cloud.ask(lambda simulator: simulator.force(job_id, "SUCCESSFUL"))
        lines = terminal.until("it has ended", lambda lines: any("Successful" in line for line in lines))
        assert not any("InProgress" in line for line in lines), "the same row, not another one"
        assert max(map(len, lines)) <= width
        assert "\x1b[32m" in terminal.sent, "the state has its colour"
        assert terminal.interrupt() == 130
        assert terminal.sent.rstrip().endswith(SHOW_CURSOR)


def test_who_waits_sees_a_bar_that_moves(user: User, cloud: Cloud, viewer: Person) -> None:
    user.connect(cloud)
    cloud.next_job("IMPORT", run_seconds=60)
    user.importing(cloud, "films").until_submitted()
    with viewer.at_a_terminal("zilliz", "wait", "films", width=80) as terminal:
        lines = terminal.until("a bar", lambda lines: any("━" in line and "%" in line for line in lines))
        assert max(map(len, lines)) <= 80
        assert terminal.end() == 0
    assert any("films" in line and "Successful" in line and "100%" in line for line in terminal.picture)


def test_the_table_of_jobs_changes_as_they_do(user: User, cloud: Cloud, viewer: Person) -> None:
    user.connect(cloud)
    cloud.slow()
    job_id = user.backup(cloud, "movies").until_submitted()["jobId"]
    with viewer.at_a_terminal("zilliz", "jobs", "-w", width=80) as terminal:
        terminal.until("it runs", lambda lines: any("movies" in line and "InProgress" in line for line in lines))
        cloud.ask(lambda simulator: simulator.force(job_id, "SUCCESSFUL"))
        terminal.until("it has ended", lambda lines: any("movies" in line and "Successful" in line for line in lines))
        assert terminal.interrupt() == 130
