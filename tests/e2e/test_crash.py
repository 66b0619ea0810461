"""Submitted once, found again: the operator is killed, or the answer of the cloud is lost, at the worst moments.

Each test does it to a backup and an import at the same time. The ledger of the cloud is the judge: `cloud` itself
fails a test in which any submission had two effects.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.charted import Release
from tests.support.cloud import COLLECTIONS, Cloud
from tests.support.controlplane import ControlPlane
from tests.support.operators import OperatorProcess
from tests.support.user import Job, User, condition

pytestmark = pytest.mark.controlplane

SETTLE = 3  # after which, and the ten seconds of a paused sender, a submission counts as not taken
LATE = 40.0
ROUTES = ("backup.create", "import.create")


@pytest.fixture
def operator(
    cluster: ControlPlane, release: Release, cluster_namespace: str, log_file: Path
) -> Iterator[OperatorProcess]:
    """An operator for this test alone, in its namespace only: it is going to be killed."""
    alone = {
        "leader_elect": False,
        "log_format": "text",
    }  # else each start would wait for the Lease of the one killed
    operator = OperatorProcess(cluster, log_file, namespaces=(cluster_namespace,), release=release, **alone)
    operator.start()
    yield operator
    operator.close()
    operator.require_clean_log()


def both(user: User, cloud: Cloud) -> tuple[Job, Job]:
    return user.backup(cloud), user.importing(cloud)


def spoil(cloud: Cloud, action: str, **more: object) -> None:
    """The next submission of each kind goes wrong in this way."""
    for route in ROUTES:
        cloud.fault(route, action, **more)


def until_in_the_cloud(user: User, cloud: Cloud) -> None:
    user.until("both submissions took effect in the cloud", lambda: len(cloud.effects()) == 2)


def require_once(cloud: Cloud, *jobs: Job) -> None:
    """Each of the jobs succeeded, had one effect in the cloud, and follows the job of that effect."""
    by_token = {entry.token: entry for entry in cloud.effects()}
    assert len(by_token) == len(cloud.effects()) == len(jobs), cloud.effects()
    for job in jobs:
        status = job.until_ended(seconds=LATE)
        entry = by_token[status["submission"]["token"]]
        assert status["jobId"] == entry.job_id
        if job.kind == "BackupJob":
            assert status["result"]["backupId"] == entry.target["backupId"]
        assert len(status["attempts"]) == 1


def test_killed_between_the_request_and_its_record(user: User, cloud: Cloud, operator: OperatorProcess) -> None:
    """Else a node that fails at the wrong moment would cost a second backup, or an import's rows twice."""
    user.connect(cloud, settle=SETTLE, console=True)
    spoil(cloud, "latency_after", seconds=60)
    jobs = both(user, cloud)
    until_in_the_cloud(user, cloud)
    assert [job.status()["submission"]["evidence"] for job in jobs] == ["Sending", "Sending"]
    operator.kill()
    operator.start()
    for job in jobs:
        job.until_told("Found")
    require_once(cloud, *jobs)


def test_killed_between_the_intent_and_the_request(user: User, cloud: Cloud, operator: OperatorProcess) -> None:
    """Else the job would be lost: written down as on its way, and never sent."""
    user.connect(cloud, settle=SETTLE)
    spoil(cloud, "latency", seconds=60)
    spoil(cloud, "drop_before")
    jobs = both(user, cloud)
    user.until("both requests are on their way", lambda: len(cloud.requests()) == 2)
    intents = [job.status()["submission"] for job in jobs]
    operator.kill()
    assert not cloud.effects()
    operator.start()
    for job in jobs:
        job.until_reason("LookingForSubmission")
    user.until("both were sent again", lambda: len(cloud.effects()) == 2, LATE)
    require_once(cloud, *jobs)
    for job, intent in zip(jobs, intents, strict=True):
        submission = job.status()["submission"]
        assert (submission["token"], submission["sends"]) == (intent["token"], 2)
        assert submission["holder"] != intent["holder"]


LOST = [("drop_after", False), ("drop_after", True), ("status_after", False), ("garbage_after", False)]


@pytest.mark.parametrize(("lost", "console"), LOST, ids=["nothing came", "console API", "a 502 came", "HTML came"])
def test_the_answer_is_lost(user: User, cloud: Cloud, lost: str, console: bool) -> None:
    """Else one dropped connection, or one error page of a proxy, would start the same work again."""
    user.connect(cloud, settle=SETTLE, console=console)
    spoil(cloud, lost)
    jobs = both(user, cloud)
    for job in jobs:
        status = job.until_ended()
        assert status["submission"]["evidence"] == "Inferred"
        job.until_told("Found")
    backup, films = (job.status() for job in jobs)
    entries = {entry.route: entry for entry in cloud.effects()}
    assert len(cloud.effects()) == 2
    assert films["jobId"] == entries["import.create"].job_id
    assert backup["result"]["backupId"] == entries["backup.create"].target["backupId"]
    assert backup.get("jobId") == (entries["backup.create"].job_id if console else None)


