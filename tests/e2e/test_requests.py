"""What a user may ask of a job that is there: cancel, retry, delete; and what becomes of a finished one."""

from __future__ import annotations

import pytest
from tests.support.cloud import BROKEN, Cloud
from tests.support.user import User

pytestmark = pytest.mark.controlplane


def mend(cloud: Cloud) -> None:
    """The broken file becomes a good one."""
    cloud.ask(lambda sim: sim.put_object(BROKEN, rows=10, size_bytes=1000))


def test_a_running_backup_is_cancelled_through_the_console(user: User, cloud: Cloud) -> None:
    """Else a backup that was started by mistake could not be stopped from the cluster."""
    user.connect(cloud, console=True)
    cloud.slow()
    job = user.backup(cloud)
    job.until("runs", lambda s: s.get("state") == "InProgress")
    job.ask("cancel-requested", "first")
    status = job.until_ended("Canceled")
    assert (status["cancel"]["token"], status["cancel"]["outcome"]) == ("first", "Completed")
    assert cloud.job_status(status["jobId"]) == "CANCELED"
    job.until_told("CancelCompleted")
    job.ask("cancel-requested", "second")
    again = job.until_request("cancel", "Refused", "second")
    assert again["cancel"]["reason"] == "AlreadyFinished"
    assert again["state"] == "Canceled"
    assert len(cloud.effects("cancel")) == 1


def test_without_the_console_a_cancel_is_refused_and_says_what_to_do(user: User, cloud: Cloud) -> None:
    """Else a user would wait for a cancel that can never come."""
    user.connect(cloud)
    cloud.slow()
    job = user.backup(cloud)
    job.until_submitted()
    job.ask("cancel-requested", "1")
    request = job.until_request("cancel", "Refused", "1")["cancel"]
    assert request["reason"] == "NoPublicAPI"
    assert "cancel the job in the web console" in request["message"]
    assert "consoleApi.enabled" in job.until_told("CancelRefused")
    assert job.status()["state"] in ("Pending", "InProgress")
    # ... and so it is done: the object follows what happens in the console.
    job_id = job.status()["jobId"]
    cloud.ask(lambda sim: sim.act_as("console", "POST", f"/console/v1/jobs/{job_id}/cancel"))
    assert job.until_ended("Canceled")["cancel"]["outcome"] == "Refused"


def test_a_running_import_cannot_be_cancelled(user: User, cloud: Cloud) -> None:
    """Else a user would believe that the data no longer flows."""
    user.connect(cloud, console=True)
    cloud.slow()
    job = user.importing(cloud)
    job.until_submitted()
    job.ask("cancel-requested", "1")
    request = job.until_request("cancel", "Refused", "1")["cancel"]
    assert request["reason"] == "KindHasNoCancel"
    assert not cloud.requests("cancel")


@pytest.mark.parametrize("kind", ["BackupJob", "ImportJob"])
def test_what_was_not_submitted_is_cancelled_without_the_cloud(user: User, cloud: Cloud, kind: str) -> None:
    """Else a suspended job could only be deleted, and its place in a pipeline would never end."""
    user.connect(cloud)
    job = user.backup(cloud, suspend=True) if kind == "BackupJob" else user.importing(cloud, suspend=True)
    job.until_reason("Suspended")
    job.ask("cancel-requested", "1")
    status = job.until_ended("Canceled")
    assert status["cancel"]["outcome"] == "Completed"
    assert "submission" not in status
    job.edit(suspend=False)
    user.kubectl("wait", "--for=condition=Finished", job.arg, "--timeout=10s")
    assert not cloud.requests()


def test_a_failed_import_is_retried_when_its_file_is_mended(user: User, cloud: Cloud) -> None:
    """Else a new object would be needed for each try, and the history would be lost."""
    user.connect(cloud)
    job = user.importing(cloud, url=BROKEN)
    job.until_ended("Failed")
    mend(cloud)
    job.ask("retry-requested", "again")
    job.until_request("retry", "Completed", "again")
    status = job.until_ended()
    assert [attempt["state"] for attempt in status["attempts"]] == ["Failed", "Successful"]
    assert [attempt["jobId"] for attempt in status["attempts"]] == [entry.job_id for entry in cloud.effects()]
    assert "dimension" in status["attempts"][0]["message"]
    job.ask("retry-requested", "once more")
    assert job.until_request("retry", "Refused", "once more")["retry"]["reason"] == "NotFailed"
    assert len(cloud.effects()) == 2


