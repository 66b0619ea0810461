"""What can be wrong around a job: each is said in a sentence, and heals without touching the job where it can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from tests.support.cloud import BROKEN, CANARY, Cloud, movies
from tests.support.user import LABEL, User, condition, connection, secret

pytestmark = pytest.mark.controlplane

KEY = "zilliz-api-key"


@dataclass(frozen=True)
class Flaw:
    """A Secret that cannot be used, what the connection says, and what a person does about it."""

    reason: str
    sentence: str
    secret: Callable[[Cloud], dict[str, object] | None]


FLAWS = [
    pytest.param(Flaw("SecretNotFound", "there is no Secret zilliz-api-key", lambda _: None), id="no Secret"),
    pytest.param(
        Flaw("SecretNotLabelled", "give it the label", lambda cloud: secret(KEY, {}, apiKey=cloud.key)), id="no label"
    ),
    pytest.param(
        Flaw("SecretKeyMissing", "has no key apiKey", lambda cloud: secret(KEY, key=cloud.key)), id="no such key"
    ),
    pytest.param(Flaw("KeyRejected", "key", lambda _: secret(KEY, apiKey=f"{CANARY}-wrong")), id="a wrong API key"),
]


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_connection_without_a_usable_key(user: User, cloud: Cloud, flaw: Flaw) -> None:
    """Else a typo in a Secret would look like a job that never starts; or every job would have to be made anew."""
    bad = flaw.secret(cloud)
    user.apply(*([bad] if bad else []), connection(cloud.url))
    job = user.backup(cloud)
    told = job.until_told("ConnectionNotReady")
    ready = user.connection_condition()
    assert (ready["status"], ready["reason"]) == ("False", flaw.reason)
    assert flaw.sentence in ready["message"]
    assert flaw.sentence in told
    assert condition(job.body(), "Ready")["reason"] == "ConnectionNotReady"
    assert not cloud.requests()
    user.apply(secret(KEY, LABEL, apiKey=cloud.key))
    job.until_ended()
    assert user.connection_condition()["reason"] == "KeyAccepted"
    assert len(cloud.effects()) == 1


def test_a_connection_that_comes_later(user: User, cloud: Cloud) -> None:
    """Else manifests would have to be applied in the right order."""
    job = user.backup(cloud)
    assert "there is no ZillizConnection default" in job.until_told("ConnectionNotFound")
    user.connect(cloud)
    job.until_ended()


def test_a_cluster_that_comes_later(user: User, cloud: Cloud) -> None:
    """Else a job applied together with its cluster would have failed before the cluster was there."""
    user.connect(cloud)
    new = f"{cloud.cluster}-new"
    job = user.create("BackupJob", "early", {"clusterId": new})
    assert new in job.until_told("ClusterNotFound")
    assert not cloud.requests()
    cloud.ask(lambda sim: sim.world.put_cluster(new, movies()))
    job.until_ended()


def test_storage_credentials_that_come_later(user: User, cloud: Cloud) -> None:
    """Else an import could be sent without the credentials that it names, and fail in the cloud."""
    user.connect(cloud)
    user.delete("secrets", "bucket")
    job = user.importing(cloud)
    assert "there is no Secret bucket" in job.until_told("SecretNotFound")
    user.apply(secret("bucket", {}, accessKey="AK", secretKey="SK"))
    assert "jobs.zilliz.com/credentials" in job.until_told("SecretNotLabelled")
    user.delete("secrets", "bucket")
    user.apply(secret("bucket", accessKey="AK"))
    assert "has no key secretKey" in job.until_told("SecretKeyMissing")
    assert not cloud.requests()
    user.apply(secret("bucket", accessKey="AK", secretKey="SK"))
    job.until_ended()


def test_a_key_that_is_revoked_and_replaced(user: User, cloud: Cloud) -> None:
    """Else the rotation of a key would lose the jobs that run, or need a restart of the operator."""
    user.connect(cloud)
    cloud.next_job("BACKUP", run_seconds=60)
    job = user.backup(cloud)
    job.until_submitted()
    fresh = f"{CANARY}-rotated-{cloud.key}"
    cloud.ask(lambda sim: sim.world.keys.add(fresh))
    cloud.ask(lambda sim: sim.world.keys.revoke(cloud.key))
    user.until("the connection sees it", lambda: user.connection_condition()["reason"] == "KeyRejected")
    user.apply(secret(KEY, apiKey=fresh))
    job.until_ended()
    assert len(cloud.effects()) == 1


def test_a_bad_file(user: User, cloud: Cloud) -> None:
    """Else a user would not learn which of his files is bad, nor why."""
    user.connect(cloud)
    job = user.importing(cloud, url=BROKEN)
    status = job.until_ended("Failed")
    assert "broken/films.parquet" in status["message"]
    assert "the collection expects 768" in job.until_told("JobFailed")
    assert "dimension" in status["result"]["files"][0]["reason"]


def test_a_collection_that_does_not_exist(user: User, cloud: Cloud) -> None:
    """Else the cloud's own words, which name the mistake, would be lost."""
    user.connect(cloud)
    job = user.importing(cloud, collection="nothing")
    assert job.until_ended("Failed")["reason"] == "Rejected"
    assert "nothing" in job.until_told("Rejected")
    assert not cloud.effects()


