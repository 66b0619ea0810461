"""`kubectl zilliz` as people type it: found by the real kubectl, on a real API server, with the rights of a role."""

from __future__ import annotations

import json

import pytest
from tests.support.cloud import BROKEN, FILMS, Cloud
from tests.support.controlplane import ControlPlane
from tests.support.person import Person
from tests.support.user import User

pytestmark = pytest.mark.controlplane


@pytest.fixture
def editor(real_cluster_with_controllers: ControlPlane, user: User) -> Person:
    return Person.arrive(real_cluster_with_controllers, user.namespace, "edit")


@pytest.fixture
def viewer(real_cluster_with_controllers: ControlPlane, user: User) -> Person:
    return Person.arrive(real_cluster_with_controllers, user.namespace, "view")


def test_a_person_who_may_edit_has_all_that_the_day_asks_for(user: User, cloud: Cloud, editor: Person) -> None:
    user.connect(cloud, console=True)
    user.importing(cloud, "films", url=FILMS)
    broken = user.importing(cloud, "broken", url=BROKEN, collection="actors")
    seen = editor.zilliz("wait", "films", "--timeout", "60s")
    assert seen.returncode == 0, seen.stdout + seen.stderr
    seen = editor.zilliz("wait", "importjob/broken", "films", "--timeout", "60s")
    assert seen.returncode == 1, seen.stdout + seen.stderr
    title, *rows = editor.zilliz("jobs").stdout.splitlines()
    assert title.split() == ["JOB", "STATE", "REASON", "PROGRESS", "TARGET", "STARTED", "AGE"]
    assert {tuple(row.split()[:2]) for row in rows} == {
        ("importjob/films", "Successful"),
        ("importjob/broken", "Failed"),
    }
    page = editor.zilliz("show", "broken").stdout
    assert f"kubectl zilliz retry importjob/broken -n {user.namespace}" in page
    assert "event Submitted" in page
    cloud.ask(lambda sim: sim.put_object(BROKEN, rows=10, size_bytes=1000))
    seen = editor.zilliz("retry", "--failed", "--yes")
    assert (seen.returncode, "importjob/broken: retry " in seen.stdout) == (0, True), seen.stdout + seen.stderr
    assert editor.zilliz("wait", "broken", "--timeout", "60s").returncode == 0
    assert len(broken.status()["attempts"]) == 2
    cloud.slow()
    user.backup(cloud, "movies").until_submitted()
    seen = editor.zilliz("cancel", "movies")
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert editor.zilliz("wait", "movies", "--timeout", "60s").returncode == 2


def test_a_person_who_may_look_sees_all_and_changes_nothing(user: User, cloud: Cloud, viewer: Person) -> None:
    user.connect(cloud)
    job = user.create("BackupJob", "movies", {"clusterId": cloud.cluster, "suspend": True})
    job.until_reason("Suspended")
    found = json.loads(viewer.zilliz("jobs", "-o", "json").stdout)
    assert [one["metadata"]["name"] for one in found["items"]] == ["movies"]
    assert "kubectl zilliz resume backupjob/movies" in viewer.zilliz("show", "movies").stdout
    before = job.body()["metadata"]["resourceVersion"]
    for words in (("cancel", "movies"), ("resume", "movies"), ("retry", "movies")):
        seen = viewer.zilliz(*words)
        assert seen.returncode == 5, seen.stdout + seen.stderr
        right = f"you lack the right to patch backupjobs.jobs.zilliz.com in namespace {user.namespace}"
        assert right in seen.stdout
        assert "'edit'" in seen.stdout
    assert job.body()["metadata"]["resourceVersion"] == before


def test_a_person_without_rights_reads_which_one_is_missing(
    real_cluster_with_controllers: ControlPlane, user: User
) -> None:
    nobody = Person.arrive(real_cluster_with_controllers, user.namespace)
    for words, verb in ((("jobs",), "list"), (("show", "films"), "get"), (("jobs", "-A"), "list")):
        seen = nobody.zilliz(*words)
        assert (seen.returncode, seen.stdout) == (5, "")
        assert f"you lack the right to {verb} backupjobs.jobs.zilliz.com" in seen.stderr
        assert "Traceback" not in seen.stderr


def test_kubectl_itself_knows_the_command(viewer: Person) -> None:
    listed = viewer.types("plugin", "list").stdout
    assert "kubectl-zilliz" in listed
    assert viewer.zilliz("--version").returncode == 0
    assert viewer.zilliz("jobs", "--help").stdout.startswith("Usage: kubectl zilliz jobs")
