"""What a user may write and change, and when; refusals come from the API server, as sentences."""

from __future__ import annotations

import pytest
from tests.support.cloud import FILMS, Cloud
from tests.support.user import Body, Job, User, condition, manifest

pytestmark = pytest.mark.controlplane


def test_a_mistake_is_mended_before_the_submission_and_refused_after_it(user: User, cloud: Cloud) -> None:
    """Else a typo would need a new object; or the spec would tell of another job than the one that runs."""
    user.connect(cloud)
    cloud.slow()
    job = user.backup(cloud, suspend=True, collections=["filmz"])
    job.until_reason("Suspended")
    job.edit(collections=["films"], database="default")
    job.edit(database=None)
    assert not cloud.requests(), "a suspended job was submitted"
    job.edit(suspend=False)
    job.until_submitted()
    (made,) = cloud.effects()

    for change in ({"collections": ["actors"]}, {"collections": None}, {"database": "x"}, {"clusterId": "in01-x"}):
        said = job.edit_refused(**change)
        assert "this BackupJob was submitted or has ended" in said
        assert "create a new BackupJob" in said
    job.edit_refused(collections=None)
    job.edit_refused(collections=["actors"])
    body = job.body()
    assert body["spec"]["collections"] == ["films"]

    job.edit(retryPolicy={"limit": 3, "resubmit": True}, activeDeadlineSeconds=7200, ttlSecondsAfterFinished=9000)
    job.edit(suspend=True)
    job.until("says that it is too late to suspend", lambda s: _suspended({"status": s}) == "AlreadySubmitted")
    assert _generation(job.until("has seen the edit", lambda s: _generation(s) >= body["metadata"]["generation"] + 2))
    assert [entry.job_id for entry in cloud.effects()] == [made.job_id]


def _suspended(body: Body) -> str:
    return str(condition(body, "Suspended").get("reason"))


def _generation(status: Body) -> int:
    return int(status["observedGeneration"])


def test_suspend_holds_and_resume_submits_once(user: User, cloud: Cloud) -> None:
    """Else jobs prepared for a maintenance window would run outside it."""
    user.connect(cloud)
    job = user.importing(cloud, suspend=True)
    job.until_reason("Suspended")
    job.edit(suspend=False)
    status = job.until_ended()
    assert [entry.job_id for entry in cloud.effects()] == [status["jobId"]]
    for reason in ("Suspended", "Submitted"):
        job.until_told(reason)


def test_a_suspended_connection_holds_all_its_jobs(user: User, cloud: Cloud) -> None:
    """Else there would be no one switch for a moment of trouble."""
    user.connect(cloud, suspend=True)
    films, movies = user.importing(cloud), user.backup(cloud)
    for job in (films, movies):
        job.until_reason("ConnectionSuspended")
    assert not cloud.requests()
    Job(user, "ZillizConnection", "default").edit(suspend=False)
    for job in (films, movies):
        job.until_ended()


def test_a_held_first_submission_waits_for_a_word(user: User, cloud: Cloud) -> None:
    """Else a cluster that is rebuilt from Git would run every old job again."""
    user.connect(cloud, firstSubmission="Hold")
    job = user.backup(cloud)
    assert "set it to Submit" in job.until_reason("Held")["message"]
    assert not cloud.requests()
    Job(user, "ZillizConnection", "default").edit(firstSubmission="Submit")
    job.until_ended()


def test_a_job_of_the_console_is_adopted_and_never_submitted(user: User, cloud: Cloud) -> None:
    """Else work that was started by hand could not be waited for in a pipeline, or would be done twice."""
    user.connect(cloud)
    made = cloud.ask(
        lambda sim: sim.act_as(
            "console", "POST", f"/v2/clusters/{cloud.cluster}/backups/create", {"backupType": "CLUSTER"}
        )
    )
    job_id = made["data"]["jobId"]  # type: ignore[index]
    wrong = user.create(
        "ImportJob", "wrong", {"clusterId": cloud.cluster, "collection": "films", "adopt": {"jobId": job_id}}
    )
    assert "is of type BACKUP, not IMPORT" in wrong.until_told("AdoptTypeMismatch")
    nobody = user.backup(cloud, "nobody", adopt={"jobId": "job-nobody"})
    assert "job-nobody" in nobody.until_told("AdoptNotFound")
    mine = user.backup(cloud, "mine", adopt={"jobId": job_id})
    assert mine.until_ended()["jobId"] == job_id
    also = user.backup(cloud, "also", adopt={"jobId": job_id})
    assert "another object follows job" in also.until_reason("AlreadyHeld")["message"]
    assert not cloud.requests()


STORAGE = {"urls": [FILMS]}
REFUSALS = [
    pytest.param("BackupJob", {}, "spec.clusterId: Required value", id="no cluster"),
    pytest.param("BackupJob", {"clusterId": "c", "collections": []}, "spec.collections", id="no collections"),
    pytest.param(
        "BackupJob",
        {"clusterId": "c", "crossRegionCopies": [{"regionId": "a"}, {"regionId": "b"}, {"regionId": "a"}]},
        "name each region of crossRegionCopies once",
        id="a region twice",
    ),
    pytest.param(
        "ImportJob",
        {"clusterId": "c", "collection": "films"},
        "name exactly one source: objectStorage or volume",
        id="no source",
    ),
    pytest.param(
        "ImportJob",
        {"clusterId": "c", "collection": "films", "objectStorage": STORAGE, "volume": {"name": "v", "paths": ["p"]}},
        "name exactly one source: objectStorage or volume",
        id="two sources",
    ),
    pytest.param(
        "ImportJob",
        {"collection": "films", "objectStorage": STORAGE},
        "name one target: clusterId, or projectId together with regionId",
        id="no target",
    ),
    pytest.param(
        "ImportJob",
        {"clusterId": "c", "projectId": "p", "regionId": "r", "collection": "films", "objectStorage": STORAGE},
        "name one target: clusterId, or projectId together with regionId",
        id="two targets",
    ),
    pytest.param(
        "ImportJob",
        {"projectId": "p", "collection": "films", "objectStorage": STORAGE},
        "name one target: clusterId, or projectId together with regionId",
        id="half a target",
    ),
    pytest.param(
        "BackupJob",
        {"clusterId": "c", "deletionPolicy": "Maybe"},
        'supported values: "Retain", "Cancel"',
        id="a word",
    ),
    pytest.param(
        "BackupJob", {"clusterId": "c", "colections": ["x"]}, 'unknown field "spec.colections"', id="a typo"
    ),
]


@pytest.mark.parametrize(("kind", "spec", "sentence"), REFUSALS)
def test_a_wrong_manifest_is_refused_in_a_sentence(user: User, kind: str, spec: Body, sentence: str) -> None:
    """Else a mistake would be found only in the status of an object that was taken."""
    assert sentence in user.post(manifest(kind, "wrong", spec)).message