def test_the_cloud_is_down_for_a_while(user: User, cloud: Cloud) -> None:
    """Else an outage would fail the jobs that run, and lose or repeat those that are about to start."""
    user.connect(cloud)
    cloud.next_job("BACKUP", run_seconds=60)
    running = user.backup(cloud)
    running.until("runs", lambda s: s.get("state") == "InProgress")
    cloud.ask(lambda sim: sim.go_down())
    waiting = user.importing(cloud)
    for job in (running, waiting):
        assert job.until_reason("CloudUnreachable")["message"]
        job.until_told("CloudUnreachable")
    assert condition(running.body(), "Finished")["status"] == "False"
    cloud.ask(lambda sim: sim.go_down(False))
    for job in (running, waiting):
        job.until_ended()
    assert len(cloud.effects()) == 2


def test_a_throttled_submission_is_sent_when_the_cloud_allows_it(user: User, cloud: Cloud) -> None:
    """Else a burst of jobs would fail for no better reason than that there were many."""
    user.connect(cloud)
    for route in ("backup.create", "import.create"):
        cloud.fault(route, "rate_limit", times=1, retry_after=8)
    jobs = user.backup(cloud), user.importing(cloud)
    for job in jobs:
        assert job.until_reason("RateLimited")["message"]
    for job in jobs:
        assert len(job.until_ended()["attempts"]) == 1
    assert len(cloud.effects()) == 2


def test_a_word_that_nobody_knows_is_no_end(user: User, cloud: Cloud) -> None:
    """Else a new word of the cloud would be taken for a failure, or for success."""
    user.connect(cloud)
    cloud.next_job("BACKUP", run_seconds=30)
    rule = cloud.fault("job.get", "unknown_status", times=None, word="PAUSED")
    job = user.backup(cloud)
    status = job.until_reason("UnknownCloudStatus")
    assert (status["cloudStatus"], status.get("completionTime")) == ("PAUSED", None)
    cloud.lift(rule)
    job.until_ended()


def test_a_job_that_the_cloud_forgets_is_neither_success_nor_failure(user: User, cloud: Cloud) -> None:
    """Else the status would claim something that nobody knows."""
    user.connect(cloud)
    cloud.slow()
    job = user.importing(cloud)
    job_id = job.until("runs", lambda s: s.get("state") == "InProgress")["jobId"]
    cloud.ask(lambda sim: sim.forget(job_id))
    job.until_told("JobNotSeen")
    status = job.until_ended("Unknown")
    assert status["reason"] == "OutcomeUnknown"
    assert condition(job.body(), "Succeeded")["status"] == "Unknown"
    assert len(cloud.effects()) == 1


def test_no_secret_is_shown_anywhere(user: User, cloud: Cloud) -> None:
    """Else whoever may read logs or events could use the account, or the bucket."""
    user.connect(cloud)
    cloud.fault("backup.create", "status", status=400, body={"code": 400, "message": f"bad key {cloud.key}"})
    user.backup(cloud).until_ended("Failed")
    user.importing(cloud).until_ended()
    kinds = "backupjobs,importjobs,zillizconnections,events"
    shown = user.kubectl("get", kinds, "-o", "json", "--show-managed-fields")
    assert CANARY not in shown
    assert CANARY not in user.operator.said()
    assert not [sample for sample in user.operator.metrics() if CANARY in sample]
    assert CANARY not in user.kubectl("describe", "zilliz,zillizconnections")
