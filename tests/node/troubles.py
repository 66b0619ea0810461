"""What makes each alert fire that tells of jobs, schedules, connections and the cloud, and what ends it where the
commands of its runbook do not.

Each is a block: the cause comes before it, the cure after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta

from tests.node.alertstage import Stage
from tests.node.operatortroubles import no_leader, take_from_status
from tests.support.cloud import BROKEN, FILMS
from tests.support.user import Body, Job, manifest, secret

from zilliz_jobs.jobs.inventory import MAX_TARGETS

NEVER, EACH_MINUTE = "0 3 1 1 *", "* * * * *"


@contextmanager
def job_failed(stage: Stage) -> Iterator[None]:
    job = stage.user.importing(stage.cloud, url=BROKEN)
    job.until_ended("Failed")
    _is_about(stage, job, state="Failed")
    yield  # ends by itself, when it is long enough ago


@contextmanager
def job_stuck(stage: Stage) -> Iterator[None]:
    stage.user.connect(stage.cloud, settle=0, console=True)
    stage.cloud.next_job("BACKUP", run_seconds=10_000_000)
    job = stage.user.backup(stage.cloud)
    job.until("runs", lambda status: status.get("state") == "InProgress")
    _is_about(stage, job)
    yield  # the runbook has the cure: it is cancelled


@contextmanager
def job_waiting(stage: Stage) -> Iterator[None]:
    job = stage.user.create("RestoreJob", "waits", {
        "backup": {"backupJobRef": {"name": "nobody"}},
        "newCluster": {"projectId": "proj-demo0000000000000001", "name": "copy", "cuSize": 1},
    })  # fmt: skip
    _is_about(stage, job)
    yield
    job.delete()


@contextmanager
def submission_unknown(stage: Stage) -> Iterator[None]:
    stage.cloud.next_job("BACKUP", pending_seconds=0, run_seconds=0, times=2)
    stage.cloud.ask(lambda sim: sim.rival_on("backup.create"))
    stage.cloud.fault("backup.create", "drop_after")
    job = stage.user.backup(stage.cloud)
    status = job.until_reason("SubmissionUnknown")
    (ours,) = stage.cloud.effects()
    _is_about(stage, job)
    stage.names |= {"token": status["submission"]["token"], "jobId": ours.job_id}
    yield  # the runbook has the cure
    job.until_ended()


def _is_about(stage: Stage, job: Job, **labels: str) -> None:
    stage.names |= {"kind": job.kind.lower(), "name": job.name}
    stage.labels = {"kind": job.kind, **labels}


@contextmanager
def backup_not_deleted(stage: Stage) -> Iterator[None]:
    """They ended hours ago, as their status says: the shortest time that a spec may give a backup is an hour."""
    rule = stage.cloud.fault("backup.delete", "status", times=None, status=403)
    jobs = [stage.user.backup(stage.cloud, f"kept-{number}") for number in range(6)]
    for job in jobs:
        status, then = job.until_ended(), _ago(hours=2)
        attempts = [one | {"completionTime": then} for one in status["attempts"]]
        conditions = [one | {"lastTransitionTime": then} for one in status["conditions"]]
        change = {"completionTime": then, "attempts": attempts, "conditions": conditions}
        stage.user.merge(f"{job.path}/status", {"status": change}).ok()
    for job in jobs:
        job.edit(backupTTLSeconds=3600)
    yield
    stage.cloud.lift(rule)


def _ago(**span: float) -> str:
    return f"{datetime.now(UTC) - timedelta(**span):%Y-%m-%dT%H:%M:%SZ}"


@contextmanager
def backup_too_old(stage: Stage) -> Iterator[None]:
    """Made while no operator is at work: one that saw it end would not forget that for an older time."""
    _make_old(stage, "old", stage.cloud.cluster)
    stage.labels = {"object_namespace": stage.user.namespace, "target": stage.cloud.cluster}
    yield
    stage.user.backup(stage.cloud, "again").until_ended()


@contextmanager
def targets_hidden(stage: Stage) -> Iterator[None]:
    """More targets than have a series of their own; made while no operator is at work, which is quicker."""
    with no_leader(stage):
        for number in range(MAX_TARGETS + 1):
            _make_old(stage, f"old-{number}", f"in01-{number:014}")
    yield
    stage.user.clear()


def _make_old(stage: Stage, name: str, cluster: str) -> None:
    """A backup that ended well days ago."""
    job = stage.user.create("BackupJob", name, {"clusterId": cluster})
    status: Body = {"state": "Successful", "target": cluster, "completionTime": _ago(days=2)}
    stage.user.merge(f"{job.path}/status", {"status": status}).ok()


# -- schedules


def _scheduled(stage: Stage, *times: str, now: bool = True, job: Body | None = None, **spec: object) -> None:
    template = job or {"backupJob": {"clusterId": stage.cloud.cluster}}
    schedule = manifest(
        "JobSchedule", "nightly", {"schedules": [*times], "jobs": [{"name": "job", **template}], **spec}
    )
    if now:
        schedule["metadata"]["annotations"] = {"jobs.zilliz.com/run-requested": "first"}
    stage.user.apply(schedule)
    stage.names |= {"name": "nightly"}
    stage.labels = {"object_namespace": stage.user.namespace, "schedule": "nightly"}


@contextmanager
def schedule_failed(stage: Stage) -> Iterator[None]:
    stage.cloud.next_job("BACKUP", failure="disk full")
    _scheduled(stage, NEVER)
    yield  # the runbook has the cure: it runs once more


@contextmanager
def schedule_missed(stage: Stage) -> Iterator[None]:
    stage.cloud.next_job("IMPORT", run_seconds=10_000_000)
    storage = {"urls": [FILMS], "credentialsSecretRef": {"name": "bucket"}}
    known = {"clusterId": stage.cloud.cluster, "collection": "films", "objectStorage": storage}
    _scheduled(stage, EACH_MINUTE, job={"importJob": known}, concurrencyPolicy="Forbid")
    stage.labels = {}  # the alert names no schedule
    yield
    stage.user.merge(stage.user.path("jobschedules", "nightly"), {"spec": {"suspend": True}}).ok()


@contextmanager
def schedule_late(stage: Stage) -> Iterator[None]:
    _scheduled(stage, EACH_MINUTE, now=False)
    stage.user.until("it is understood", lambda: stage.user.read(
        stage.user.path("jobschedules", "nightly")).get("status", {}).get("nextScheduleTime"))  # fmt: skip
    take_from_status(stage.chart, "jobschedules", "waitingTime")
    yield  # the cure is that of an outdated definition


# -- the cloud


@contextmanager
def connection_not_ready(stage: Stage) -> Iterator[None]:
    """The key is read again while it is used: by a job that runs."""
    stage.cloud.next_job("IMPORT", run_seconds=100_000)
    stage.user.importing(stage.cloud).until_submitted()
    stage.user.apply(secret("zilliz-api-key", apiKey="no-such-key"))
    stage.names |= {"name": "default"}
    stage.labels = {"object_namespace": stage.user.namespace, "connection": "default"}
    yield
    stage.user.apply(secret("zilliz-api-key", apiKey=stage.cloud.key))


@contextmanager
def _every_answer(stage: Stage, action: str, **more: object) -> Iterator[None]:
    stage.cloud.next_job("IMPORT", run_seconds=100_000)
    stage.user.importing(stage.cloud).until_submitted()
    rule = stage.cloud.fault("*", action, times=None, **more)
    yield
    stage.cloud.lift(rule)


def cloud_errors(stage: Stage) -> AbstractContextManager[None]:
    return _every_answer(stage, "status", status=503)


def cloud_unreadable(stage: Stage) -> AbstractContextManager[None]:
    return _every_answer(stage, "garbage_after")


def cloud_rate_limited(stage: Stage) -> AbstractContextManager[None]:
    return _every_answer(stage, "rate_limit", retry_after=1)


@contextmanager
def budget_short(stage: Stage) -> Iterator[None]:
    stage.user.connect(stage.cloud, settle=0, requestsPerSecond=1)
    stage.many(200, pause=0.15)  # what is refused comes again much later, so that others must follow
    yield
    stage.user.connect(stage.cloud, settle=0, requestsPerSecond=20)
