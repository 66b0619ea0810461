"""`kubectl zilliz run` as people type it: on a real API server, with the rights of a role."""

from __future__ import annotations

import pytest
from tests.support.cloud import Cloud
from tests.support.controlplane import ControlPlane
from tests.support.person import Person
from tests.support.user import User

pytestmark = pytest.mark.controlplane

NEVER = "0 0 29 2 *"


def scheduled(user: User, cloud: Cloud) -> None:
    user.connect(cloud)
    ref = {"backup": {"backupJobRef": {"name": "backup"}}, "integrationId": "integ-demo0001", "directory": "d"}
    jobs = [{"name": "export", "exportJob": ref}, {"name": "backup", "backupJob": {"clusterId": cloud.cluster}}]
    user.create("JobSchedule", "nightly", {"schedules": [NEVER], "jobs": jobs}).until(
        "is understood", lambda s: s.get("observedGeneration")
    )


def test_a_person_who_may_edit_runs_suspends_and_resumes(
    user: User, cloud: Cloud, real_cluster_with_controllers: ControlPlane
) -> None:
    editor = Person.arrive(real_cluster_with_controllers, user.namespace, "edit")
    scheduled(user, cloud)
    seen = editor.zilliz("run", "nightly", "--wait", "--timeout", "90s")
    assert seen.returncode == 0, seen.stdout + seen.stderr
    first, *lines = seen.stdout.splitlines()
    assert first.startswith("jobschedule/nightly: run Accepted (run r")
    run = first.partition("(run ")[2].rstrip(")")
    assert lines[:2] == [
        f"  backupjob/nightly-{run}-backup",
        f"  exportjob/nightly-{run}-export after backup",
    ]
    assert lines[-1] == f"jobschedule/nightly: run {run} Successful"
    assert len(cloud.effects("submit")) == 2
    assert editor.zilliz("suspend", "nightly").returncode == 0
    page = editor.zilliz("show", "jobschedule/nightly").stdout
    assert run in page
    assert f"kubectl zilliz resume jobschedule/nightly -n {user.namespace}" in page
    assert editor.zilliz("resume", "nightly").returncode == 0
    seen = editor.zilliz("doctor")
    assert "you may create, run, suspend and delete schedules" in seen.stdout
    assert "1 schedule can make runs" in seen.stdout


def test_a_person_who_may_look_is_told_the_right_that_is_missing(
    user: User, cloud: Cloud, real_cluster_with_controllers: ControlPlane
) -> None:
    viewer = Person.arrive(real_cluster_with_controllers, user.namespace, "view")
    scheduled(user, cloud)
    assert "Next run:" in viewer.zilliz("show", "nightly").stdout
    for words in (("run", "nightly"), ("run", "nightly", "--wait"), ("suspend", "nightly")):
        seen = viewer.zilliz(*words)
        assert seen.returncode == 5, seen.stdout + seen.stderr
        right = f"you lack the right to patch jobschedules.jobs.zilliz.com in namespace {user.namespace}"
        assert right in seen.stdout
        assert "'edit'" in seen.stdout
    assert "you may not create, run, suspend and delete schedules" in viewer.zilliz("doctor").stdout
    assert cloud.effects("submit") == []