def test_with_the_console_an_import_is_retried_in_place(user: User, cloud: Cloud) -> None:
    """Else the console would show two imports where a user asked for a retry of one."""
    user.connect(cloud, console=True)
    job = user.importing(cloud, url=BROKEN)
    failed = job.until_ended("Failed")
    mend(cloud)
    job.ask("retry-requested", "1")
    job.until_request("retry", "Completed", "1")
    status = job.until_ended()
    assert [attempt["jobId"] for attempt in status["attempts"]] == [failed["jobId"]] * 2
    assert (len(cloud.effects("submit")), len(cloud.effects("retry"))) == (1, 1)


def test_a_backup_is_retried_only_where_that_was_allowed(user: User, cloud: Cloud) -> None:
    """Else a retry would make, and charge, a second backup that nobody agreed to."""
    user.connect(cloud)
    cloud.next_job("BACKUP", failure="disk full")
    job = user.backup(cloud)
    assert "disk full" in job.until_ended("Failed")["message"]
    job.ask("retry-requested", "1")
    refused = job.until_request("retry", "Refused", "1")["retry"]
    assert refused["reason"] == "ResubmitNotAllowed"
    assert "spec.retryPolicy.resubmit" in refused["message"]
    assert len(cloud.effects()) == 1
    job.edit(retryPolicy={"resubmit": True})
    job.ask("retry-requested", "2")
    job.until_request("retry", "Completed", "2")
    status = job.until_ended()
    assert [attempt["state"] for attempt in status["attempts"]] == ["Failed", "Successful"]
    assert len(cloud.effects()) == 2


def test_a_policy_retries_by_itself(user: User, cloud: Cloud) -> None:
    """Else a nightly import would wait for a person to repeat what a second try would have done."""
    user.connect(cloud)
    policy = {"limit": 1, "backoffSeconds": 1}
    cloud.next_job("BACKUP", failure="disk full")
    backup = user.backup(cloud, retryPolicy={**policy, "resubmit": True})
    hopeless = user.importing(cloud, url=BROKEN, retryPolicy=policy)
    status = backup.until_ended()
    assert [attempt["state"] for attempt in status["attempts"]] == ["Failed", "Successful"]
    assert "disk full" in backup.until_told("RetryScheduled")
    status = hopeless.until_ended("Failed")
    assert [attempt["state"] for attempt in status["attempts"]] == ["Failed", "Failed"]
    assert len({attempt["jobId"] for attempt in status["attempts"]}) == 2
    assert len(cloud.effects()) == 4


def test_deleting_cancels_where_the_policy_says_so(user: User, cloud: Cloud) -> None:
    """Else the cloud would go on working, and charging, for an object that is gone."""
    user.connect(cloud, console=True)
    cloud.slow()
    job = user.backup(cloud, deletionPolicy="Cancel")
    job_id = job.until_submitted()["jobId"]
    assert job.body()["metadata"]["finalizers"] == ["jobs.zilliz.com/cleanup"]
    job.delete()
    job.until_gone()
    assert [entry.job_id for entry in cloud.effects("cancel")] == [job_id]
    assert job_id in job.until_told("DeletedWhileRunning")


def test_deleting_leaves_the_job_alone_by_default(user: User, cloud: Cloud) -> None:
    """Else `kubectl delete` would destroy work in the cloud that nobody wanted destroyed."""
    user.connect(cloud, console=True)
    cloud.slow()
    job = user.backup(cloud)
    job_id = job.until_submitted()["jobId"]
    assert "finalizers" not in job.body()["metadata"]
    job.delete()
    job.until_gone()
    assert job_id in job.until_told("DeletedWhileRunning")
    assert not cloud.requests("cancel")
    assert cloud.job_status(job_id) in ("PENDING", "IN_PROGRESS")


def test_finished_objects_go_after_their_time_but_never_those_of_a_gitops_tool(user: User, cloud: Cloud) -> None:
    """Else objects would pile up; or Git would make a deleted one again, and the job would run a second time."""
    user.connect(cloud)
    cloud.ask(lambda sim: sim.clock.set_speed(1))  # the end is told by the cloud's clock, which must not run ahead
    cloud.next_job("IMPORT", pending_seconds=0, run_seconds=0, times=3)
    mark = {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}
    kept = user.importing(cloud, "kept", collection="actors", ttlSecondsAfterFinished=1, meta=mark)
    gone = user.importing(cloud, "gone", ttlSecondsAfterFinished=1)
    stays = user.importing(cloud, "stays", collection="reviews")
    gone.until_gone()
    kept.until_told("KeptForGitOps")
    for job in (kept, stays):
        assert job.until_ended()
    assert len(cloud.effects()) == 3