def test_the_effect_comes_late(user: User, cloud: Cloud) -> None:
    """Else a slow cloud would be taken for one that never got the request."""
    user.connect(cloud, settle=SETTLE, console=True)
    spoil(cloud, "delay_effect", seconds=5, real=True)
    jobs = both(user, cloud)
    for job in jobs:
        job.until_reason("LookingForSubmission")
    assert not cloud.effects()
    user.until("both effects came", lambda: len(cloud.effects()) == 2)
    require_once(cloud, *jobs)


def test_a_running_job_is_followed_on_after_a_restart(user: User, cloud: Cloud, operator: OperatorProcess) -> None:
    """Else every update of the operator would lose, or repeat, the jobs that run."""
    user.connect(cloud, settle=SETTLE)
    for job_type in ("BACKUP", "IMPORT"):
        cloud.next_job(job_type, run_seconds=60)  # six seconds of ours
    jobs = both(user, cloud)
    for job in jobs:
        job.until("runs", lambda s: s.get("state") == "InProgress")
    operator.kill()
    operator.start()
    require_once(cloud, *jobs)


def test_told_to_stop_while_a_request_is_on_its_way(user: User, cloud: Cloud, operator: OperatorProcess) -> None:
    """Else every rolling update could leave a submission to be looked for."""
    user.connect(cloud, settle=SETTLE)
    spoil(cloud, "latency_after", seconds=2)
    jobs = both(user, cloud)
    until_in_the_cloud(user, cloud)
    assert operator.stop() == 0, operator.log_tail()
    for job in jobs:
        assert job.status()["submission"]["evidence"] == "Answered"
    operator.start()
    require_once(cloud, *jobs)


def test_a_rival_at_the_same_moment_leaves_the_decision_to_a_person(user: User, cloud: Cloud) -> None:
    """Else the operator would guess: follow a stranger's import, or do the work a second time."""
    user.connect(cloud, settle=0)
    jobs = []
    for collection in COLLECTIONS:  # one submission of a collection at a time
        jobs.append(user.importing(cloud, collection, collection=collection, suspend=True))
    cloud.ask(lambda sim: sim.rival_on("import.create", times=3))
    cloud.fault("import.create", "drop_after", times=3)
    for job in jobs:
        job.edit(suspend=False)
    adopted, again, given_up = jobs
    tokens = {}
    for job in jobs:
        status = job.until_reason("SubmissionUnknown", LATE)
        tokens[job.name] = status["submission"]["token"]
        assert condition(job.body(), "Stalled")["reason"] == "SubmissionUnknown"
        assert condition(job.body(), "Reconciling") == {}
        # which of the two, depends on whether the rival began in the second of the read before the request
        assert any(why in status["message"] for why in ("several imports could be it", "in the same second"))
        assert f"{tokens[job.name]}=resubmit" in job.until_told("SubmissionUnknown")
    assert len(cloud.effects()) == 3

    ours = {entry.target["collection"]: entry.job_id for entry in cloud.effects()}
    decision = f"{tokens[adopted.name]}=adopt:{ours[adopted.name]}"
    adopted.ask("resolve-submission", decision)
    assert adopted.until_ended()["jobId"] == ours[adopted.name]
    adopted.until_request("resolution", "Completed", decision)

    stale = f"{tokens[adopted.name]}=resubmit"
    again.ask("resolve-submission", stale)
    assert again.until_request("resolution", "Refused", stale)["resolution"]["reason"] == "StaleToken"
    decision = f"{tokens[again.name]}=resubmit"
    again.ask("resolve-submission", decision)
    status = again.until_ended()
    assert [attempt["state"] for attempt in status["attempts"]] == ["Unknown", "Successful"]
    assert status["submission"]["token"] != tokens[again.name]
    again.until_request("resolution", "Completed", decision)

    decision = f"{tokens[given_up.name]}=abandon"
    given_up.ask("resolve-submission", decision)
    assert given_up.until_ended("Failed")["reason"] == "SubmissionUnknown"
    given_up.until_request("resolution", "Completed", decision)

    late = f"{tokens[again.name]}=abandon"
    again.ask("resolve-submission", late)
    assert again.until_request("resolution", "Refused", late)["resolution"]["reason"] == "StaleToken"
    assert again.status()["state"] == "Successful"
    assert len(cloud.effects()) == 4, "exactly the one resubmission came to the three"


def test_a_second_backup_at_the_same_moment(user: User, cloud: Cloud) -> None:
    """As above, for the kind that has no file names to tell one from the other."""
    user.connect(cloud, settle=0)
    cloud.next_job("BACKUP", pending_seconds=0, run_seconds=0, times=2)  # else the cloud makes one at a time
    cloud.ask(lambda sim: sim.rival_on("backup.create"))
    cloud.fault("backup.create", "drop_after")
    job = user.backup(cloud)
    status = job.until_reason("SubmissionUnknown", LATE)
    assert "2 new backups could be it" in status["message"]
    (ours,) = cloud.effects()
    decision = f"{status['submission']['token']}=adopt:{ours.job_id}"
    job.ask("resolve-submission", decision)
    assert job.until_ended()["jobId"] == ours.job_id
    assert len(cloud.effects()) == 1
