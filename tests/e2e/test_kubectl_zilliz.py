"""`kubectl zilliz` as people type it: found by the real kubectl, on a real API server, with the rights of a role."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.charted import Release
from tests.support.cloud import BROKEN, FILMS, Cloud
from tests.support.controlplane import ControlPlane
from tests.support.person import Person, zilliz
from tests.support.rights import Right, granted
from tests.support.user import User, manifest

from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.cli.kubectl.doctor.rights import needed

pytestmark = pytest.mark.controlplane
VERDICTS = ("OK", "PROBLEM", "not checked")


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


def test_a_job_is_made_from_flags_and_one_of_unknown_fate_is_decided(
    user: User, cloud: Cloud, editor: Person, viewer: Person
) -> None:
    user.connect(cloud, settle=0)
    made = ("create", "backup", "nightly", f"--cluster-id={cloud.cluster}")
    seen = editor.zilliz(*made, "--dry-run=client", "-o", "yaml")
    assert (seen.returncode, "kind: BackupJob" in seen.stdout) == (0, True), seen.stdout + seen.stderr
    assert user.read(user.path("backupjobs"))["items"] == []
    seen = viewer.zilliz(*made)
    assert (seen.returncode, "create" in seen.stderr) == (5, True), seen.stdout + seen.stderr
    seen = editor.zilliz(*made, "--wait", "--timeout", "60s")
    assert seen.returncode == 0, seen.stdout + seen.stderr
    cloud.fault("export.create", "drop_after", times=1)
    spec = {"backup": {"backupJobRef": {"name": "nightly"}}, "integrationId": "integ-demo", "directory": "nightly"}
    lost = user.create("ExportJob", "files", spec)
    lost.until_reason("SubmissionUnknown", 90)
    assert editor.zilliz("wait", "files", "--timeout", "60s").returncode == 3
    seen = editor.zilliz("resolve", "files", "--abandon")
    assert (seen.returncode, "exportjob/files: resolve Completed" in seen.stdout) == (0, True), (
        seen.stdout + seen.stderr
    )
    lost.until_ended("Failed")


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


def test_the_doctor_of_an_administrator_looks_at_everything(
    cluster: ControlPlane, user: User, cloud: Cloud, release: Release
) -> None:
    user.connect(cloud)
    user.backup(cloud, "movies").until_submitted()
    seen = zilliz(cluster, cluster.kubeconfig, "doctor", "-n", user.namespace)
    said = {verdict: [line for line in seen.stdout.splitlines() if line.startswith(verdict)] for verdict in VERDICTS}
    found, problems = "\n".join(said["OK"]), "\n".join(said["PROBLEM"])
    name = release.one("Deployment")["metadata"]["name"]
    assert f"{release.account} has all rights that the operator needs in {user.namespace}" in found
    assert f"leads, and renews Lease {release.namespace}/{name}" in found
    assert f"all {len(RESOURCES)} CRDs are there" in found
    assert "ZillizConnection" in found
    assert "an operator has taken note of 1 job" in found
    assert f"Deployment {release.namespace}/{name}: none of" in problems, "no kubelet runs its pods here"
    assert seen.returncode == 1


def test_the_doctor_asks_for_the_rights_that_the_chart_gives(release: Release) -> None:
    """One that it does not ask for is missed by no doctor, and one too many is a problem that is none."""
    leases = ("coordination.k8s.io", "leases")
    given = {right for right in granted(release.manifests, "operator") if (right.group, right.resource) != leases}
    assert {Right(deed.group, deed.resource, deed.verb) for deed in needed("shop")} == given


def test_the_doctor_of_a_person_of_one_namespace_says_what_it_could_not_look_at(
    user: User, cloud: Cloud, editor: Person, viewer: Person
) -> None:
    user.connect(cloud)
    user.until("the connection is ready", lambda: user.connection_condition().get("status") == "True")
    seen = editor.zilliz("doctor")
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert "you may cancel, retry and suspend jobs of all kinds" in seen.stdout
    assert "(needs list on deployments.apps in all namespaces; or say --operator-namespace)" in seen.stdout
    seen = viewer.zilliz("doctor")
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert "you may not cancel, retry and suspend jobs" in seen.stdout


def test_the_doctor_of_a_person_without_rights_names_them(
    real_cluster_with_controllers: ControlPlane, user: User
) -> None:
    nobody = Person.arrive(real_cluster_with_controllers, user.namespace)
    seen = nobody.zilliz("doctor")
    assert seen.returncode == 1, seen.stdout + seen.stderr
    assert (
        f"you cannot see all in {user.namespace}: no get, list, watch on zillizconnections, backupjobs" in seen.stdout
    )
    assert "the connections (needs list on zillizconnections.jobs.zilliz.com)" in seen.stdout


def test_a_plan_says_as_much_as_the_rights_allow(
    user: User, cloud: Cloud, editor: Person, viewer: Person, tmp_path: Path
) -> None:
    """The role `edit` may read Secrets, the role `view` may not."""
    user.connect(cloud)
    storage = {"urls": [FILMS], "credentialsSecretRef": {"name": "bucket"}}
    spec = {"clusterId": cloud.cluster, "collection": "films", "objectStorage": storage}
    file = tmp_path / "films.json"
    file.write_text(json.dumps(manifest("ImportJob", "films", spec)))
    seen = editor.zilliz("plan", "-f", str(file))
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert "the API server takes the manifest" in seen.stdout
    assert "/v2/vectordb/jobs/import/create" in seen.stdout
    assert "storage-canary" not in seen.stdout
    seen = viewer.zilliz("plan", "-f", str(file))
    assert seen.returncode == 4, seen.stdout + seen.stderr
    assert "(needs get on Secret zilliz-api-key)" in seen.stdout
    assert "(needs get on Secret bucket)" in seen.stdout
    assert "(needs create on importjobs.jobs.zilliz.com)" in seen.stdout
    assert cloud.effects("submit") == []
    assert user.read(f"/apis/jobs.zilliz.com/v1alpha1/namespaces/{user.namespace}/importjobs")["items"] == []
